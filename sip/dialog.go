package sip

import (
	"crypto/rand"
	"net/netip"
	"sync/atomic"
)

// Dialog is one call as SIP sees it: an INVITE and what follows, with the far end
// as caller (made by the UA) or as callee (made by UA.Call). Its methods may be
// called from any goroutine, also from callbacks; they never wait.
type Dialog struct {
	u      *UA
	w      *worker
	client bool
	state  atomic.Int32
	callID string
	invite *Request // theirs, or ours when client

	// guarded by w.mu
	g           *group
	owner       Owner
	localTag    string
	remoteTag   string
	localValue  string   // From of our requests, with tag; of a client only
	remoteValue string   // To of our requests, with tag
	target      string   // remote target: URI of their Contact
	routes      []string // route set, next hop first
	localSeq    uint32
	remoteSeq   uint32
	heard       bool // remoteSeq is set
	told        bool // Owner.Ended is called or about to be
	halfOpen    bool // counted as such
	canUpdate   bool // they allow UPDATE
	flow        flow
	held        *tcpConn  // connection that counts this dialog
	waitingBye  *farewell // waits for the ACK
	accepted    *accepted // our 2xx that has no ACK
	reinvite    *Request  // theirs, unanswered
	update      *Request  // theirs, unanswered
	ours        *clientTx // our INVITE or UPDATE in the dialog, unanswered
	localSDP    []byte    // the session as we described it last
	remoteSDP   []byte    // and as they did
	feature     string    // tag of our Contact, RFC 3840
	check       func(network string, to netip.AddrPort) error
	ring        *timer
	session     session
	out         *dialling // of a client dialog
}

// farewell is a hang-up.
type farewell struct {
	reason string // value of the Reason header
	cause  Cause
}

// from is From of our requests, with our tag.
func (d *Dialog) from() string {
	if d.client {
		return d.localValue
	}
	return d.invite.m.value("To") + ";tag=" + d.localTag
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

// SetFeature gives our Contact a feature tag from now on (RFC 3840), such as
// "+sip.srs".
func (d *Dialog) SetFeature(tag string) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.feature = tag
}

// State says how far the dialog is.
func (d *Dialog) State() State { return State(d.state.Load()) }

// grow moves the state on; it never goes back.
func (d *Dialog) grow(s State) {
	if State(d.state.Load()) < s {
		d.state.Store(int32(s))
	}
}
