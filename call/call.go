package call

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"rms/media/wire/audiosocket"
	"rms/sip"
)

// state is where a call stands. It only moves forward.
type state int

const (
	invited  state = iota // INVITE came, nothing final sent
	early                 // 180 or 183 was sent; a verb must answer or reject
	answered              // 200 was sent
	leaving               // we hung up or rejected; the dialog is not over yet
	over                  // rms:end was sent
)

func (s state) String() string {
	return [...]string{"invited", "early", "answered", "leaving", "over"}[s]
}

// Call is one call: a leg with its media and what the script does with it. All
// fields below box belong to the functions that run in the mailbox.
type Call struct {
	id      string
	manager *Manager
	dialog  *sip.Dialog // nil when the call did not come by SIP
	far     signalling
	peer    *audiosocket.Peer // nil when the call did not come by AudioSocket
	router  Router
	release func() // of the router; nil when it was called
	began   time.Time
	vars    vars
	box     mailbox
	glance  glance

	state      state
	route      string // the name given to answer, "rms:start" by default
	leg        *leg   // nil before there is media, and when it is stopped
	plays      playlist
	streams    []*stream
	tails      []*stream    // that are over, whose audio still plays
	streaming  atomic.Int32 // streams with media
	files      callFiles    // that play events of streams named
	forwards   []*forward
	siprecs    []*siprecOut
	recordings []*recording
	feed       *feed       // of the recordings; nil while none has audio
	hidden     bool        // traces were told to hide keys
	held       *held       // an answer that waits for recordings
	patience   *time.Timer // with the disk, when the media is over
	siprecIn   *siprecIn   // nil unless a recording client placed the call
	keys       keyLog
	follows    followers
	typed      typed // keys that nobody asked for yet
	collecting *collect
	sleeps     []*sleeping
	socket     *handed // to an Event Socket application
	lent       bool    // it was handed to one: the INVITE is not answered without a verb
	keysTold   int     // routes of rms:dtmf that wait or run
	started    bool    // the start event was sent
	acked      bool    // rms:ack was sent
	answeredAt time.Time
	lastHeard  time.Time   // when the last packet of a prompt has been played out
	limit      *time.Timer // maximum duration

	runs       int // routes that wait or run
	closing    int // legs that are being closed
	crashes    int
	dialogOver bool
	cause      sip.Cause
	legStats   legStats
}

// ID returns the id of the call, a UUID.
func (c *Call) ID() string { return c.id }

// isInvite tells whether r is the INVITE that began the call.
func (c *Call) isInvite(r *sip.Request) bool {
	return c.dialog != nil && r == c.dialog.Invite()
}

// begin is the first thing in the mailbox: rms:invite, then the script's route,
// then the built-in answer for an INVITE that the script left alone.
func (c *Call) begin() {
	r := c.dialog.Invite()
	i := infoOf(r)
	c.info().Str("from", i.From).Str("to", i.To).Str("ruri", i.RURI).Str("source", i.Source).
		Str("sip_call_id", i.SIPCallID).Msg("call came in")
	if err := c.takeSiprec(); err != nil {
		c.watch(c.requestEvent(EventInvite, r))
		c.refused(err)
		return
	}
	c.emitThen(c.requestEvent(EventInvite, r), r, func(err error) {
		switch {
		case c.state != invited || r.Answered():
		case err == nil:
			c.request(r)
		default:
			c.unrouted(err)
		}
	})
}

// unrouted refuses an INVITE whose route failed or could not run.
func (c *Call) unrouted(err error) {
	code, reason, h := 503, "Script Overloaded", retryAfter
	if se := (*ScriptError)(nil); errors.As(err, &se) {
		code, reason, h = 500, "Script Error", nil
	}
	if err := c.reject(code, reason, h...); err != nil {
		c.debug().Err(err).Msg("call not rejected")
	}
}

// retryAfter goes with a 503 (RFC 3261 section 21.5.4).
var retryAfter = []sip.Header{{Name: "Retry-After", Value: "5"}}

// request runs the script's route for a request of the call, then what is built
// in for a request that the route left alone.
func (c *Call) request(r *sip.Request) {
	if !c.router.Has(RouteName) {
		c.builtin(r)
		return
	}
	err := c.run(&Exec{request: r, Event: c.requestEvent(RouteName, r)}, RouteName, func(err error) { c.routed(r, err) })
	if err == nil {
		return
	}
	c.warn().Err(err).Str("method", r.Method()).Msg("route skipped")
	c.manager.dropped.Add(1)
	if c.isInvite(r) {
		c.unrouted(err) // it would be answered without the script that is to run it
		return
	}
	c.builtin(r)
}

func (c *Call) routed(r *sip.Request, err error) {
	if err == nil {
		c.builtin(r)
		return
	}
	c.scriptFailed(err)
	switch {
	case r.Answered():
	case c.isInvite(r):
		c.unrouted(err)
	case r.Method() == "BYE":
		c.builtin(r) // a broken script must not keep the caller in the call
	default:
		_ = r.Reply(500, "Script Error", sip.ReplyOptions{})
	}
}

// maxCrashes is after how many panics a call is dropped as it is.
const maxCrashes = 3

// crashed ends the call after a panic in one of its functions. What that function
// left undone is done here, so that the end comes.
func (c *Call) crashed(p any) {
	c.failure().Str("err", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("call panicked")
	_ = c.box.must(func() {
		if c.crashes++; c.state == over || c.crashes > maxCrashes {
			c.abandon()
			return
		}
		c.emit(&Event{Name: EventMediaError, Fields: []Field{{"where", "call"}, {"error", fmt.Sprint(p)}}})
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "internal error"})
		c.stopMedia()
		c.finish()
	})
}

// abandon lets go of a call that cannot even end.
func (c *Call) abandon() {
	c.dropHeld()
	c.dropWaits()
	l := c.leg
	for _, s := range c.streams {
		if s.life != nil {
			c.streaming.Add(-1)
			c.manager.streaming.Add(-1)
			c.manager.spawn(s.life.abort)
		}
	}
	for _, r := range append([]*recording(nil), c.recordings...) {
		if r.to != nil {
			r.to.Stop(r.position(), ReasonError)
		}
		_ = protect(func() { r.tell(ReasonError, nil, nil) })
	}
	_ = protect(c.stopSiprecs)
	c.streams, c.tails, c.recordings, c.feed = nil, nil, nil, nil
	c.leg, c.plays = nil, playlist{}
	if l != nil {
		c.closeLeg(l)
	}
	if !c.dialogOver {
		_ = c.far.Bye("")
	}
	c.dialogOver, c.closing, c.runs = true, 0, 0
	if c.state == over || protect(c.finish) != nil {
		c.forget()
	}
}
