package sip

import (
	"time"
)

// accepted is a 2xx of ours that waits for its ACK, RFC 3261 section 13.3.1.4.
type accepted struct {
	d        *Dialog
	cseq     uint32
	b        []byte
	flow     flow
	offered  bool // the 2xx carries the offer, the ACK must carry the answer
	first    bool // of the call, not of a re-INVITE
	interval time.Duration
	again    *timer
	end      *timer
}

// accept begins to repeat a 2xx over any transport: T1, doubling to T2, until the
// ACK; 64*T1 without one end the call.
func (d *Dialog) accept(r *Request, b []byte) {
	if d.accepted != nil {
		d.accepted.stop(d.w)
	}
	o := &d.u.o
	a := &accepted{d: d, cseq: r.m.cseq(), b: b, flow: r.flow, interval: o.T1, offered: len(r.m.sdp()) == 0, first: r == d.invite}
	to := replyTo(salvageVia(r.m.value("Via")), r.flow)
	var repeat func()
	repeat = func() {
		d.u.count.retransmitted.Add(1)
		_ = d.u.send(a.flow, to, a.b, d.callID, nil)
		a.interval = min(2*a.interval, o.T2)
		a.again = d.w.in(a.interval, repeat)
	}
	a.again = d.w.in(a.interval, repeat)
	a.end = d.w.in(64*o.T1, d.noAck)
	d.accepted = a
}

func (a *accepted) stop(w *worker) {
	w.stop(a.again)
	w.stop(a.end)
}

// noAck hangs up when the ACK never came.
func (d *Dialog) noAck() {
	d.accepted.stop(d.w)
	d.accepted = nil
	reason, cause := reasonHeader(408, "No ACK"), Cause{By: ByTimeout, Code: 408, Text: "no ACK"}
	if bye := d.waitingBye; bye != nil {
		reason, cause = bye.reason, bye.cause
	}
	d.sendBye(reason, cause)
}

// acked handles the ACK of our 2xx.
func (d *Dialog) acked(m *draft) {
	a := d.accepted
	if a == nil || m.cseq != a.cseq {
		return
	}
	a.stop(d.w)
	d.accepted = nil
	d.g.forgetAnswers()
	d.grow(StateConfirmed)
	d.countAck()
	if d.told {
		return
	}
	var body []byte
	if a.offered {
		if body = d.u.read(m).sdp(); len(body) > 0 {
			d.remoteSDP = body
		}
	}
	if d.waitingBye == nil && a.offered && a.first && len(body) == 0 {
		d.hangUp(reasonHeader(488, "No answer in the ACK"), Cause{By: ByError, Code: 488, Text: "no SDP answer in the ACK"})
		return
	}
	if owner := d.owner; owner != nil {
		d.w.later(func() { owner.Acked(body) }, d.abort)
	}
	if bye := d.waitingBye; bye != nil {
		d.sendBye(bye.reason, bye.cause)
	}
}

func (d *Dialog) countAck() {
	if d.halfOpen {
		d.halfOpen = false
		d.u.count.halfOpen.Add(-1)
	}
}
