package sip

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Dialog is one call as SIP sees it: an INVITE and what follows, with the far end
// as caller (made by the UA) or as callee (made by UA.Call). Its methods may be
// called from any goroutine, also from callbacks; they never wait.
type Dialog struct {
	u      *UA
	w      *worker
	client bool
	callID string
	state  atomic.Int32
	invite *Request // theirs, or ours when client

	// guarded by w.mu
	g           *group
	owner       Owner
	localTag    string
	remoteTag   string
	localValue  string   // From of our requests, with tag
	remoteValue string   // To of our requests, with tag
	target      string   // remote target: URI of their Contact
	routes      []string // route set, next hop first
	localSeq    uint32
	remoteSeq   uint32
	heard       bool // remoteSeq is set
	flow        flow
	held        *tcpConn // connection that counts this dialog
	told        bool     // Owner.Ended is called or about to be
	halfOpen    bool     // counted as such
	byeReason   *string  // a hang-up that waits for the ACK
	byeCause    Cause
	accepted    *accepted // our 2xx that has no ACK
	reinvite    *Request  // theirs, unanswered
	update      *Request  // theirs, unanswered
	ours        *clientTx // our INVITE or UPDATE in the dialog, unanswered
	localSDP    []byte    // the session as we described it last
	remoteSDP   []byte    // and as they did
	canUpdate   bool      // they allow UPDATE
	ring        *timer
	session     session
	out         *dialling // of a client dialog
}

// newTag makes a tag, a branch or a Call-ID that nobody can guess.
func newTag() string { return rand.Text() }

// CallID is the Call-ID of the dialog.
func (d *Dialog) CallID() string { return d.callID }

// LocalTag is our tag.
func (d *Dialog) LocalTag() string { return d.localTag }

// RemoteTag is the tag of the far end, empty before it has sent one.
func (d *Dialog) RemoteTag() string {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.remoteTag
}

// Invite is the INVITE that began the dialog.
func (d *Dialog) Invite() *Request { return d.invite }

// LocalAddr is our address as the far end reaches it: the one the INVITE came to
// or left from.
func (d *Dialog) LocalAddr() netip.AddrPort {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.flow.local
}

// RemoteAddr is the address that the last INVITE came from or went to.
func (d *Dialog) RemoteAddr() netip.AddrPort {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.flow.remote
}

// State says how far the dialog is.
func (d *Dialog) State() State { return State(d.state.Load()) }

// grow moves the state on; it never goes back.
func (d *Dialog) grow(s State) {
	if State(d.state.Load()) < s {
		d.state.Store(int32(s))
	}
}

// invite makes the dialog of a new INVITE and shows it to the Handler.
func (w *worker) invite(m *message, f flow, key txKey) {
	u := w.u
	if u.h == nil {
		u.refuse(m, f, Refuse(501, ""))
		return
	}
	if no := u.tooBrief(m); no != nil {
		u.refuse(m, f, no)
		return
	}
	g := w.group(m.callID())
	d := &Dialog{
		u: u, w: w, g: g, callID: g.id, localTag: newTag(), remoteTag: m.from.Tag,
		remoteValue: m.value("From"), target: m.contact(), remoteSeq: m.cseq, heard: true, flow: f,
	}
	d.localValue = m.value("To") + ";tag=" + d.localTag
	d.routes = elements(m.all("Record-Route"))
	d.remoteSDP = []byte(m.sdp())
	d.canUpdate = m.lists("Allow", "UPDATE")
	if d.target == "" {
		d.target = m.from.URI
	}
	r := &Request{u: u, w: w, m: m, flow: f, d: d}
	d.invite = r
	r.tx = w.newServerTx(m, f, key)
	r.tx.req, r.tx.group = r, g
	g.invites = append(g.invites, r.tx)
	g.dialogs = append(g.dialogs, d)
	d.begin()
	d.halfOpen = true
	u.count.halfOpen.Add(1)
	r.tx.reply(100, u.render(m, f, answer{code: 100}))
	d.ring = w.in(u.o.RingTimeout, d.nobodyAnswered)
	w.later(func() { d.show(u.h) }, d.abort)
}

// show gives the dialog its Owner.
func (d *Dialog) show(h Handler) {
	owner := h.Invite(d)
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.owner = owner
	if owner == nil && !d.told {
		d.refuseInvite(answer{code: 503, headers: []Header{{"Retry-After", "5"}}}, Cause{By: ByUs, Code: 503})
	}
}

