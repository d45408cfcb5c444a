package call

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"rms/sip"
)

// ErrGone says that the call has ended, so that nothing can be done with it.
var ErrGone = errors.New("the call has ended")

// ErrNoCall says that a verb needs a call and there is none.
var ErrNoCall = errors.New("there is no call here (the request is outside any dialog)")

// Origin tells through which door a verb came, because a play without a route
// hangs up only in the script form.
type Origin int

// The doors.
const (
	FromScript Origin = iota
	FromAPI
)

// Exec is one run of a route or of a verb: the call (nil for a request outside
// any dialog), the event that started it, and the SIP request that is being
// handled (nil in event routes). Its methods may be used from any goroutine but
// the call's own.
type Exec struct {
	Event  *Event
	Origin Origin

	call    *Call
	manager *Manager
	request *sip.Request
	key     string
	viaAPI  bool // it came as a command: no play of it ends the call
}

// Key names the line of runs that this one stands in: runs with the same key
// follow one another.
func (x *Exec) Key() string { return x.key }

// CallID returns the id of the call, "" outside a call.
func (x *Exec) CallID() string {
	if x.call == nil {
		return ""
	}
	return x.call.id
}

// Log returns the logger of the call, or of the server outside a call.
func (x *Exec) Log() *zerolog.Logger {
	if x.call == nil {
		return &x.manager.log
	}
	l := x.manager.log.With().Str("call_id", x.call.id).Logger()
	return &l
}

// Invoke runs a verb with checked arguments on the call's goroutine and waits
// for its result; nil means true. The wait is short, because verbs do not block.
// An *ArgError is a mistake of the caller; any other error is a reason.
func (x *Exec) Invoke(v *Verb, a Args) (any, error) {
	result, err := x.invoke(v, a)
	x.manager.used(v, err)
	return result, err
}

func (x *Exec) invoke(v *Verb, a Args) (any, error) {
	if err := x.checkRoutes(v, a); err != nil {
		return nil, err
	}
	if x.call == nil && !v.NoCall {
		return nil, ErrNoCall
	}
	if x.call == nil || v.Free {
		return v.Run(x, a)
	}
	return x.inCall("rms_"+v.Name, func() (any, error) { return v.Run(x, a) })
}

// inCall runs op in the call's mailbox and waits for its result; a panic there is
// an error here.
func (x *Exec) inCall(what string, op func() (any, error)) (value any, err error) {
	finished := false
	posted := x.call.box.do(func() {
		value, err = op()
		finished = true
	})
	switch {
	case posted != nil:
		return nil, posted
	case !finished:
		return nil, fmt.Errorf("%s: internal error, the call is ended", what)
	}
	return value, err
}

// checkRoutes refuses a route name that the script does not have, before
// anything was done.
func (x *Exec) checkRoutes(v *Verb, a Args) error {
	for i := range v.Params {
		p := &v.Params[i]
		name := a.String(p.Name)
		if p.Kind == Route && name == EventEnd {
			return fmt.Errorf("rms_%s: %s is the last event of each call: use a name of your own", v.Name, name)
		}
		if p.Kind != Route || name == "" || name == p.Default || x.router().Has(name) {
			continue
		}
		return fmt.Errorf("rms_%s: the script has no event_route[%q]", v.Name, name)
	}
	return nil
}

func (x *Exec) router() Router {
	if x.call != nil {
		return x.call.router
	}
	return x.manager.opts.Router
}

// Reply answers the current request. An INVITE is answered with a final 2xx only
// by the verb answer, because a 200 needs SDP.
func (x *Exec) Reply(code int, reason string) error {
	r := x.request
	if r == nil {
		return errors.New("there is no request to reply to in an event route")
	}
	if r.Answered() {
		return errors.New("the request is already answered")
	}
	if code < 100 || code > 699 {
		return fmt.Errorf("%d is no SIP status code (100 to 699)", code)
	}
	ok := code >= 200 && code < 300
	if x.call == nil || !x.call.isInvite(r) {
		if ok && len(r.SDP()) > 0 && (r.Method() == "UPDATE" || r.Method() == "INVITE") {
			return errors.New("a 2xx to an offer needs an answer: use rms_sip_request")
		}
		return r.Reply(code, reason, sip.ReplyOptions{})
	}
	if ok {
		return errors.New("a 2xx to an INVITE needs SDP: use rms_answer")
	}
	_, err := x.inCall("reply", func() (any, error) { return nil, x.call.reply(code, reason) })
	return err
}

// Request returns the SIP request that the route handles, nil in event routes.
func (x *Exec) Request() *sip.Request { return x.request }

// Method returns the method of the request that the route handles, "" in event
// routes.
func (x *Exec) Method() string {
	if x.request == nil {
		return ""
	}
	return x.request.Method()
}

// HasToTag reports whether the request that the route handles has a To-tag.
func (x *Exec) HasToTag() bool {
	if x.request == nil {
		return false
	}
	return x.request.To().Tag != ""
}

// Header returns the values of a header field of the current request, or of the
// INVITE of the call in an event route, in the order of the message.
func (x *Exec) Header(name string) []string {
	if r := x.source(); r != nil {
		return r.Header(name)
	}
	return nil
}

func (x *Exec) source() *sip.Request {
	switch {
	case x.request != nil:
		return x.request
	case x.call != nil && x.call.dialog != nil:
		return x.call.dialog.Invite()
	}
	return nil
}

// Info returns what is known of the current request and its call.
func (x *Exec) Info() Info {
	var i Info
	if r := x.source(); r != nil {
		i = infoOf(r)
	} else if x.call != nil {
		i = x.call.socketInfo()
	}
	i.ID = x.CallID()
	return i
}
