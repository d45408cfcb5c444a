package call

import (
	"fmt"
	"runtime/debug"
	"time"

	"rms/sip"

	"github.com/rs/zerolog"
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
	dialog  *sip.Dialog
	router  Router
	log     zerolog.Logger
	began   time.Time
	vars    vars
	box     mailbox

	state      state
	route      string // the name given to answer, "rms:start" by default
	leg        *leg   // nil before there is media, and when it is stopped
	closing    bool   // the leg is being closed
	plays      playlist
	started    bool // the start event was sent
	answeredAt time.Time
	limit      *time.Timer // maximum duration
	heard      time.Time   // when the last packet of a play has been played out
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
	c.log.Info().Str("from", i.From).Str("to", i.To).Str("ruri", i.RURI).Str("source", i.Source).
		Str("sip_call_id", i.SIPCallID).Msg("call came in")
	ev := requestEvent(c.id, r)
	ev.Name = EventInvite
	c.emitThen(ev, r, func(err error) {
		if c.state != invited || r.Answered() {
			return
		}
		if err != nil {
			c.reject(500, "Script Error")
			return
		}
		c.request(r)
	})
}

// request runs the script's route for a request of the call, then what is built
// in for a request that the route left alone.
func (c *Call) request(r *sip.Request) {
	if !c.router.Has(RouteName) {
		c.builtin(r)
		return
	}
	x := &Exec{manager: c.manager, call: c, request: r, key: c.id, Event: requestEvent(c.id, r)}
	err := c.router.Run(x, RouteName, func(err error) {
		_ = c.box.must(func() { c.routed(r, err) })
	})
	if err != nil {
		c.log.Warn().Err(err).Str("method", r.Method()).Msg("route skipped")
		c.builtin(r)
	}
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
		c.reject(500, "Script Error")
	case r.Method() == "BYE":
		c.builtin(r) // a broken script must not keep the caller in the call
	default:
		_ = r.Reply(500, "Script Error", sip.ReplyOptions{})
	}
}

// crashed ends the call after a panic in one of its functions.
func (c *Call) crashed(p any) {
	c.log.Error().Str("err", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("call panicked")
	_ = c.box.must(func() {
		if c.state == over {
			return
		}
		c.emit(&Event{Name: EventMediaError, Fields: []Field{{"where", "call"}, {"error", fmt.Sprint(p)}}})
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "internal error"})
	})
}
