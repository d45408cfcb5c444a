package sip

import (
	"strconv"
	"strings"
)

// writer builds the text of a message. Values are put on one line, so that
// nothing that is sent can smuggle a header field in.
type writer struct{ b []byte }

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
	w.b = append(w.b, '\r', '\n')
}

func (w *writer) header(name, value string) {
	w.b = append(append(w.b, name...), ':', ' ')
	w.b = append(w.b, singleLine(value)...)
	w.b = append(w.b, '\r', '\n')
}

func (w *writer) headers(list []Header) {
	for _, h := range list {
		if isToken(h.Name) {
			w.header(h.Name, h.Value)
		}
	}
}

// body ends the header and appends the body.
func (w *writer) body(contentType string, body []byte) []byte {
	if len(body) > 0 {
		w.header("Content-Type", contentType)
	}
	w.line("Content-Length: ", strconv.Itoa(len(body)))
	w.line()
	return append(w.b, body...)
}

// singleLine removes what would end a header field.
func singleLine(s string) string {
	if strings.IndexByte(s, '\r') < 0 && strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(s)
}

// answer is a response before it is text.
type answer struct {
	code        int
	reason      string
	toTag       string // added to To when it has none
	contact     string // URI; "" when the response has no Contact
	headers     []Header
	contentType string
	body        []byte
}

// render makes the response to m that goes back over f. Via and, where a dialog
// begins, Record-Route are copied as they came, in their order.
func (u *UA) render(m *message, f flow, a answer) []byte {
	if a.reason == "" {
		a.reason = reasonOf(a.code)
	}
	w := &writer{make([]byte, 0, 640+len(a.body)+len(m.body)/8)}
	w.line("SIP/2.0 ", strconv.Itoa(a.code), " ", singleLine(a.reason))
	first := true
	for _, h := range m.headers {
		if sameName(h.Name, "Via") {
			if first {
				h.Value = stamped(h.Value, f)
			}
			first = false
			w.header("Via", h.Value)
		}
	}
	if m.method == "INVITE" && a.code > 100 && a.code < 300 {
		for _, h := range m.headers {
			if sameName(h.Name, "Record-Route") {
				w.header("Record-Route", h.Value)
			}
		}
	}
	u.renderIDs(w, m, a)
	if a.contact != "" {
		w.header("Contact", "<"+a.contact+">")
	}
	w.headers(a.headers)
	w.header("Server", u.o.Agent)
	return w.body(a.contentType, a.body)
}

func (u *UA) renderIDs(w *writer, m *message, a answer) {
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq", "Timestamp"} {
		v, ok := m.get(name)
		if !ok || name == "Timestamp" && a.code != 100 {
			continue
		}
		if name == "To" && a.toTag != "" && a.code != 100 && !hasTag([]byte(v)) {
			v += ";tag=" + a.toTag
		}
		w.header(name, v)
	}
}
