package siptest

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Message is what a peer received.
type Message struct {
	Start   string
	Headers [][2]string
	Body    string
	Raw     string
	From    netip.AddrPort // source of a datagram
	At      time.Time
}

// Parse cuts a well-formed message into lines.
func Parse(text string) Message {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := Message{Start: lines[0], Body: body, Raw: text}
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		m.Headers = append(m.Headers, [2]string{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m
}

// Code is the status code, 0 of a request.
func (m Message) Code() int {
	if f := strings.Fields(m.Start); len(f) > 1 && strings.HasPrefix(f[0], "SIP/") {
		n, _ := strconv.Atoi(f[1])
		return n
	}
	return 0
}

// Method is the method of a request, empty of a response.
func (m Message) Method() string {
	if m.Code() != 0 {
		return ""
	}
	method, _, _ := strings.Cut(m.Start, " ")
	return method
}

// URI is the Request-URI.
func (m Message) URI() string {
	if f := strings.Fields(m.Start); len(f) > 1 {
		return f[1]
	}
	return ""
}

// Header is the value of the first header field of that name.
func (m Message) Header(name string) string {
	for _, h := range m.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// All are the values of all header fields of that name.
func (m Message) All(name string) []string {
	var out []string
	for _, h := range m.Headers {
		if strings.EqualFold(h[0], name) {
			out = append(out, h[1])
		}
	}
	return out
}

// Tag is the tag of From or To.
func (m Message) Tag(name string) string {
	_, tag, _ := strings.Cut(m.Header(name), ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// CSeq is the number in CSeq.
func (m Message) CSeq() int {
	n, _ := strconv.Atoi(strings.Fields(m.Header("CSeq") + " x")[0])
	return n
}

// Contact is the URI in Contact.
func (m Message) Contact() string {
	_, uri, _ := strings.Cut(m.Header("Contact"), "<")
	uri, _, _ = strings.Cut(uri, ">")
	return uri
}
