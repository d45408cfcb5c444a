package sip

import (
	msg "github.com/emiago/sipgo/sip"
)

// answer is a response before it is a message.
type answer struct {
	code        int
	reason      string
	toTag       string // added to To when it has none
	contact     string // URI; "" when the response has no Contact
	feature     string // of the Contact
	headers     []Header
	contentType string
	body        []byte
}

// asked is what a response copies from its request: a draft, when it is refused
// before anybody saw it, or a message.
type asked interface {
	is(method string) bool
	get(name string) (string, bool)
	all(name string) []string
}

// render makes the response to m that goes back over f. Via and, where a dialog
// begins, Record-Route are copied as they came, in their order.
func (u *UA) render(m asked, f flow, a answer) []byte {
	if a.reason == "" {
		a.reason = reasonOf(a.code)
	}
	res := msg.NewResponse(a.code, singleLine(a.reason))
	d := &res.MessageData
	for i, v := range m.all("Via") {
		if i == 0 {
			v = stamped(v, f)
		}
		add(d, Header{"Via", v})
	}
	if a.code > 100 && a.code < 300 && m.is("INVITE") {
		for _, v := range m.all("Record-Route") {
			add(d, Header{"Record-Route", v})
		}
	}
	copyIDs(d, m, a)
	if a.contact != "" {
		add(d, Header{"Contact", contactValue(a.contact, a.feature)})
	}
	add(d, a.headers...)
	add(d, Header{"Server", u.o.Agent})
	addBody(d, a.contentType, a.body)
	return (&message{res: res}).serialize()
}

func copyIDs(d *msg.MessageData, m asked, a answer) {
	for _, name := range [...]string{"From", "To", "Call-ID", "CSeq", "Timestamp"} {
		v, ok := m.get(name)
		if !ok || name == "Timestamp" && a.code != 100 {
			continue
		}
		if name == "To" && a.toTag != "" && a.code != 100 && !hasTag([]byte(v)) {
			v += ";tag=" + a.toTag
		}
		add(d, Header{name, v})
	}
}
