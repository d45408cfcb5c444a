package sip

import (
	"errors"
	"fmt"
)

// ErrState is returned for what the dialog cannot do now.
var ErrState = errors.New("not in this state of the call")

// Ring sends a provisional response, 180 with or without early media, 183 with
// SDP. The code is 101 to 199.
func (d *Dialog) Ring(code int, reason string, sdp []byte) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if code <= 100 || code >= 200 {
		return fmt.Errorf("ring with %d: a provisional code is 101 to 199", code)
	}
	return d.replyInvite(code, reason, ReplyOptions{Body: sdp, ContentType: typeSDP})
}

// Answer sends 200 with our session description, repeated until the ACK comes.
func (d *Dialog) Answer(sdp []byte, h ...Header) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.replyInvite(200, "", ReplyOptions{Body: sdp, ContentType: typeSDP, Headers: h})
}

// Reject refuses the call with a code of 300 to 699.
func (d *Dialog) Reject(code int, reason string, h ...Header) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if code < 300 || code > 699 {
		return fmt.Errorf("reject with %d: a refusal is 300 to 699", code)
	}
	return d.replyInvite(code, reason, ReplyOptions{Headers: h})
}

// Redirect sends the caller to other places, each a URI or a name-addr. The code
// is 300 to 399, usually 302.
func (d *Dialog) Redirect(code int, contacts ...string) error {
	if code < 300 || code > 399 || len(contacts) == 0 {
		return fmt.Errorf("redirect with %d to %d places: wants 300 to 399 and at least one", code, len(contacts))
	}
	var h []Header
	for _, c := range contacts {
		a, err := place(c)
		if err != nil {
			return fmt.Errorf("redirect to %q: %w", c, err)
		}
		if a.URI == c {
			c = "<" + c + ">"
		}
		h = append(h, Header{"Contact", c})
	}
	return d.Reject(code, "", h...)
}

// replyInvite answers the INVITE that began the dialog.
func (d *Dialog) replyInvite(code int, reason string, o ReplyOptions) error {
	if d.client || d.told || d.State() > StateEarly || d.invite.answered {
		return fmt.Errorf("answer the INVITE with %d: %w (%s)", code, ErrState, d.State())
	}
	a := answer{code: code, reason: reason, headers: o.Headers, body: o.Body, contentType: o.ContentType}
	if code >= 300 {
		d.refuseInvite(a, Cause{By: ByUs, Code: code, Text: reason})
		return nil
	}
	if code >= 200 && len(o.Body) == 0 {
		return errNoSDP
	}
	a.toTag = d.localTag
	d.dress(&a, d.invite)
	if len(o.Body) > 0 {
		d.localSDP = o.Body
	}
	b := d.u.render(d.invite.m, d.flow, a)
	if code < 200 {
		d.grow(StateEarly)
		d.invite.finish(code, b)
		return nil
	}
	d.w.stop(d.ring)
	d.grow(StateAnswered)
	d.accept(d.invite, b)
	d.invite.finish(code, b)
	return nil
}

// refuseInvite ends a dialog that was never answered.
func (d *Dialog) refuseInvite(a answer, c Cause) {
	if d.invite.answered || d.invite.tx == nil {
		return
	}
	a.toTag = d.localTag
	if c.Text == "" {
		if c.Text = a.reason; c.Text == "" {
			c.Text = reasonOf(a.code)
		}
	}
	d.invite.dress(&a)
	d.grow(StateEnding)
	d.invite.finish(a.code, d.u.render(d.invite.m, d.flow, a))
	d.close(c)
	d.leave()
}

// dress adds what responses in a dialog carry.
func (d *Dialog) dress(a *answer, r *Request) {
	invite := r.m.is("INVITE")
	if !invite && !r.m.is("UPDATE") || a.code <= 100 || a.code >= 300 {
		return
	}
	a.contact, a.feature = d.u.contactURI(r.flow), d.feature
	a.headers = append(a.headers, Header{"Allow", allow}, Header{"Supported", supported})
	if a.code >= 200 {
		a.headers = append(a.headers, d.session.accept(d, r.m)...)
	}
}
