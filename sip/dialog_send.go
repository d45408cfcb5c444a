package sip

import (
	"fmt"
	"time"
)

// Bye hangs up. The reason is for people, or a whole value of the Reason header
// (RFC 3326), or empty. Before the ACK of our 200 the BYE waits for it, at most
// 64*T1; before any answer the INVITE is refused or cancelled.
func (d *Dialog) Bye(reason string) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.hangUp(reasonText(reason), Cause{By: ByUs, Code: 200, Text: "hung up"}) {
		return fmt.Errorf("hang up: %w (%s)", ErrState, d.State())
	}
	return nil
}

// hangUp ends the dialog in the way that fits its state. It is false when the end
// has begun already.
func (d *Dialog) hangUp(reason string, c Cause) bool {
	switch state := d.State(); {
	case d.told || d.waitingBye != nil || state >= StateEnding:
		return false
	case d.client && state < StateConfirmed:
		d.cancel(reason, c)
	case state < StateAnswered:
		var h []Header
		if reason != "" {
			h = []Header{{"Reason", reason}}
		}
		d.refuseInvite(answer{code: 480, headers: h}, c)
	case state == StateAnswered && d.accepted != nil:
		d.waitingBye = &farewell{reason, c}
	default:
		d.sendBye(reason, c)
	}
	return true
}

// sendBye sends the BYE and tells the Owner. The dialog stays until it is
// answered, for requests that cross it.
func (d *Dialog) sendBye(reason string, c Cause) {
	d.grow(StateEnding)
	if d.accepted != nil {
		d.accepted.stop(d.w)
		d.accepted = nil
	}
	if r := d.reinvite; r != nil {
		_ = r.reply(487, "", ReplyOptions{}) // it is unanswered
	}
	out := d.newRequest("BYE")
	if reason != "" {
		out.headers = append(out.headers, Header{"Reason", reason})
	}
	d.close(c)
	d.exchange(out, func(r *Response) {
		d.logBye(r)
		d.leave()
	})
}

// logBye says when our BYE did not arrive: the far end, or a proxy between, may
// still think that the call lives. 481 is a BYE that crossed ours.
func (d *Dialog) logBye(r *Response) {
	if r.Code() < 300 || r.Code() == 481 {
		return
	}
	d.u.o.Log.Warn().Str("sip_call_id", d.callID).Str("target", d.target).Strs("route", d.routes).
		Int("code", r.Code()).Str("answer", r.Reason()).Bool("local", r.Local()).Msg("BYE not accepted")
}

// newRequest begins the next request in the dialog, RFC 3261 section 12.2.1.1.
func (d *Dialog) newRequest(method string) *outgoingRequest {
	if method != "ACK" {
		d.localSeq++
	}
	out := &outgoingRequest{
		method: method, from: d.from(), to: d.remoteValue, callID: d.callID, cseq: d.localSeq,
	}
	out.routed(d.target, d.routes)
	return out
}

// exchange sends a request in the dialog and gives done its final answer, with
// the lock held. A challenge is answered when we have credentials for its realm.
func (d *Dialog) exchange(out *outgoingRequest, done func(*Response)) *clientTx {
	answered := false
	return d.w.start(d, out, d.flow, func(r *Response) {
		switch {
		case r.Code() < 200:
			return
		case answered:
			d.reAck(out.cseq)
			return
		}
		answered = true
		if retry := d.authorize(out, r); retry != nil {
			d.exchange(retry, done)
			return
		}
		done(r)
	})
}

// Send sends a request of any method but INVITE, ACK, CANCEL and BYE in the
// dialog. done, which may be nil, gets the final answer as a callback.
func (d *Dialog) Send(method, contentType string, body []byte, done func(*Response)) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	switch method {
	case "INVITE", "ACK", "CANCEL", "BYE":
		return fmt.Errorf("send %s: it has a method of its own", method)
	}
	if !isToken(method) {
		return fmt.Errorf("send %q: malformed method", method)
	}
	if s := d.State(); s < StateEarly || s >= StateEnding || d.told {
		return fmt.Errorf("send %s: %w (%s)", method, ErrState, s)
	}
	if method == "UPDATE" {
		if d.ours != nil || d.reinvite != nil || d.update != nil {
			return fmt.Errorf("send UPDATE: %w (another change is pending)", ErrState)
		}
		d.change(method, Change{SDP: body}, 0, d.deliver(done))
		return nil
	}
	out := d.newRequest(method)
	out.body, out.contentType = body, contentType
	d.exchange(out, d.deliver(done))
	return nil
}

