package sip

import (
	"strings"
)

// response hands a response to the transaction that it answers. Strays, such as
// retransmissions of final answers, are dropped.
func (w *worker) response(m *draft, f flow) {
	_, method, _ := cutSpace(m.value("CSeq"))
	t := w.groups[m.callID()].client(m.via.branch, method)
	if t == nil {
		return
	}
	if t.method == "INVITE" {
		t.inviteResponse(m, f)
		return
	}
	if m.code < 200 { // 100 to a BYE is no error
		t.heard = true
		t.interval = w.u.o.T2
		return
	}
	if t.state == txProceeding {
		t.terminate()
		t.on(&Response{m: t.w.u.read(m), flow: f})
	}
}

func cutSpace(s string) (before, after string, ok bool) {
	for i := range len(s) {
		if isSpace(s[i]) {
			return s[:i], trim(s[i:]), true
		}
	}
	return s, "", false
}

// inviteResponse is the client INVITE machine of RFC 3261 section 17.1.1 and
// RFC 6026.
func (t *clientTx) inviteResponse(m *draft, f flow) {
	switch {
	case t.state == txCompleted && m.code >= 300:
		t.sendAck()
		return
	case t.state == txAccepted && m.code/100 == 2:
		t.on(&Response{m: t.w.u.read(m), flow: f})
		return
	case t.state != txProceeding:
		return
	}
	t.heard = true
	t.w.stop(t.again)
	t.w.stop(t.end)
	switch {
	case m.code < 200: // the ring time-out guards the first INVITE, this one a re-INVITE
		if t.dialog.State() >= StateConfirmed {
			t.end = t.w.in(64*t.w.u.o.T1, func() { t.fail(408, "No answer") })
		}
	case m.code < 300:
		t.state = txAccepted
		t.end = t.w.in(64*t.w.u.o.T1, t.terminate)
	default:
		t.state, t.finalTo = txCompleted, strings.Clone(m.value("To"))
		t.sendAck()
		if t.flow.reliable() {
			t.terminate()
		} else {
			t.end = t.w.in(64*t.w.u.o.T1, t.terminate)
		}
	}
	t.on(&Response{m: t.w.u.read(m), flow: f})
}

// sendAck confirms a refusal, hop by hop.
func (t *clientTx) sendAck() {
	ack := &outgoingRequest{
		method: "ACK", uri: t.out.uri, routes: t.out.routes, from: t.out.from, to: t.finalTo,
		callID: t.out.callID, cseq: t.out.cseq,
	}
	_ = t.w.u.send(t.flow, t.to, ack.build(t.w.u, t.flow, t.branch).serialize(), t.out.callID, nil) // repeated on demand
}
