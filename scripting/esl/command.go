package esl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of one command.
const (
	maxBlock         = 64 << 10 // of its lines together
	maxBody          = 1 << 20
	maxStrangersBody = 64 << 10 // of who has not said a password
)

// Why a connection is closed that does not keep to the protocol.
var (
	errBlock  = errors.New("a command has more than 64 KiB of lines")
	errLength = errors.New("the Content-Length of a command is no length from 0 to 1 MiB")
)

// command is one command of a client: its first line, the lines behind it, a body.
type command struct {
	line    string
	headers []header
	body    string
	hasBody bool
}

// get returns the value of a line, whose name may be written in any case.
func (c *command) get(name string) string {
	for i := range c.headers {
		if strings.EqualFold(c.headers[i].name, name) {
			return c.headers[i].value
		}
	}
	return ""
}

// word splits the first line behind its first word, which is in lower case then.
func (c *command) word() (name, args string) {
	name, args, _ = strings.Cut(c.line, " ")
	return strings.ToLower(name), strings.Trim(args, " \t")
}

// readCommand reads the next command, with a body of maxBody bytes at most. It keeps no
// more than what really came.
func readCommand(r *bufio.Reader, maxBody int) (*command, error) {
	c := &command{}
	left := maxBlock
	for {
		line, err := readLine(r, &left)
		if err != nil {
			return nil, err
		}
		switch {
		case line == "" && c.line == "":
			left = maxBlock // empty lines before a command are nothing
		case line == "":
			return c, c.readBody(r, maxBody)
		case c.line == "":
			c.line = line
		default:
			if name, value, ok := strings.Cut(line, ":"); ok && name != "" {
				c.headers = append(c.headers, header{name, strings.TrimLeft(value, " ")})
			}
		}
	}
}

// readLine reads a line without its end, LF or CRLF, and takes its length off left.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", errBlock
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, part...)
			continue
		}
		if err != nil {
			return "", err
		}
		if long != nil {
			part = append(long, part...)
		}
		return string(bytes.TrimRight(part, "\r\n")), nil
	}
}

func (c *command) readBody(r *bufio.Reader, maxBody int) error {
	length, given := "", false
	for i := range c.headers {
		if !strings.EqualFold(c.headers[i].name, "Content-Length") {
			continue
		}
		value := strings.TrimSpace(c.headers[i].value)
		if given && value != length {
			return fmt.Errorf("%w: it is there twice", errLength)
		}
		length, given = value, true
	}
	if !given {
		return nil
	}
	n, err := strconv.ParseUint(length, 10, 64)
	if err != nil || n > uint64(maxBody) {
		return errLength
	}
	if n == 0 {
		return nil
	}
	var body bytes.Buffer // it grows with what comes
	if _, err := io.CopyN(&body, r, int64(n)); err != nil {
		return err
	}
	c.body, c.hasBody = body.String(), true
	return nil
}
