package sip

import (
	"bytes"
	"strings"
	"sync"

	msg "github.com/emiago/sipgo/sip"
)

// writer collects the text of a message.
type writer struct{ b []byte }

// writers are kept for the next message: what is sent is a copy of its exact
// size, because answers stay for a while to be repeated.
var writers = sync.Pool{New: func() any { return &writer{make([]byte, 0, 2048)} }}

func newWriter() *writer {
	w, _ := writers.Get().(*writer)
	w.b = w.b[:0]
	return w
}

func (w *writer) free() {
	if cap(w.b) <= maxMessage {
		writers.Put(w)
	}
}

// WriteString is io.StringWriter, which sipgo writes messages to.
func (w *writer) WriteString(s string) (int, error) {
	w.b = append(w.b, s...)
	return len(s), nil
}

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
	w.b = append(w.b, '\r', '\n')
}

// add appends header fields. Values are put on one line, so that nothing that is
// sent can smuggle a header field in; what has no proper name is left out.
func add(d *msg.MessageData, list ...Header) {
	for _, h := range list {
		if isToken(h.Name) {
			d.AppendHeader(msg.NewHeader(h.Name, singleLine(h.Value)))
		}
	}
}

// addBody ends a message of ours.
func addBody(d *msg.MessageData, contentType string, body []byte) {
	if len(body) > 0 {
		kind := msg.ContentTypeHeader(singleLine(contentType))
		d.AppendHeader(&kind)
	}
	d.SetBody(body)
}

// serialize has sipgo write a message. The start line of a request is ours: it
// holds the Request-URI as the far end wrote it.
func (m *message) serialize() []byte {
	w := newWriter()
	defer w.free()
	if m.req != nil {
		w.line(m.method(), " ", m.uri, " SIP/2.0")
	} else {
		m.res.StartLineWrite(w)
		w.line()
	}
	m.data().StringWrite(w)
	w.line()
	w.b = append(w.b, m.body()...)
	return bytes.Clone(w.b)
}

// singleLine removes what would end a header field.
func singleLine(s string) string {
	if strings.IndexByte(s, '\r') < 0 && strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(s)
}
