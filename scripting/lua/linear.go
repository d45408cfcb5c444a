package lua

import (
	"fmt"
	"runtime/debug"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
	"rms/scripting/sandbox"
)

// Sizes of a thread that runs a route: it may wait for long, so it begins small.
const (
	threadRegistry = 64  // values on its stack at first
	threadGrow     = 256 // and more each time
	maxProtected   = 64  // pcalls inside one another
	maxSpare       = 4   // threads kept for the next runs
)

// linear is one run of a route in a script that waits. The route has a thread of its
// own, and so has the function of each pcall that runs: a thread can wait only when no
// Go function is in the middle of it. The last thread is the one that runs.
type linear struct {
	number  int
	route   string
	event   *call.Event // that the run began with
	threads []*glua.LState
	guards  []glua.LValue // for each pcall: the handler of xpcall, or nil

	token string        // set when the last thread waits
	enter []glua.LValue // set when it called pcall: a function and its arguments
	guard glua.LValue
	args  []glua.LValue // for the function that the last thread begins

	done    bool          // set when the function of the last thread has returned
	results []glua.LValue // and what it returned
}

func (r *linear) top() *glua.LState { return r.threads[len(r.threads)-1] }

// begin runs a route on a thread of its own.
func (s *State) begin(route string, fn *glua.LFunction) error {
	r := &linear{number: s.run, route: route, event: s.event}
	return s.advance(r, s.enter(r, fn, []glua.LValue{s.callObject()}))
}

// enter gives a function a thread and returns what that is to be resumed with.
func (s *State) enter(r *linear, fn glua.LValue, args []glua.LValue) []glua.LValue {
	r.args = args
	if n := len(s.spare); n > 0 {
		r.threads = append(r.threads, s.spare[n-1])
		s.spare = s.spare[:n-1]
	} else {
		r.threads = append(r.threads, s.newThread())
	}
	return []glua.LValue{fn}
}

// leave takes the last thread, which may serve others, off a run.
func (s *State) leave(r *linear, whole bool) {
	last := len(r.threads) - 1
	if th := r.threads[last]; whole && len(s.spare) < maxSpare {
		s.spare = append(s.spare, th)
	}
	r.threads[last] = nil
	r.threads = r.threads[:last]
}

// newThread makes a thread that runs one function after the other (see loopProto).
func (s *State) newThread() *glua.LState {
	_ = s.meter.Build(threadBytes)
	main, options := s.L, s.L.Options
	main.Options.MinimizeStackMemory = true
	main.Options.RegistrySize, main.Options.RegistryGrowStep = threadRegistry, threadGrow
	main.RemoveContext() // a thread would get one that counts nothing
	main.SetTop(0)
	main.Push(s.looper)
	s.threadNew(main)
	th, _ := main.Get(-1).(*glua.LState)
	main.SetTop(0)
	main.Options = options
	main.SetContext(s.meter)
	th.Options = options
	th.SetContext(s.meter)
	return th
}

// advance runs the threads of a run until the first has ended or the last one waits.
// values are what the last one is given.
func (s *State) advance(r *linear, values []glua.LValue) (err error) {
	s.current = r
	defer func() {
		s.current = nil
		if p := recover(); p != nil {
			s.unfit = true
			err = &call.ScriptError{Route: r.route, Text: fmt.Sprintf("internal error: %v\n%s", p, debug.Stack())}
		}
	}()
	for {
		th := r.top()
		failed := s.resume(th, values)
		switch {
		case r.token != "":
			s.waits.Put(r.token, s.x.Key(), r)
			r.token = ""
			return nil
		case r.enter != nil:
			values = s.protected(r)
		case len(r.threads) > 1:
			values = s.unprotected(r, failed)
		case r.done:
			s.leave(r, true)
			return s.ended(r, nil, "")
		default:
			return s.ended(r, failed, s.place(th))
		}
	}
}

// resume lets a thread go on until its function returns, waits or calls pcall, and
// returns its error.
func (s *State) resume(th *glua.LState, values []glua.LValue) (failed glua.LValue) {
	main := s.L
	main.SetTop(0)
	main.Push(th)
	for _, v := range values {
		main.Push(v)
	}
	n := s.threadResume(main)
	if first := main.GetTop() - n + 1; !glua.LVAsBool(main.Get(first)) {
		failed = main.Get(first + 1)
	}
	main.SetTop(0)
	return failed
}

// protected begins what a pcall asked for.
func (s *State) protected(r *linear) []glua.LValue {
	fn, args := r.enter[0], r.enter[1:]
	r.enter = nil
	if len(r.threads) > maxProtected {
		text := fmt.Sprintf("pcall nested too deeply: %d is the limit", maxProtected)
		return []glua.LValue{glua.LFalse, glua.LString(text)}
	}
	r.guards = append(r.guards, r.guard)
	return s.enter(r, fn, args)
}

// unprotected ends a pcall and returns its results.
func (s *State) unprotected(r *linear, failed glua.LValue) []glua.LValue {
	last := len(r.guards) - 1
	guard := r.guards[last]
	r.guards = r.guards[:last]
	s.leave(r, r.done)
	if r.done {
		results := r.results
		r.done, r.results = false, nil
		return results
	}
	if guard != nil {
		failed = s.handled(guard, failed)
	}
	return []glua.LValue{glua.LFalse, failed}
}

// handled asks the handler of an xpcall what becomes of an error.
func (s *State) handled(handler, failed glua.LValue) glua.LValue {
	s.L.SetTop(0)
	s.L.Push(handler)
	s.L.Push(failed)
	if s.L.PCall(1, 1, nil) != nil {
		s.L.SetTop(0)
		return glua.LString("error in error handling")
	}
	result := s.L.Get(-1)
	s.L.SetTop(0)
	return result
}

// ended turns what a run ended with into its error.
func (s *State) ended(r *linear, failed glua.LValue, where string) error {
	stopped := s.meter.Stopped()
	switch {
	case stopped == sandbox.ErrExit: //nolint:errorlint // never wrapped
		return nil
	case stopped != nil:
		s.unfit = true
	case failed == nil:
		return nil
	}
	e := &call.ScriptError{Route: r.route}
	if failed != nil {
		e.Where, e.Text = s.split(strings.TrimPrefix(failed.String(), innerName+":1: "))
	}
	if e.Where == "" {
		e.Where = where
	}
	if stopped != nil {
		e.Text = stopped.Error()
	}
	e.Text = sandbox.Line(e.Text)
	return e
}

// place tells the line of the script that a thread stopped in.
func (s *State) place(th *glua.LState) string {
	for level := 0; level < callDepth; level++ {
		frame, ok := th.GetStack(level)
		if !ok {
			return ""
		}
		if _, err := th.GetInfo("Sl", frame, glua.LNil); err == nil && s.program.has(frame.Source) {
			return fmt.Sprintf("%s:%d", frame.Source, frame.CurrentLine)
		}
	}
	return ""
}