// deliver makes a callback of done. 481 ends the dialog, RFC 3261 section
// 12.2.1.2.
func (d *Dialog) deliver(done func(*Response)) func(*Response) {
	return func(r *Response) {
		if done != nil {
			d.w.later(func() { done(r) }, d.abort)
		}
		if r.Code() == 481 {
			d.hangUp(reasonHeader(481, "Dialog is gone"), Cause{By: ByError, Code: 481, Text: "the far end does not know the call"})
		}
	}
}

// Reinvite offers a new session description. done, which may be nil, gets the
// final answer as a callback; its ACK is sent already. Glare (491) is tried again
// by the rules of RFC 3261 section 14.1.
func (d *Dialog) Reinvite(sdp []byte, done func(*Response)) error {
	return d.Renew(Change{SDP: sdp}, done)
}

// Change is what a re-INVITE says: a session description, and the body that holds it
// when there is more to say.
type Change struct {
	SDP         []byte
	Body        []byte // sent in the place of SDP; nil: SDP alone
	ContentType string // of Body
	Headers     []Header
}

// Renew is Reinvite with more than a session description.
func (d *Dialog) Renew(o Change, done func(*Response)) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	s := d.State()
	if s != StateConfirmed || d.told || d.ours != nil || d.reinvite != nil || d.accepted != nil || d.update != nil {
		return fmt.Errorf("send re-INVITE: %w (%s, or another change is pending)", ErrState, s)
	}
	if len(o.SDP) == 0 {
		return fmt.Errorf("send re-INVITE: no SDP")
	}
	d.change("INVITE", o, 0, d.deliver(done))
	return nil
}

// glareRetries bounds the attempts after 491.
const glareRetries = 4

// change sends a re-INVITE or UPDATE: a target refresh, and a refresh of the
// session timer.
func (d *Dialog) change(method string, o Change, try int, done func(*Response)) {
	out := d.newRequest(method)
	out.contact, out.feature = true, d.feature
	out.headers = append(d.session.ask(d), Header{"Allow", allow}, Header{"Supported", supported})
	out.headers = append(out.headers, o.Headers...)
	out.body, out.contentType = o.SDP, typeSDP
	if len(o.Body) > 0 {
		out.body, out.contentType = o.Body, o.ContentType
	}
	seq := out.cseq
	d.ours = d.exchange(out, func(r *Response) {
		d.ours = nil
		ok := r.Code() < 300
		if r.Code() == 491 && try < glareRetries && d.State() < StateEnding {
			d.w.in(d.glareWait(), func() { d.again(method, o, try+1, done) })
			return
		}
		if ok {
			d.changed(r.m, o.SDP)
		}
		if ok && method == "INVITE" {
			d.sendAck(seq, nil)
		}
		done(r)
	})
}

// again repeats a change that met another one.
func (d *Dialog) again(method string, o Change, try int, done func(*Response)) {
	switch {
	case d.State() >= StateEnding:
	case d.ours != nil || d.reinvite != nil || d.update != nil || d.accepted != nil:
		if try >= glareRetries {
			done(localResponse(491, reasonOf(491)))
			return
		}
		d.w.in(d.glareWait(), func() { d.again(method, o, try+1, done) })
	default:
		d.change(method, o, try, done)
	}
}

// glareWait is 2.1 to 4 s for the side that made the Call-ID, else 0 to 2 s, for
// the T1 of the RFC; it scales with T1.
func (d *Dialog) glareWait() time.Duration {
	unit := d.u.o.T1 / 50 // 10 ms
	if d.client {
		return time.Duration(210+randomBelow(191)) * unit
	}
	return time.Duration(randomBelow(201)) * unit
}

// changed takes over what a 2xx to our change says.
func (d *Dialog) changed(m *message, sdp []byte) {
	if target := m.contact(); target != "" {
		d.target = target
	}
	if len(sdp) > 0 {
		d.localSDP = sdp
	}
	if s := m.sdp(); len(s) > 0 {
		d.remoteSDP = s
	}
	d.session.confirm(d, m)
}
