package sip

import (
	"strings"
)

// maxHeaders bounds the header fields of one message.
const maxHeaders = 512

// draft is a SIP message cut into its lines, as validation and transactions see
// it. It is made from whatever came: fault says what is wrong with it, and what
// could be read stands in the fields all the same, so that even a broken request
// can be answered. It points into the text that came and is not kept: what lives
// on is its message.
type draft struct {
	method, uri string // of a request; method is empty in a response
	code        int    // of a response
	reason      string
	version     string
	headers     []Header // long names, values on one line, in order
	body        string
	fault       *Refusal
	via         via     // the first Via, filled by check
	from, to    Address // filled by check
	cseq        uint32
}

// parse reads one message of a datagram or of a framed piece of a stream. It
// returns nil for what is no SIP at all.
func parse(text string) *draft {
	m := &draft{}
	line, rest, ok := cutLine(text)
	if !m.startLine(line) {
		return nil
	}
	if !ok {
		m.blame(400, "Line without CRLF")
	}
	m.headers = make([]Header, 0, 16)
	m.readHeaders(rest)
	return m
}

// blame keeps the first fault.
func (m *draft) blame(code int, reason string, h ...Header) {
	if m.fault == nil {
		m.fault = &Refusal{Code: code, Reason: reason, Headers: h}
	}
}

// cutLine takes one line off. ok is false when it does not end in CRLF.
func cutLine(s string) (line, rest string, ok bool) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, "", false
	}
	if i > 0 && s[i-1] == '\r' {
		return s[:i-1], s[i+1:], true
	}
	return s[:i], s[i+1:], false
}

// startLine reads a request line or a status line. It is false when the line is
// neither, not even roughly.
func (m *draft) startLine(line string) bool {
	if len(line) > 4 && strings.EqualFold(line[:4], "SIP/") {
		return m.statusLine(line)
	}
	method, rest, ok := strings.Cut(line, " ")
	if !ok || method == "" || len(method) > 64 {
		return false
	}
	end := strings.TrimRight(rest, " \t")
	i := strings.LastIndexAny(end, " \t")
	if i < 0 || len(end)-i < 5 || !strings.EqualFold(end[i+1:i+5], "SIP/") {
		return false
	}
	m.method, m.uri, m.version = method, strings.Trim(rest[:i], " \t"), end[i+1:]
	switch {
	case !strings.EqualFold(m.version, "SIP/2.0"):
		if major, minor, _ := strings.Cut(m.version[4:], "."); isDigits(major) && isDigits(minor) {
			m.blame(505, "Version Not Supported")
		}
		m.blame(400, "Malformed version")
	case !isToken(method):
		m.blame(400, "Malformed method")
	case end != rest || m.uri != rest[:i] || strings.ContainsAny(m.uri, " \t"):
		m.blame(400, "Malformed request line")
	}
	return true
}

func (m *draft) statusLine(line string) bool {
	version, rest, ok := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	n, digits := number(code, 699)
	if !ok || !digits || len(code) != 3 || n < 100 || !strings.EqualFold(version, "SIP/2.0") {
		return false
	}
	m.version, m.code, m.reason = version, int(n), reason
	return true
}

// readHeaders reads up to the empty line; the body is what follows it.
func (m *draft) readHeaders(rest string) {
	for rest != "" {
		line, next, ok := cutLine(rest)
		if line == "" {
			if !ok {
				m.blame(400, "Line without CRLF")
			}
			m.body = next
			return
		}
		for next != "" && isSpace(next[0]) {
			var more string
			var crlf bool
			more, next, crlf = cutLine(next)
			ok = ok && crlf
			line = strings.TrimRight(line, " \t") + " " + trim(more)
		}
		if !ok {
			m.blame(400, "Line without CRLF")
		}
		m.addHeader(line)
		if len(m.headers) >= maxHeaders {
			m.blame(400, "Too many header fields")
			return
		}
		rest = next
	}
	m.blame(400, "No empty line behind the header")
}

func (m *draft) addHeader(line string) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || !isToken(name) {
		m.blame(400, "Malformed header field")
		return
	}
	if !printable(value) {
		m.blame(400, "Control character in a header field")
		value = oneLine(value)
	}
	m.headers = append(m.headers, Header{longName(name), trim(value)})
}

// printable refuses control characters, except a tab and what a backslash
// escapes.
func printable(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' && c != '\t' || c == 0x7f) && (i == 0 || s[i-1] != '\\') {
			return false
		}
	}
	return true
}

// oneLine replaces all control characters by blanks, so that the text can go
// into a header field or a log line.
func oneLine(s string) string {
	clean := func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}
	return strings.ToValidUTF8(strings.Map(clean, s), "?")
}

// get returns the value of the first header field of that name.
func (m *draft) get(name string) (string, bool) {
	for i := range m.headers {
		if sameName(m.headers[i].Name, name) {
			return m.headers[i].Value, true
		}
	}
	return "", false
}

func (m *draft) value(name string) string {
	v, _ := m.get(name)
	return v
}

// all returns the values of all header fields of that name, in order.
func (m *draft) all(name string) []string {
	var out []string
	for i := range m.headers {
		if sameName(m.headers[i].Name, name) {
			out = append(out, m.headers[i].Value)
		}
	}
	return out
}

func (m *draft) count(name string) int {
	n := 0
	for i := range m.headers {
		if sameName(m.headers[i].Name, name) {
			n++
		}
	}
	return n
}

// is tells whether it is a request of that method.
func (m *draft) is(method string) bool { return m.method == method }

func (m *draft) callID() string { return m.value("Call-ID") }
