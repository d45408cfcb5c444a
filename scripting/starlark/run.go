package starlark

import (
	"errors"
	"iter"

	sl "go.starlark.net/starlark"

	"rms/call"
	"rms/scripting/sandbox"
)

// maxIdle is how many goroutines of runs that ended are kept for others.
const maxIdle = 4

// run is one use of a route, from its begin to its end with all waits.
type run struct {
	thread  sl.Thread
	state   *State
	x       sandbox.Exec
	event   *call.Event // that it began with; may be nil
	route   string
	failure string     // of the last verb
	held    []sl.Value // that its loops go through

	runner *runner // nil when the run has no goroutine of its own
	token  string  // that it waits for
	err    error
}

// runner is a goroutine that does runs, one after the other. While one waits the
// goroutine is parked in it.
type runner struct {
	next  func() (waits, ok bool)
	stop  func()
	yield func(waits bool) bool
	job   *run
}

func newRunner() *runner {
	c := &runner{}
	c.next, c.stop = iter.Pull(func(yield func(bool) bool) {
		c.yield = yield
		for c.job != nil {
			c.job.do()
			if c.job = nil; !yield(false) {
				return
			}
		}
	})
	return c
}

var errGivenUp = errors.New("the call is over")

// Run runs a route with the call as its argument, or goes on with the run that waits
// for a token. The error is a *call.ScriptError.
func (s *State) Run(x sandbox.Exec, route string) error {
	r, err := s.begin(x, route)
	if err != nil {
		return err
	}
	s.current = r
	s.meter.Start()
	s.arm(&r.thread)
	waits := r.proceed()
	s.current = nil
	if n := s.meter.Unlogged(); n > 0 {
		x.Log().Warn().Str("route", r.route).Int("dropped", n).Msg("script wrote too many log lines")
	}
	if waits {
		return nil
	}
	return s.end(r)
}

// begin makes a run, or finds the one that waits.
func (s *State) begin(x sandbox.Exec, route string) (*run, error) {
	if call.IsWait(route) {
		r, ok := s.waits.Take(route)
		if !ok {
			return nil, &call.ScriptError{Route: route, Text: "no run waits for this event"}
		}
		r.x = x
		return r, nil
	}
	if s.routes.fns[route] == nil {
		return nil, &call.ScriptError{Route: route, Text: "no such route in " + s.program.name}
	}
	r := s.spare
	if s.spare = nil; r == nil {
		r = &run{state: s}
	}
	r.x, r.event, r.route = x, x.Event(), route
	if s.program.waits {
		r.runner = s.runner()
		r.runner.job = r
	}
	return r, nil
}

// runner returns a goroutine that is free.
func (s *State) runner() *runner {
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return c
	}
	return newRunner()
}

// proceed runs until the end or the next wait, and tells which.
func (r *run) proceed() (waits bool) {
	if r.runner == nil {
		r.do()
		return false
	}
	waits, _ = r.runner.next()
	return waits
}

// do runs the route to its end.
func (r *run) do() {
	r.err = r.state.protect(r.route, &r.thread, func() error {
		_, err := sl.Call(&r.thread, r.state.routes.fns[r.route], sl.Tuple{(*callObject)(r)}, nil)
		return err
	})
}

// end keeps what another run can use.
func (s *State) end(r *run) error {
	err := r.err
	if c := r.runner; c != nil {
		if len(s.idle) < maxIdle {
			s.idle = append(s.idle, c)
		} else {
			c.stop()
		}
	}
	r.x, r.event, r.runner, r.err, r.failure, r.token, r.held = nil, nil, nil, nil, "", "", nil
	r.thread.Uncancel()
	if s.spare == nil && !s.unfit {
		s.spare = r
	}
	return err
}

// wait parks the run until the event of its token has come. The error: it never will.
func (r *run) wait() error {
	if !r.runner.yield(true) {
		return errGivenUp
	}
	return nil
}

// giveUp ends a run that waits: its script goes on nowhere.
func (r *run) giveUp() {
	r.state.current = r
	r.state.meter.Start()
	r.runner.stop()
	r.state.current = nil
}
