package call

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// goneError is a reason why a call cannot be used that errors.Is takes for ErrGone.
type goneError string

func (e goneError) Error() string        { return string(e) }
func (e goneError) Is(target error) bool { return target == ErrGone }

// ErrNoSuchCall says that no live call has that id; errors.Is takes it for ErrGone
// too, because a call that ended leaves nothing behind.
var ErrNoSuchCall error = goneError("there is no such call")

// StateError says that the call is not in the state that a verb needs.
type StateError struct {
	State string // of the call: invited, early, answered, leaving, over
	Text  string
}

func (e *StateError) Error() string { return e.Text }

// Class is what kind of failure an error of a verb is, so that each door answers it
// in its own way and all in the same.
type Class int

// The classes. The numbers in brackets are the status codes of HTTP that fit.
const (
	ClassNone     Class = iota // no error (200)
	ClassArgument              // the caller's mistake: an ArgError (400)
	ClassGone                  // no such call, or it has ended (404)
	ClassState                 // the call is not in the right state (409)
	ClassBusy                  // too much waits for the call, or for the script (503)
	ClassFailed                // any other reason (422)
)

// ClassOf sorts an error of Bind, Invoke, Door or Unknown.
func ClassOf(err error) Class {
	var arg *ArgError
	var state *StateError
	switch {
	case err == nil:
		return ClassNone
	case errors.As(err, &arg):
		return ClassArgument
	case errors.Is(err, ErrGone):
		return ClassGone
	case errors.As(err, &state), errors.Is(err, ErrNoCall):
		return ClassState
	case errors.Is(err, ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return ClassBusy
	}
	return ClassFailed
}

// Door returns an Exec for a verb that comes from outside the script: callID is that
// of a live call, or "" for verbs that need none. The error is ErrNoSuchCall.
func (m *Manager) Door(callID string, o Origin) (*Exec, error) {
	x := &Exec{Origin: o, manager: m, Event: &Event{}}
	if callID == "" {
		return x, nil
	}
	c, ok := m.Find(callID)
	if !ok {
		return nil, ErrNoSuchCall
	}
	x.call, x.key, x.Event.Call = c, c.id, c.id
	return x, nil
}

// doorPrefix begins the name of an event that a door follows, in the place of the
// name of a route: a number and the route that was really given come behind it.
const doorPrefix = "\x00door:"

// follower takes the event of one use of a verb.
type follower func(*Event)

// InvokeThen is Invoke of a verb whose event comes exactly once (Verb.Waits), and
// hands that event to then, whatever becomes of the call. then is called only when
// the error is nil, perhaps before InvokeThen returns; it runs on the call's goroutine
// and must not block. A route that was given runs too.
func (x *Exec) InvokeThen(v *Verb, a Args, then func(*Event)) (any, error) {
	result, err := x.invokeThen(v, a, then)
	x.manager.used(v, err)
	return result, err
}

func (x *Exec) invokeThen(v *Verb, a Args, then follower) (any, error) {
	if err := x.checkRoutes(v, a); err != nil {
		return nil, err
	}
	switch {
	case v.Waits == "":
		return nil, v.errorf("it has no event to wait for")
	case x.call == nil:
		return nil, ErrNoCall
	}
	c := x.call
	return x.inCall("rms_"+v.Name, func() (any, error) {
		n := strconv.FormatUint(c.follow(then), 10)
		result, err := v.Run(x, v.Await(a, doorPrefix+n+":"+a.String(v.Waits)))
		if err != nil {
			delete(c.follows.by, n)
		}
		return result, err
	})
}

// followers are those who wait for an event of one call.
type followers struct {
	last uint64
	by   map[string]follower
}

func (c *Call) follow(f follower) uint64 {
	w := &c.follows
	if w.by == nil {
		w.by = make(map[string]follower)
	}
	w.last++
	w.by[strconv.FormatUint(w.last, 10)] = f
	return w.last
}

// awaited reports whether somebody waits for an event of that name, so that it must
// come whatever other events tell of the same.
func awaited(route string) bool { return IsWait(route) || strings.HasPrefix(route, doorPrefix) }

// followed gives an event that a door follows its real name and hands it over.
func (c *Call) followed(ev *Event) {
	rest, ok := strings.CutPrefix(ev.Name, doorPrefix)
	if !ok {
		return
	}
	n, route, _ := strings.Cut(rest, ":")
	if ev.Name = route; route == "" {
		ev.Name = ev.Kind
	}
	if then := c.follows.by[n]; then != nil {
		delete(c.follows.by, n)
		told := *ev
		told.Call = c.id
		then(&told)
	}
}

// unfollow tells those who still wait when a call is let go of: only after panics.
func (c *Call) unfollow() {
	for n, then := range c.follows.by {
		delete(c.follows.by, n)
		then(&Event{Name: EventEnd, Kind: EventEnd, Call: c.id, Fields: []Field{{"reason", ReasonEnded}}})
	}
}
