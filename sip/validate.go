package sip

import (
	"strings"

	"rms/sip/siprec"
)

const (
	maxCSeq    = 1<<31 - 1
	allow      = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"
	supported  = "timer, " + siprec.Option
	typeSDP    = siprec.TypeSDP
	acceptable = "application/sdp, multipart/mixed, " + siprec.TypeMetadata
)

// rule is one line of the validation table. It blames the message when it is
// broken; the first rule that does decides the answer.
type rule func(m *draft)

// requestRules stand before the transaction layer, in the order of what is worst.
var requestRules = []rule{
	ruleOnce, ruleVia, ruleCSeq, ruleMaxForwards, ruleLength, ruleURI, ruleCallID,
	ruleAddresses, ruleTags, ruleContact, ruleRequire, ruleEncoding, ruleBody, ruleAccept,
}

var responseRules = []rule{ruleOnce, ruleVia, ruleCSeq, ruleLength, ruleCallID, ruleAddresses}

// check validates a message; a fault found while parsing stands.
func (m *draft) check() *Refusal {
	rules := requestRules
	if m.method == "" {
		rules = responseRules
	}
	if m.fault != nil && m.fault.Code == 505 {
		m.via = salvageVia(m.value("Via"))
		return m.fault
	}
	for _, r := range rules {
		r(m)
		if m.fault != nil {
			break
		}
	}
	if m.via.host == "" {
		m.via = salvageVia(m.value("Via"))
	}
	return m.fault
}

// single are the header fields that a message has at most once; those that it
// must have are true.
var single = []struct {
	name string
	must bool
}{
	{"From", true},
	{"To", true},
	{"Call-ID", true},
	{"CSeq", true},
	{"Max-Forwards", false},
	{"Content-Length", false},
	{"Content-Type", false},
}

func ruleOnce(m *draft) {
	for _, h := range single {
		n := m.count(h.name)
		if n > 1 {
			m.blame(400, "More than one "+h.name)
		}
		if n == 0 && h.must {
			m.blame(400, "No "+h.name)
		}
	}
}

func ruleVia(m *draft) {
	value, ok := m.get("Via")
	if !ok {
		m.blame(400, "No Via")
		return
	}
	v, _, err := parseVia(value)
	if err != nil {
		m.blame(400, "Malformed Via")
		return
	}
	m.via = v
}

func ruleCSeq(m *draft) {
	digits, method, _ := strings.Cut(strings.ReplaceAll(m.value("CSeq"), "\t", " "), " ")
	n, ok := number(digits, maxCSeq)
	method = trim(method)
	if !ok || !isToken(method) {
		m.blame(400, "Malformed CSeq")
		return
	}
	if m.method != "" && method != m.method {
		m.blame(400, "CSeq names another method")
	}
	m.cseq = uint32(n)
}

func ruleMaxForwards(m *draft) {
	if v, ok := m.get("Max-Forwards"); ok {
		if _, ok := number(v, 255); !ok {
			m.blame(400, "Malformed Max-Forwards")
		}
	}
}

// ruleLength cuts the body to Content-Length: what follows it in a datagram is
// ignored, what is missing is an error (RFC 3261 section 18.3).
func ruleLength(m *draft) {
	v, ok := m.get("Content-Length")
	if !ok {
		return
	}
	n, ok := number(v, 1<<31)
	if !ok {
		m.blame(400, "Malformed Content-Length")
		return
	}
	if n > uint64(len(m.body)) {
		m.blame(400, "Body shorter than Content-Length")
		return
	}
	m.body = m.body[:n]
}

func ruleURI(m *draft) {
	name, ok := scheme(m.uri)
	switch {
	case !ok:
		m.blame(400, "Malformed Request-URI")
		return
	case !isSIP(name):
		m.blame(416, "Unsupported URI Scheme")
		return
	}
	if headers, err := checkURI(m.uri); err != nil || headers != "" {
		m.blame(400, "Malformed Request-URI")
	}
}

func ruleCallID(m *draft) {
	if v := m.callID(); v == "" || strings.ContainsAny(v, " \t") {
		m.blame(400, "Malformed Call-ID")
	}
}

func ruleAddresses(m *draft) {
	var err error
	if m.from, err = ParseAddress(m.value("From")); err != nil {
		m.blame(400, "Malformed From")
	}
	if m.to, err = ParseAddress(m.value("To")); err != nil {
		m.blame(400, "Malformed To")
	}
}

// ruleTags wants the From-tag that only requests of RFC 2543 go without.
func ruleTags(m *draft) {
	if m.via.modern() && m.from.Tag == "" {
		m.blame(400, "No From tag")
	}
}

// ruleContact wants the Contact of what makes or moves a dialog.
func ruleContact(m *draft) {
	values := m.all("Contact")
	if len(values) == 0 {
		if m.method == "INVITE" && m.via.modern() {
			m.blame(400, "No Contact")
		}
		return
	}
	if m.method != "INVITE" && m.method != "UPDATE" {
		return
	}
	first, _, _, ok := cutList(values[0])
	a, err := ParseAddress(first)
	if !ok || err != nil {
		m.blame(400, "Malformed Contact")
		return
	}
	if name, _ := scheme(a.URI); !isSIP(name) {
		m.blame(400, "Contact is no SIP URI")
	}
}

func ruleRequire(m *draft) {
	if m.method == "ACK" || m.method == "CANCEL" {
		return
	}
	var unknown []string
	for _, option := range elements(m.all("Require")) {
		if !strings.EqualFold(option, "timer") && !strings.EqualFold(option, siprec.Option) && isToken(option) {
			unknown = append(unknown, option)
		}
	}
	if unknown != nil {
		m.blame(420, "Bad Extension", Header{"Unsupported", strings.Join(unknown, ", ")})
	}
}
