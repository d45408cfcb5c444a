package sip

import (
	"bytes"
	"errors"
)

// maxMessage is the size of the largest message, in bytes, on any transport.
const maxMessage = 65535

// errGarbage says that a stream does not carry SIP.
var errGarbage = errors.New("not SIP")

// framer cuts a stream into messages, RFC 3261 section 18.3. Its buffer grows
// with what has arrived, never with what a header promises.
type framer struct {
	buf   []byte
	seen  int // how far buf was searched for the end of the header
	used  int // size of the message that next returned last
	blank int // CRLFs since then that make no pair yet
}

func (f *framer) add(b []byte) {
	f.release()
	f.buf = append(f.buf, b...)
}

// release forgets the message that next returned last.
func (f *framer) release() {
	if f.used > 0 {
		f.drop(f.used)
		f.used = 0
	}
}

// pings takes the CRLFs between messages off and counts the pairs, each of which
// is a keep-alive that wants one CRLF back (RFC 5626 section 3.5.1).
func (f *framer) pings() int {
	f.release()
	n := 0
	for bytes.HasPrefix(f.buf[n:], []byte("\r\n")) {
		n += 2
	}
	if n > 0 {
		f.drop(n)
	}
	f.blank += n / 2
	pairs := f.blank / 2
	f.blank %= 2
	return pairs
}

func (f *framer) drop(n int) {
	f.buf = f.buf[:copy(f.buf, f.buf[n:])]
	f.seen = 0
	if len(f.buf) == 0 && cap(f.buf) > 8192 {
		f.buf = nil
	}
}

// next returns the next whole message, good until the next call of any method,
// or nil when more must come. A *Refusal means that the end of the message can
// never be known: the stream is lost, and what f.buf holds is the message to
// refuse. errGarbage: there is nothing to refuse.
func (f *framer) next() ([]byte, error) {
	f.release()
	if len(f.buf) == 0 || len(f.buf) == 1 && f.buf[0] == '\r' {
		return nil, nil
	}
	f.blank = 0
	if !startsSIP(f.buf) {
		return nil, errGarbage
	}
	end := bytes.Index(f.buf[f.seen:], []byte("\r\n\r\n"))
	if end < 0 {
		f.seen = max(0, len(f.buf)-3)
		if len(f.buf) > maxMessage {
			return nil, Refuse(513, "")
		}
		return nil, nil
	}
	head := f.seen + end + 4
	length, err := contentLength(f.buf[:head])
	if err != nil {
		return nil, err
	}
	if head+length > maxMessage {
		return nil, Refuse(513, "")
	}
	f.seen = head - 4
	if len(f.buf) < head+length {
		return nil, nil
	}
	f.used = head + length
	return f.buf[:f.used], nil
}

// mandatory are the header fields without which there is no request, RFC 3261
// section 8.1.1.
var mandatory = []struct {
	short byte
	long  string
}{{'v', "via"}, {'f', "from"}, {'t', "to"}, {'i', "call-id"}, {0, "cseq"}}

// unended tells whether the header lacks nothing but its empty line: it stops at
// the end of a line and holds all mandatory fields.
func (f *framer) unended() bool {
	b := f.buf[f.used:]
	if !bytes.HasSuffix(b, []byte("\n")) || bytes.Contains(b, []byte("\r\n\r\n")) {
		return false
	}
	found := 0
	for field := []byte(nil); len(b) > 0; {
		field, b = cutField(b)
		name, _, _ := bytes.Cut(field, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		for i, h := range mandatory {
			if named(name, h.short, h.long) {
				found |= 1 << i
			}
		}
	}
	return found == 1<<len(mandatory)-1
}

// longestLine bounds the first line of a message on a stream, in bytes.
const longestLine = 16384

// startsSIP tells whether the first line is one of SIP, or may still become one.
func startsSIP(b []byte) bool {
	if b[0] <= ' ' || b[0] >= 0x7f {
		return false
	}
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return len(b) < longestLine
	}
	line := bytes.TrimSuffix(b[:end], []byte("\r"))
	if end >= longestLine {
		return false
	}
	return len(line) > 4 && bytes.EqualFold(line[:4], []byte("SIP/")) || (&draft{}).startLine(string(line))
}

// contentLength finds the one Content-Length of a header block.
func contentLength(head []byte) (int, error) {
	found, length := false, uint64(0)
	for rest := head; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || isSpace(name[0]) || !sameName(longName(string(bytes.TrimRight(name, " \t"))), "Content-Length") {
			continue
		}
		n, ok := number(string(bytes.Trim(value, " \t\r")), 1<<31)
		if found || !ok {
			return 0, Refuse(400, "Malformed or repeated Content-Length")
		}
		found, length = true, n
	}
	if !found {
		return 0, Refuse(400, "No Content-Length on a stream")
	}
	return int(length), nil
}
