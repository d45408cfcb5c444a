package sip

import (
	"bytes"
)

// request handles a request of the far end in the dialog.
func (d *Dialog) request(came *draft, f flow, key txKey) {
	m := d.u.read(came)
	r := &Request{u: d.u, w: d.w, m: m, flow: f, d: d}
	r.tx = d.w.newServerTx(came, f, key)
	r.tx.req = r
	if no := d.objection(m); no != nil {
		_ = r.reply(no.Code, no.Reason, ReplyOptions{Headers: no.Headers}) // it is new
		if no.Code == 500 && m.is("BYE") && d.State() < StateEnding {
			d.hangUp(reasonHeader(500, "CSeq out of order"), Cause{
				By: ByCaller, Code: 500, Text: "BYE with CSeq out of order", Reason: m.reason(),
			})
		}
		return
	}
	d.remoteSeq, d.heard = m.cseq(), true
	switch m.method() {
	case "INVITE":
		d.reinvite = r
		r.tx.reply(100, d.u.render(m, f, answer{code: 100}))
	case "UPDATE":
		d.update = r
	case "BYE":
		d.farewell()
	}
	owner := d.owner
	if owner == nil || d.told {
		r.defaultLocked()
		return
	}
	r.timer = d.w.in(d.u.o.ReplyTimeout, r.defaultLocked)
	d.w.later(func() { owner.Request(r) }, r.fail)
}

// objection is what speaks against a request before its Owner sees it.
func (d *Dialog) objection(m *message) *Refusal {
	state, method := d.State(), m.method()
	pending := d.reinvite != nil || d.update != nil || !d.client && state < StateAnswered && !d.invite.answered
	switch {
	case d.heard && m.cseq() <= d.remoteSeq:
		return Refuse(500, "CSeq out of order")
	case state >= StateEnding && method != "BYE":
		return Refuse(481, "")
	case method == "INVITE" && pending:
		return Refuse(500, "INVITE or UPDATE pending", Header{"Retry-After", retrySoon()})
	case method == "INVITE" && (d.ours != nil || d.accepted != nil || d.client && state < StateConfirmed):
		return Refuse(491, "")
	case method == "UPDATE" && d.update != nil:
		return Refuse(500, "UPDATE pending", Header{"Retry-After", retrySoon()})
	case method == "UPDATE" && len(m.sdp()) > 0 && (d.ours != nil || d.reinvite != nil || d.accepted != nil && d.accepted.offered):
		return Refuse(491, "")
	case method == "INVITE" || method == "UPDATE":
		return d.u.tooBrief(m)
	}
	return nil
}

// farewell stops what a BYE makes pointless: the pending re-INVITE and the INVITE
// itself get 487, the 2xx is no longer repeated.
func (d *Dialog) farewell() {
	d.w.stop(d.ring)
	d.session.stop(d.w)
	if d.accepted != nil {
		d.accepted.stop(d.w)
		d.accepted = nil
	}
	if r := d.reinvite; r != nil {
		_ = r.reply(487, "", ReplyOptions{}) // it is unanswered
	}
	if inv := d.invite; !d.client && !inv.answered {
		inv.finish(487, d.u.render(inv.m, inv.flow, answer{code: 487, toTag: d.localTag}))
	}
	d.grow(StateEnding)
}

// replied follows a final answer to a request in the dialog.
func (d *Dialog) replied(r *Request, code int, b []byte, o ReplyOptions) {
	ok := code < 300
	switch r.m.method() {
	case "BYE":
		if d.State() >= StateEnding {
			d.close(Cause{By: ByCaller, Code: 200, Text: "hung up", Reason: r.m.reason()})
			d.byeDone()
		}
		return
	case "INVITE":
		if d.reinvite == r {
			d.reinvite = nil
		}
	case "UPDATE":
		if d.update == r {
			d.update = nil
		}
	default:
		return
	}
	if !ok {
		return
	}
	if target := r.m.contact(); target != "" {
		d.target = target
	}
	d.flow = r.flow
	d.hold()
	if r.m.is("INVITE") {
		d.accept(r, b)
	}
	if o.ContentType == typeSDP && len(o.Body) > 0 {
		d.localSDP = o.Body
	}
	if s := r.m.sdp(); len(s) > 0 {
		d.remoteSDP = s
	}
}

// byeDone forgets the dialog when no BYE of ours is on its way.
func (d *Dialog) byeDone() {
	for _, t := range d.g.clients {
		if t.dialog == d && t.method == "BYE" {
			return
		}
	}
	d.leave()
}

// unchanged is the built-in answer to a re-INVITE or UPDATE: the session stays as
// it is. What would change it is refused.
func (d *Dialog) unchanged(m *message) (Refusal, ReplyOptions) {
	offer := m.sdp()
	switch {
	case len(offer) == 0 && m.is("UPDATE"):
		return Refusal{Code: 200}, ReplyOptions{}
	case len(d.localSDP) > 0 && (len(offer) == 0 || bytes.Equal(offer, d.remoteSDP)):
		return Refusal{Code: 200}, ReplyOptions{Body: d.localSDP, ContentType: typeSDP}
	}
	return Refusal{Code: 488}, ReplyOptions{Headers: []Header{{"Warning", `304 rms "Session cannot be changed"`}}}
}

// retrySoon is a Retry-After of 1 to 10 seconds for a peer that came too early.
func retrySoon() string { return itoa(1 + randomBelow(10)) }
