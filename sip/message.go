package sip

import (
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// message is a valid request or response as all above the transactions reads it:
// a message of sipgo, whose header fields keep their values byte for byte.
type message struct {
	req *msg.Request  // nil in a response
	res *msg.Response // nil in a request
	uri string        // Request-URI as it came
}

func (m *message) data() *msg.MessageData {
	if m.req != nil {
		return &m.req.MessageData
	}
	return &m.res.MessageData
}

// method is empty in a response.
func (m *message) method() string {
	if m.req == nil {
		return ""
	}
	return string(m.req.Method)
}

func (m *message) is(method string) bool { return m.method() == method }

// get returns the value of the first header field of that name.
func (m *message) get(name string) (string, bool) {
	for _, h := range m.data().Headers() {
		if sameName(h.Name(), name) {
			return h.Value(), true
		}
	}
	return "", false
}

func (m *message) value(name string) string {
	v, _ := m.get(name)
	return v
}

// all returns the values of all header fields of that name, in order.
func (m *message) all(name string) []string {
	var out []string
	for _, h := range m.data().Headers() {
		if sameName(h.Name(), name) {
			out = append(out, h.Value())
		}
	}
	return out
}

// headers are all header fields in order.
func (m *message) headers() []Header {
	list := m.data().Headers()
	out := make([]Header, len(list))
	for i, h := range list {
		out[i] = Header{h.Name(), h.Value()}
	}
	return out
}

// lists tells whether a list header names an option, as Supported and Require do.
func (m *message) lists(name, option string) bool {
	for _, e := range elements(m.all(name)) {
		if strings.EqualFold(e, option) {
			return true
		}
	}
	return false
}

// reason is why the far end ended a call: all its Reason header fields (RFC 3326).
func (m *message) reason() string { return strings.Join(m.all("Reason"), ", ") }

func (m *message) callID() string { return m.value("Call-ID") }

func (m *message) cseq() uint32 {
	if h := m.data().CSeq(); h != nil {
		return h.SeqNo
	}
	return 0
}

// address reads From or To. Validation took the value, so that it cannot fail.
func (m *message) address(name string) Address {
	a, _ := ParseAddress(m.value(name))
	return a
}

func (m *message) fromTag() string { return m.address("From").Tag }

func (m *message) toTag() string { return m.address("To").Tag }

// contact is the URI of the first Contact, as it was written.
func (m *message) contact() string {
	first, _, _, _ := cutList(m.value("Contact"))
	a, err := ParseAddress(first)
	if err != nil {
		return ""
	}
	return a.URI
}

func (m *message) body() []byte { return m.data().Body() }

// sdp returns the session description in the body, empty when there is none. It
// is not to be changed: it may be the body itself.
func (m *message) sdp() []byte {
	if len(m.body()) == 0 {
		return nil
	}
	return sessionIn(m.value("Content-Type"), m.method(), m.body())
}
