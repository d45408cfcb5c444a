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

	done  bool          // set when the route has returned
	token string        // set when the last thread waits
	enter []glua.LValue // set when it called pcall: a function and its arguments
	guard glua.LValue
}

func (r *linear) top() *glua.LState { return r.threads[len(r.threads)-1] }

// begin runs a route on a thread of its own.
func (s *State) begin(route string, fn *glua.LFunction) error {
	r := &linear{number: s.run, route: route, event: s.event}
	if n := len(s.spare); n > 0 {
		r.threads = append(r.threads, s.spare[n-1])
		s.spare = s.spare[:n-1]
	} else {
		s.push(r, s.looper)
	}
	return s.advance(r, []glua.LValue{fn, s.callObject()})
}

// push makes a thread that will call fn.
func (s *State) push(r *linear, fn glua.LValue) {
	main, options := s.L, s.L.Options
	main.Options.MinimizeStackMemory = true
	main.Options.RegistrySize, main.Options.RegistryGrowStep = threadRegistry, threadGrow
	main.RemoveContext() // a thread would get one that counts nothing
	main.SetTop(0)
	main.Push(fn)
	s.threadNew(main)
	th, _ := main.Get(-1).(*glua.LState)
	main.SetTop(0)
	main.Options = options
	main.SetContext(s.meter)
	th.Options = options
	th.SetContext(s.meter)
	r.threads = append(r.threads, th)
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
		ok, results := s.resume(th, values)
		switch {
		case r.token != "":
			s.waits.Put(r.token, s.x.Key(), r)
			r.token = ""
			return nil
		case r.enter != nil:
			values = s.protected(r)
		case len(r.threads) > 1:
			values = s.unprotected(r, ok, results)
		case r.done:
			if len(s.spare) < maxSpare {
				s.spare = append(s.spare, th)
			}
			return s.ended(r, nil, "")
		case ok: // the loop of the thread has no end
			return s.ended(r, glua.LString("the thread of the route ended"), "")
		default:
			return s.ended(r, results[0], s.place(th))
		}
	}
}

// resume lets a thread go on until it ends, waits or calls pcall, and returns its
// results or its error.
func (s *State) resume(th *glua.LState, values []glua.LValue) (ok bool, results []glua.LValue) {
	main := s.L
	main.SetTop(0)
	main.Push(th)
	for _, v := range values {
		main.Push(v)
	}
	n := s.threadResume(main)
	first := main.GetTop() - n + 1
	ok = glua.LVAsBool(main.Get(first))
	for i := first + 1; i <= main.GetTop(); i++ {
		results = append(results, main.Get(i))
	}
	main.SetTop(0)
	if !ok && len(results) == 0 {
		results = []glua.LValue{glua.LNil}
	}
	return ok, results
}

// protected begins what a pcall asked for, and returns its arguments.
func (s *State) protected(r *linear) []glua.LValue {
	fn, args := r.enter[0], r.enter[1:]
	r.enter = nil
	if f, plain := fn.(*glua.LFunction); !plain || f.IsG {
		args = append([]glua.LValue{fn}, args...) // only Lua code can begin a thread
		fn = s.caller
	}
	if len(r.threads) > maxProtected {
		text := fmt.Sprintf("pcall nested too deeply: %d is the limit", maxProtected)
		return []glua.LValue{glua.LFalse, glua.LString(text)}
	}
	s.push(r, fn)
	r.guards = append(r.guards, r.guard)
	return args
}

// unprotected ends a pcall and returns its results.
func (s *State) unprotected(r *linear, ok bool, results []glua.LValue) []glua.LValue {
	last := len(r.threads) - 1
	guard := r.guards[last-1]
	r.threads[last], r.guards[last-1] = nil, nil
	r.threads, r.guards = r.threads[:last], r.guards[:last-1]
	if !ok && guard != nil {
		results = s.handled(guard, results[0])
	}
	return append([]glua.LValue{glua.LBool(ok)}, results...)
}

// handled asks the handler of an xpcall what becomes of an error.
func (s *State) handled(handler, failed glua.LValue) []glua.LValue {
	s.L.SetTop(0)
	s.L.Push(handler)
	s.L.Push(failed)
	if s.L.PCall(1, 1, nil) != nil {
		s.L.SetTop(0)
		return []glua.LValue{glua.LString("error in error handling")}
	}
	result := s.L.Get(-1)
	s.L.SetTop(0)
	return []glua.LValue{result}
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
