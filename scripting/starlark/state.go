package starlark

import (
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	sl "go.starlark.net/starlark"

	"rms/call"
	"rms/scripting/sandbox"
)

// requestRoute is the name that Kamailio scripts use for call.RouteName.
const requestRoute = "ksr_request_route"

// State is one interpreter with the script loaded. One goroutine at a time may use it.
type State struct {
	program *Program
	limits  sandbox.Limits
	meter   *sandbox.Meter
	env     sl.StringDict            // what every file knows besides its own names
	modules map[string]sl.StringDict // globals of loaded files, by the name in load
	routes  *routes
	names   []string // of the routes
	loading *sl.Thread
	held    []sl.Value           // that loops of the top level go through
	frozen  map[uintptr]struct{} // what globals lead to
	unfit   bool

	current *run // nil between runs
	spare   *run // for the next run
	waits   sandbox.Waits[*run]
	idle    []*runner
}

func newState(p *Program) *State {
	s := &State{program: p, env: sl.StringDict{}, modules: map[string]sl.StringDict{}, frozen: map[uintptr]struct{}{}, routes: &routes{fns: map[string]sl.Callable{}}}
	s.limits = sandbox.NewMeter(p.opts.Limits, nil).Limits()
	s.meter = sandbox.NewMeter(s.limits, s.retained)
	s.openOperators()
	s.openMethods()
	s.openBuiltins()
	s.openLoops()
	s.openVerbs()
	s.openRequest()
	s.openLog()
	s.env["event_route"] = s.routes
	return s
}

// load runs the top level of every file, which defines the routes.
func (s *State) load(budget time.Duration) error {
	wide := s.limits
	wide.Budget, wide.Steps = budget, 0
	s.meter.SetLimits(wide)
	defer s.meter.SetLimits(s.limits)
	s.meter.Start()
	globals, err := s.execute(s.program.main)
	if err != nil {
		return err
	}
	for _, name := range []string{requestRoute, call.RouteName} {
		if fn, ok := globals[name].(sl.Callable); ok {
			s.routes.fns[call.RouteName] = fn
		}
	}
	s.routes.closed = true
	s.names = slices.Sorted(maps.Keys(s.routes.fns))
	return nil
}

// execute runs the top level of one file and freezes what it leaves.
func (s *State) execute(m *module) (globals sl.StringDict, err error) {
	outer := s.loading
	t := &sl.Thread{Name: m.name, Load: s.loadModule}
	s.arm(t)
	s.loading = t
	defer func() { s.loading = outer }()
	err = s.protect("(top level)", t, func() error {
		globals, err = m.prog.Init(t, s.env)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.freeze(globals); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	return globals, nil
}

// loadModule is what load does.
func (s *State) loadModule(_ *sl.Thread, rel string) (sl.StringDict, error) {
	if globals, ok := s.modules[rel]; ok {
		return globals, nil
	}
	globals, err := s.execute(s.program.modules[rel])
	if err == nil {
		s.modules[rel] = globals
	}
	return globals, err
}

// maxCalls is how many functions may be running inside one another: each takes some
// 2 kB of the stack.
const maxCalls = 200

// stepsApart is how many steps of the interpreter lie between two looks of the meter.
const stepsApart = 64

// arm makes the meter watch a thread from now on.
func (s *State) arm(t *sl.Thread) {
	t.Steps = 0
	t.SetMaxExecutionSteps(stepsApart)
	t.OnMaxSteps = s.tick
}

// tick is called by the interpreter.
func (s *State) tick(t *sl.Thread) {
	t.SetMaxExecutionSteps(t.Steps + stepsApart)
	if err := s.meter.Spend(stepsApart); err != nil {
		t.Cancel(err.Error())
	}
	if t.CallStackDepth() > maxCalls {
		t.Cancel(fmt.Sprintf("more than %d functions inside one another", maxCalls))
	}
}

// protect calls fn, which runs a thread, and turns what goes wrong into an error that
// says where.
func (s *State) protect(route string, t *sl.Thread, fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.unfit = true
			err = &call.ScriptError{Route: route, Where: position(t), Text: sandbox.Line(fmt.Sprintf("internal error: %v\n%s", r, debug.Stack()))}
		}
	}()
	failed, stopped := fn(), s.meter.Stopped()
	switch {
	case stopped == sandbox.ErrExit: //nolint:errorlint // never wrapped
		return nil
	case failed == nil && stopped == nil:
		return nil
	}
	return s.scriptError(route, failed, stopped)
}

// Routes lists the routes by name.
func (s *State) Routes() []string { return s.names }

// Fit reports whether the state may be used for another run. A run that was cut off
// leaves nothing behind, because globals are frozen.
func (s *State) Fit() bool { return !s.unfit }

// Holds reports whether a run waits for the event of a token.
func (s *State) Holds(token string) bool { return s.waits.Holds(token) }

// Waiting counts the runs that wait.
func (s *State) Waiting() int { return s.waits.Len() }

// Forget gives up the runs of a call that wait.
func (s *State) Forget(key string) {
	for _, r := range s.waits.Forget(key) {
		r.giveUp()
	}
}

// Close gives up what waits and frees the state.
func (s *State) Close() {
	for _, r := range s.waits.All() {
		s.waits.Take(r.token)
		r.giveUp()
	}
	for _, c := range s.idle {
		c.stop()
	}
	s.idle = nil
}
