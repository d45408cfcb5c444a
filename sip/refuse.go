package sip

import (
	"hash/maphash"
	"strconv"
)

// tagFor is the To-tag of stateless answers: the same for each retransmission.
func (u *UA) tagFor(m asked) string {
	var h maphash.Hash
	h.SetSeed(u.seeds[1])
	for _, name := range [...]string{"Call-ID", "Via", "CSeq"} {
		v, _ := m.get(name)
		_, _ = h.WriteString(v)
	}
	return strconv.FormatUint(h.Sum64(), 36)
}

// refuse answers a request without keeping anything of it. An ACK is never
// answered.
func (u *UA) refuse(m *draft, f flow, no *Refusal) {
	if m.fault != nil && (no.Code == 400 || no.Code == 505) {
		u.malformed(f.remote.Addr())
	}
	if m.method == "ACK" || m.method == "" || len(m.headers) == 0 {
		return
	}
	a := answer{code: no.Code, reason: no.Reason, toTag: u.tagFor(m), headers: no.Headers}
	if no.Code == 405 || no.Code == 501 {
		a.headers = append(a.headers, Header{"Allow", allow})
	}
	_ = u.send(f, replyTo(m.via, f), u.render(m, f, a), m.callID(), nil)
}

// refuseText answers a message that was not even parsed.
func (u *UA) refuseText(text string, f flow, no *Refusal) {
	m := parse(text)
	if m == nil {
		return
	}
	m.via = salvageVia(m.value("Via"))
	if u.tracing.Load() {
		u.trace(false, f, f.remote, m.callID(), text)
	}
	u.refuse(m, f, no)
}
