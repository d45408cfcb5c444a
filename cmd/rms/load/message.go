package load

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

const (
	maxMessage = 65535
	maxHeaders = 256
	maxRoutes  = 64
)

// message is a SIP request or response as far as a caller needs it. Values are
// verbatim; what cannot be understood is left out rather than refused.
type message struct {
	method     string // of a request, or of CSeq in a response
	uri        string
	code       int // 0: a request
	reason     string
	vias       []string
	from, to   string
	callID     string
	cseq       string
	cseqNumber uint32
	contact    string
	routes     []string // Record-Route, in the order of the message
	body       []byte
}

var errMessage = errors.New("not a SIP message")

// parseMessage reads one whole message. The body is what Content-Length says,
// or everything that is left when the header is missing or says too much.
func parseMessage(b []byte) (message, error) {
	if len(b) > maxMessage {
		return message{}, errMessage
	}
	b = bytes.TrimLeft(b, "\r\n")
	head, body, ok := cutHead(b)
	if !ok {
		return message{}, errMessage
	}
	lines := string(head)
	line, rest := cutLine(lines)
	m := message{body: body}
	if !m.startLine(line) {
		return message{}, errMessage
	}
	for n := 0; rest != "" && n < maxHeaders; n++ {
		line, rest = cutHeader(rest)
		name, value, found := strings.Cut(line, ":")
		if found {
			m.header(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
	}
	if m.callID == "" || m.method == "" {
		return message{}, errMessage
	}
	return m, nil
}

// cutHead splits a message at its empty line; CRLF and bare LF both count.
func cutHead(b []byte) (head, body []byte, ok bool) {
	crlf := bytes.Index(b, []byte("\r\n\r\n"))
	lf := bytes.Index(b, []byte("\n\n"))
	if crlf >= 0 && (lf < 0 || crlf < lf) {
		return b[:crlf], b[crlf+4:], true
	}
	if lf >= 0 {
		return b[:lf], b[lf+2:], true
	}
	return nil, nil, false
}

func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

// cutHeader returns the next header with its folded lines joined.
func cutHeader(s string) (line, rest string) {
	line, rest = cutLine(s)
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		var more string
		more, rest = cutLine(rest)
		line += " " + strings.TrimSpace(more)
	}
	return line, rest
}

func (m *message) startLine(line string) bool {
	first, rest, ok := strings.Cut(line, " ")
	if !ok {
		return false
	}
	if strings.EqualFold(first, "SIP/2.0") {
		code, reason, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(code)
		if err != nil || n < 100 || n > 699 {
			return false
		}
		m.code, m.reason = n, reason
		return true
	}
	target, version, ok := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || !strings.HasPrefix(strings.ToUpper(version), "SIP/") || !isToken(first) {
		return false
	}
	m.method, m.uri = first, target
	return true
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return s != ""
}

func (m *message) header(name, value string) {
	switch name {
	case "via", "v":
		if len(m.vias) < maxRoutes {
			m.vias = append(m.vias, value)
		}
	case "from", "f":
		m.from = value
	case "to", "t":
		m.to = value
	case "call-id", "i":
		m.callID = value
	case "cseq":
		m.setCSeq(value)
	case "contact", "m":
		if m.contact == "" {
			m.contact = splitList(value, nil)[0]
		}
	case "record-route":
		if len(m.routes) < maxRoutes {
			m.routes = splitList(value, m.routes)
		}
	case "content-length", "l":
		if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < len(m.body) {
			m.body = m.body[:n]
		}
	}
}

func (m *message) setCSeq(value string) {
	number, method, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return
	}
	m.cseq, m.cseqNumber = value, uint32(n)
	if m.code != 0 {
		m.method = strings.TrimSpace(method)
	}
}

// viaBranch returns the branch of the top Via: the key of our own transactions.
func (m *message) viaBranch() string {
	if len(m.vias) == 0 {
		return ""
	}
	for param := range strings.SplitSeq(m.vias[0], ";") {
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "branch") {
			branch, _, _ := strings.Cut(value, ",")
			return strings.TrimSpace(branch)
		}
	}
	return ""
}

// cutStream takes the first whole message off a TCP stream. used = 0: more is
// needed; an error means that the stream cannot be followed any further.
func cutStream(b []byte) (msg []byte, used int, err error) {
	start := 0
	for start < len(b) && (b[start] == '\r' || b[start] == '\n') {
		start++
	}
	head, body, ok := cutHead(b[start:])
	if !ok {
		if len(b)-start > maxMessage {
			return nil, 0, errMessage
		}
		return nil, 0, nil
	}
	length := 0
	_, rest := cutLine(string(head))
	for rest != "" {
		var line string
		line, rest = cutHeader(rest)
		name, value, _ := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !strings.EqualFold(name, "content-length") && !strings.EqualFold(name, "l") {
			continue
		}
		if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > maxMessage {
			return nil, 0, errMessage
		}
	}
	if len(body) < length {
		return nil, 0, nil
	}
	used = len(b) - len(body) + length
	return b[start:used], used, nil
}
