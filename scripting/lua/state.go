package lua

import (
	"fmt"
	"runtime/debug"
	"time"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
	"rms/scripting/sandbox"
)

const (
	callDepth    = 200 // nested function calls
	registrySize = 512 // values on the stack at first
	registryMax  = 1 << 16
	measureEvery = 2 * time.Millisecond // of run time, between two looks at the globals
)

// State is one interpreter with the script loaded. One goroutine at a time may
// use it.
type State struct {
	program *Program
	limits  sandbox.Limits
	meter   *sandbox.Meter
	L       *glua.LState
	routes  map[string]*glua.LFunction
	names   []string
	loading bool
	unfit   bool

	x       sandbox.Exec // of the current run, nil between runs
	event   *call.Event  // that the current run began with; may be nil
	run     int          // number of the current run: objects of others are dead
	runs    int          // that began
	depth   int          // of nested coroutines
	threads int          // made in the current run

	unwalked time.Duration // run time since the globals were measured
	walk     time.Duration // that measuring them took

	waits        sandbox.Waits[*linear]
	current      *linear // the current run, in a script that waits
	threadNew    glua.LGFunction
	threadResume glua.LGFunction
	looper       *glua.LFunction // runs function after function
	spare        []*glua.LState  // threads in it
	frames       map[uintptr]int // see flat

	modules *glua.LTable // what required files returned; false while one runs

	callMeta, varMeta *glua.LTable
}

func newState(p *Program) *State {
	s := &State{program: p, routes: map[string]*glua.LFunction{}}
	s.L = glua.NewState(glua.Options{
		CallStackSize: callDepth, RegistrySize: registrySize, RegistryMaxSize: registryMax,
		RegistryGrowStep: 4096, SkipOpenLibs: true,
	})
	s.limits = sandbox.NewMeter(p.opts.Limits, nil).Limits()
	s.meter = sandbox.NewMeter(s.limits, s.retained)
	s.openLibs()
	s.openCall()
	s.openVerbs()
	s.openKSR()
	s.openLog()
	s.openRoutes()
	s.openRequire()
	return s
}

// load runs the top level, which defines the routes.
func (s *State) load(budget time.Duration) (err error) {
	s.meter.SetLimits(loadLimits(s.limits, budget))
	s.meter.Start()
	s.L.SetContext(s.meter)
	s.loading = true
	defer func() {
		s.loading = false
		s.meter.SetLimits(s.limits)
	}()
	s.L.Push(s.L.NewFunctionFromProto(s.program.proto))
	s.L.Push(s.L.NewFunction(s.concat))
	if err := s.protect("(top level)", 1); err != nil {
		return err
	}
	s.bindRoutes()
	return nil
}

// Routes lists the routes by name.
func (s *State) Routes() []string { return s.names }

// Fit reports whether the state may be used for another run.
func (s *State) Fit() bool { return !s.unfit }

// Holds reports whether a run waits for the event of a token.
func (s *State) Holds(token string) bool { return s.waits.Holds(token) }

// Waiting counts the runs that wait.
func (s *State) Waiting() int { return s.waits.Len() }

// Forget gives up the runs of a call that wait: nobody resumes them any more.
func (s *State) Forget(key string) { s.waits.Forget(key) }

// Close frees the state.
func (s *State) Close() { s.L.Close() }

// Run runs a route with the call as its argument, or goes on with the run that waits
// for a token. The error is a *call.ScriptError.
func (s *State) Run(x sandbox.Exec, route string) error {
	fn := s.routes[route]
	waited := fn == nil && call.IsWait(route)
	if fn == nil && !waited {
		return &call.ScriptError{Route: route, Text: "no such route in " + s.program.name}
	}
	s.x, s.event = x, x.Event()
	s.runs++
	s.run = s.runs
	s.threads, s.depth = 0, 0
	s.meter.Start()
	var err error
	switch {
	case waited:
		route, err = s.goOn(route)
	case s.program.waits && !fn.IsG:
		err = s.begin(route, fn)
	default:
		s.L.SetTop(0)
		s.L.Push(fn)
		s.L.Push(s.callObject())
		err = s.protect(route, 1)
	}
	if n := s.meter.Unlogged(); n > 0 {
		x.Log().Warn().Str("route", route).Int("dropped", n).Msg("script wrote too many log lines")
	}
	s.x, s.event = nil, nil
	s.measure()
	return err
}

// measure looks now and then at what the script keeps: a tenth of the time that runs
// take, at most.
func (s *State) measure() {
	s.unwalked += s.meter.Elapsed()
	if s.unfit || s.unwalked < max(measureEvery, 10*s.walk) {
		return
	}
	began := time.Now()
	s.unfit = s.retained() > s.limits.Memory
	s.unwalked, s.walk = 0, time.Since(began)
}

// protect calls the function on the stack and turns what goes wrong into an
// error that says where.
func (s *State) protect(route string, nargs int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.unfit = true
			err = &call.ScriptError{Route: route, Text: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
		}
	}()
	failed := s.L.PCall(nargs, 0, nil)
	stopped := s.meter.Stopped()
	switch {
	case stopped == sandbox.ErrExit: //nolint:errorlint // never wrapped
		return nil
	case stopped != nil:
		s.unfit = true
	case failed == nil:
		return nil
	}
	return s.scriptError(route, failed, stopped)
}

// build counts a string that a builtin is about to make, and raises an error
// when it is too long or the run has had its share.
func (s *State) build(L *glua.LState, size int) {
	if size > s.limits.String {
		_ = s.meter.Build(s.limits.String) // what was put together until now
		L.RaiseError("string too long: %d bytes (limit %d)", size, s.limits.String)
	}
	if err := s.meter.Build(size); err != nil {
		L.RaiseError("%s", err.Error())
	}
}

// spend counts work of a builtin.
func (s *State) spend(L *glua.LState, steps int) {
	if err := s.meter.Spend(steps); err != nil {
		L.RaiseError("%s", err.Error())
	}
}
