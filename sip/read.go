package sip

import (
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// asWritten are the header fields of which sipgo keeps the text. Its own types for
// them lose what must go back or on byte for byte: quotes, the order and case of
// parameters, parameters behind the <> of Record-Route, addresses without <>.
var asWritten = []string{
	"Via", "From", "To", "Contact", "Route", "Record-Route", "Allow", "Supported", "Require", "Accept",
	"User-Agent", "Server", "Session-Expires", "Min-SE", "Expires", "Date", "Subject", "Reason", "Privacy",
	"P-Asserted-Identity", "Content-Disposition", "Allow-Events", "Refer-To", "Referred-By", "Diversion",
}

// parser is sipgo's, which reads the start line, the header fields and the body.
// It has no state.
var parser = func() *msg.Parser {
	own, theirs := map[string]msg.HeaderParser{}, msg.DefaultHeadersParser()
	for _, name := range []string{"call-id", "content-type", "content-length", "max-forwards"} {
		own[name] = theirs[name]
	}
	own["cseq"] = exactly("CSeq", theirs["cseq"])
	for _, name := range asWritten {
		own[strings.ToLower(name)] = func(_ []byte, text string) (msg.Header, error) {
			return msg.NewHeader(name, text), nil
		}
	}
	p := msg.NewParser(msg.WithHeadersParsers(own))
	p.MaxMessageLength = 2 * maxMessage // compact names have become long
	return p
}()

// exactly uses a type of sipgo only when it writes what it read.
func exactly(name string, parse msg.HeaderParser) msg.HeaderParser {
	return func(lower []byte, text string) (msg.Header, error) {
		if h, err := parse(lower, text); err == nil && h.Value() == text {
			return h, nil
		}
		return msg.NewHeader(name, text), nil
	}
}

// read has sipgo read a valid message, written anew in its plainest form. What
// sipgo refuses or changes is taken from our own reading, and counted.
func (u *UA) read(d *draft) *message {
	m := &message{}
	w := newWriter()
	d.canonical(w)
	parsed, err := parser.ParseSIP(w.b) // copies what it keeps
	w.free()
	if err == nil {
		m.req, _ = parsed.(*msg.Request)
		m.res, _ = parsed.(*msg.Response)
	}
	if err != nil || !m.equals(d) {
		u.count.ownReading.Add(1)
		*m = d.message()
	}
	if m.req != nil {
		m.req.Method = msg.RequestMethod(strings.Clone(d.method)) // sipgo writes it in capitals
		m.uri = strings.Clone(d.uri)
	}
	_ = m.data().CSeq() // found once, so that nothing is written when many read
	return m
}

// canonical writes the message with one line and a long name for each header field.
func (m *draft) canonical(w *writer) {
	if m.method == "" {
		w.line("SIP/2.0 ", itoa(m.code), " ", m.reason)
	} else {
		w.line(m.method, " ", m.uri, " SIP/2.0")
	}
	for _, h := range m.headers {
		w.line(h.Name, ": ", h.Value)
	}
	w.line()
	w.b = append(w.b, m.body...)
}

// equals tells whether sipgo read what came.
func (m *message) equals(d *draft) bool {
	if m.req == nil && m.res == nil || (m.req == nil) != (d.method == "") {
		return false
	}
	list := m.data().Headers()
	if n := len(list) - 1; n == len(d.headers) && list[n].Name() == "Content-Length" {
		list = list[:n] // a datagram may do without it, sipgo adds it
	}
	if len(list) != len(d.headers) || string(m.body()) != d.body {
		return false
	}
	for i, h := range list {
		switch h := h.(type) {
		case *msg.ContentLengthHeader, *msg.MaxForwardsHeader, *msg.CSeqHeader: // numbers
		default:
			if h.Value() != d.headers[i].Value {
				return false
			}
		}
	}
	return true
}

// message makes the message that sipgo would have read.
func (m *draft) message() message {
	var out message
	if m.method == "" {
		out.res = msg.NewResponse(m.code, strings.Clone(m.reason))
	} else {
		recipient, _ := readURI(m.uri) // what it cannot hold stays in message.uri
		out.req = msg.NewRequest(msg.RequestMethod(m.method), recipient)
	}
	data := out.data()
	for _, h := range m.headers {
		data.AppendHeader(msg.NewHeader(strings.Clone(h.Name), strings.Clone(h.Value)))
	}
	if m.body != "" {
		data.SetBody([]byte(m.body))
	}
	return out
}
