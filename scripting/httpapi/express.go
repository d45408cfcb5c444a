package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Behind the body of each request net/http waits for the next byte of the client on a
// goroutine of its own. That wakes a thread and lets it sleep again, which costs as much
// as a verb does. So a verb that comes whole, in the usual form, on a connection that has
// had a request before, is answered where its bytes are read, by the same handler. All
// else, and whatever looks odd, is left to net/http, which gets the same bytes.

// maxExpress is the largest request that is answered so.
const maxExpress = 4096

// express is the way of such requests for the connections of one listener.
type express struct {
	server  *Server
	handler http.Handler
}

// follow is http.Server.ConnState: it knows when a connection waits for a request.
func (*express) follow(nc net.Conn, state http.ConnState) {
	if c, ok := nc.(*conn); ok {
		c.rests = state == http.StateIdle
	}
}

// Read reads what is not answered here.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if !c.rests {
			return n, err
		}
		if err == nil && c.express != nil {
			if answered, failed := c.express.answer(c, p[:n]); answered {
				if failed != nil {
					return 0, failed
				}
				continue
			}
		}
		c.rests = false
		return n, err
	}
}

// answer answers a request, if it is one that it knows. The error ends the connection.
func (x *express) answer(c *conn, text []byte) (bool, error) {
	r := c.parse(text)
	if r == nil || !x.server.work.enter() {
		return false, nil
	}
	defer x.server.work.leave()
	if c.answers(true) {
		return true, net.ErrClosed
	}
	w := &expressed{conn: c, header: http.Header{}}
	x.handler.ServeHTTP(w, r)
	err := w.send()
	if err == nil {
		err = c.rest(x.server.opts.Times.Idle)
	}
	if c.answers(false) {
		_ = c.Conn.Close()
		err = net.ErrClosed
	}
	return true, err
}

// rest begins the time that the connection may wait anew: to set a deadline costs more
// than to keep one.
func (c *conn) rest(idle time.Duration) error {
	now := time.Now()
	if c.resting.Sub(now) > idle/2 {
		return nil
	}
	c.resting = now.Add(idle)
	return c.Conn.SetReadDeadline(c.resting)
}

var expressReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxExpress) }}

// parse returns the request of a verb, nil when it is anything else.
func (c *conn) parse(text []byte) *http.Request {
	head, body, whole := bytes.Cut(text, []byte("\r\n\r\n"))
	if !whole || len(text) > maxExpress || !usual(head, len(body)) {
		return nil
	}
	in := expressReaders.Get().(*bufio.Reader) //nolint:forcetypeassert // it is ours
	defer expressReaders.Put(in)
	in.Reset(bytes.NewReader(text))
	r, err := http.ReadRequest(in)
	if err != nil || r.ContentLength != int64(len(body)) {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if c.context == nil {
		c.context, c.remote = context.WithValue(context.Background(), connKey{}, net.Conn(c)), c.RemoteAddr().String()
	}
	r.RemoteAddr = c.remote
	return r.WithContext(c.context)
}

// usual tells whether a request is a verb, and has no header field but those that every
// client sends, none of them twice.
func usual(head []byte, body int) bool {
	line, fields, _ := strings.Cut(string(head), "\r\n")
	path, ok := strings.CutPrefix(line, "POST /v1/")
	path, http11 := strings.CutSuffix(path, " HTTP/1.1")
	ok = ok && http11 && (strings.HasPrefix(path, "calls/") || strings.HasPrefix(path, "verbs/"))
	if !ok || strings.ContainsFunc(path, func(r rune) bool { return !inPath(r) }) {
		return false
	}
	seen := map[string]bool{}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, ok := strings.Cut(field, ":")
		name = strings.ToLower(name)
		if !ok || seen[name] || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return false
		}
		seen[name] = true
		value = strings.TrimSpace(value)
		switch name {
		case "host":
			ok = value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !inHost(r) })
		case "content-length":
			ok = value == strconv.Itoa(body)
		case "connection":
			ok = strings.EqualFold(value, "keep-alive")
		case "content-type", "authorization", "user-agent", "accept", "accept-encoding", "accept-language", "origin",
			"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest":
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return seen["host"] && seen["content-length"]
}

func alphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func inPath(r rune) bool { return alphanumeric(r) || r == '/' || r == '-' || r == '_' }

func inHost(r rune) bool { return alphanumeric(r) || strings.ContainsRune(".:-[]", r) }