// begin counts the dialog and its use of a connection.
func (d *Dialog) begin() {
	d.u.count.calls.Add(1)
	d.hold()
}

// hold keeps the connection that the dialog is on from being idle.
func (d *Dialog) hold() {
	if d.held == d.flow.conn {
		return
	}
	d.letGo()
	if d.held = d.flow.conn; d.held != nil {
		d.held.uses.Add(1)
	}
}

func (d *Dialog) letGo() {
	if d.held != nil {
		d.held.uses.Add(-1)
		d.held = nil
	}
}

// contact is the URI of the first Contact, as it was written.
func (m *message) contact() string {
	first, _, _, _ := cutList(m.value("Contact"))
	a, err := ParseAddress(first)
	if err != nil {
		return ""
	}
	return a.URI
}

// acked handles the ACK of our 2xx.
func (d *Dialog) acked(m *message) {
	a := d.accepted
	if a == nil || m.cseq != a.cseq {
		return
	}
	a.stop(d.w)
	d.accepted = nil
	d.grow(StateConfirmed)
	d.countAck()
	if d.told {
		return
	}
	var body []byte
	if a.offered {
		body = []byte(m.sdp())
		d.remoteSDP = slices.Clone(body)
	}
	if d.byeReason == nil && a.offered && len(body) == 0 {
		d.hangUp(reasonHeader(488, "No answer in the ACK"), Cause{By: ByError, Code: 488, Text: "no SDP answer in the ACK"})
		return
	}
	if owner := d.owner; owner != nil {
		d.w.later(func() { owner.Acked(body) }, d.abort)
	}
	if d.byeReason != nil {
		d.sendBye(*d.byeReason, d.byeCause)
	}
}

func (d *Dialog) countAck() {
	if d.halfOpen {
		d.halfOpen = false
		d.u.count.halfOpen.Add(-1)
	}
}

// reasonHeader is a value of the Reason header field, RFC 3326.
func reasonHeader(code int, text string) string {
	return "SIP;cause=" + itoa(code) + ";text=" + quote(text)
}

// reasonText accepts a whole Reason value or plain text for one.
func reasonText(reason string) string {
	if reason == "" {
		return ""
	}
	protocol, _, ok := strings.Cut(reason, ";")
	if ok && isToken(trim(protocol)) && params(reason[len(protocol):]).valid() {
		return reason
	}
	return reasonHeader(200, reason)
}

// nobodyAnswered is the end of Options.RingTimeout.
func (d *Dialog) nobodyAnswered() {
	if d.client {
		d.cancel(reasonHeader(408, "Ring time-out"), Cause{By: ByTimeout, Code: 408, Text: "ring time-out"})
		return
	}
	d.refuseInvite(answer{code: 480}, Cause{By: ByTimeout, Code: 480, Text: "ring time-out"})
}

// close tells Owner.Ended, once, and stops what was only for the Owner's sake.
func (d *Dialog) close(c Cause) {
	if d.told {
		return
	}
	d.told = true
	d.w.stop(d.ring)
	d.session.stop(d.w)
	d.countAck()
	d.u.count.calls.Add(-1)
	owner := d.owner
	d.w.later(func() {
		if owner == nil {
			owner = d.currentOwner()
		}
		if owner != nil {
			owner.Ended(c)
		}
	}, nil)
}

func (d *Dialog) currentOwner() Owner {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.owner
}

// leave forgets the dialog.
func (d *Dialog) leave() {
	d.grow(StateEnded)
	if d.accepted != nil {
		d.accepted.stop(d.w)
		d.accepted = nil
	}
	d.letGo()
	d.g.dialogs = without(d.g.dialogs, d)
	d.g.tidy()
}

// abort ends a dialog whose Owner panicked. It takes the lock.
func (d *Dialog) abort() {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	cause := Cause{By: ByError, Code: 500, Text: "internal error"}
	switch {
	case d.told:
	case d.State() >= StateAnswered:
		d.hangUp(reasonHeader(500, "Internal error"), cause)
	case d.client:
		d.cancel(reasonHeader(500, "Internal error"), cause)
	default:
		d.refuseInvite(answer{code: 500}, cause)
	}
}

// retryWindow is how long a busy peer is told to wait, in seconds, at most.
const retryWindow = 10

func shortly() time.Duration { return time.Duration(1+randomBelow(retryWindow)) * time.Second }
