package lua

import (
	"errors"
	"runtime"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
)

// waitVerb is rms.<name>_wait on the stack of a thread: it runs the verb and lets the
// run wait for its event. It is called through a wrapper (see wrapped).
func (s *State) waitVerb(L *glua.LState, v *call.Verb) int {
	positional, named, err := s.arguments(L)
	if err == nil {
		var args call.Args
		if args, err = v.WaitForm().Bind(positional, named); err == nil {
			return s.await(L, v, args)
		}
		return s.wrong(L, err.Error())
	}
	return s.wrong(L, "rms_"+v.WaitForm().Name+": "+err.Error())
}

// pauseVerb is the plain name of a verb that waits when it is given no route.
func (s *State) pauseVerb(L *glua.LState, v *call.Verb) int {
	positional, named, err := s.arguments(L)
	if err != nil {
		return s.wrong(L, "rms_"+v.Name+": "+err.Error())
	}
	args, err := v.Bind(positional, named)
	switch {
	case err != nil:
		return s.wrong(L, err.Error())
	case v.Waiting(args):
		return s.await(L, v, args)
	}
	result, err := s.use(L, v, args)
	return verbResult(L, result, err)
}

// await invokes a verb and yields until its event has come.
func (s *State) await(L *glua.LState, v *call.Verb, args call.Args) int {
	if s.x == nil {
		return s.wrong(L, "rms_"+v.WaitForm().Name+": works in a route, not while the script loads")
	}
	if !s.flat(L) {
		return s.wrong(L, "rms_"+v.WaitForm().Name+": cannot wait here: not in a coroutine, a metamethod, a function given to table.sort or string.gsub")
	}
	token, err := s.waits.Token(v, s.x.Key())
	if err == nil {
		_, err = s.use(L, v, v.Await(args, token))
	}
	if errors.Is(err, call.ErrGone) {
		s.meter.Exit() // a script that waits in a loop ends with its call
		L.RaiseError("exit")
	}
	if err != nil {
		return verbResult(L, nil, err)
	}
	s.current.token = token
	L.SetTop(0)
	return -1
}

// wrong raises a mistake of the line of the script that runs, not of the wrapper.
func (s *State) wrong(L *glua.LState, text string) int {
	if where := s.place(L); where != "" {
		text = where + ": " + text
	}
	L.Error(glua.LString(text), 0)
	return 0
}

// goOn continues the run that waits for a token.
func (s *State) goOn(token string) (route string, err error) {
	r, ok := s.waits.Take(token)
	if !ok {
		return "", &call.ScriptError{Text: "nothing waits for this event any more"}
	}
	s.run, s.event = r.number, r.event
	return r.route, s.advance(r, []glua.LValue{s.fields()})
}

// fields makes a table of the current event.
func (s *State) fields() glua.LValue {
	e := s.x.Event()
	if e == nil {
		return s.L.NewTable()
	}
	t := s.L.CreateTable(0, len(e.Fields))
	for _, f := range e.Fields {
		t.RawSetString(f.Name, luaValue(s.L, f.Value))
	}
	return t
}

// What a frame of the Go stack is to flat.
const (
	someFrame = iota
	loopFrame // the interpreter
	baseFrame // the beginning of a thread
)

// flat reports whether the function that runs may yield: it was called from the last
// thread of the run, and by the first interpreter loop of it. A second one means that
// Go code waits for a result: the interpreter for that of a metamethod, pcall or
// table.sort for that of a function.
func (s *State) flat(L *glua.LState) bool {
	if s.current == nil || L != s.current.top() {
		return false
	}
	var pcs [32]uintptr
	loops := 0
	for _, pc := range pcs[:runtime.Callers(2, pcs[:])] {
		switch s.frameKind(pc) {
		case loopFrame:
			loops++
		case baseFrame:
			return loops == 1
		}
	}
	return false
}

func (s *State) frameKind(pc uintptr) int {
	kind, known := s.frames[pc]
	if !known {
		if f := runtime.FuncForPC(pc - 1); f != nil {
			switch name := f.Name(); {
			case strings.HasSuffix(name, "/gopher-lua.mainLoopWithContext"):
				kind = loopFrame
			case strings.HasSuffix(name, "/gopher-lua.threadRun"):
				kind = baseFrame
			}
		}
		s.frames[pc] = kind
	}
	return kind
}

// openWaits puts what may yield in the place of the plain functions of a script that
// waits, and makes the waiting forms of verbs.
func (s *State) openWaits() {
	s.threadNew, s.threadResume = s.original("coroutine", "create"), s.original("coroutine", "resume")
	yield := s.original("coroutine", "yield")
	s.wrapped(s.lib("coroutine"), "yield", func(L *glua.LState) int {
		if s.current != nil && L == s.current.top() {
			return s.wrong(L, "can not yield from outside of a coroutine")
		}
		return yield(L)
	})
	if !s.program.waits {
		return
	}
	s.looper = s.bind(loopProto, s.wrap(s.idle), s.L.NewFunction(s.begun))
	s.frames = map[uintptr]int{}
	running := s.original("coroutine", "running")
	s.define(s.lib("coroutine"), map[string]glua.LGFunction{"running": func(L *glua.LState) int {
		if s.current != nil && L == s.current.top() {
			L.Push(glua.LNil) // the thread of a route is not for scripts
			return 1
		}
		return running(L)
	}})
	globals := s.L.G.Global
	for _, name := range []string{"pcall", "xpcall"} {
		fn, _ := globals.RawGetString(name).(*glua.LFunction)
		plain, handler := fn.GFunction, name == "xpcall"
		s.wrapped(globals, name, func(L *glua.LState) int { return s.pcall(L, plain, handler) })
	}
}

// pcall gives the function a thread of its own, so that it may wait; where the run
// cannot wait anyway, it does what the library does.
func (s *State) pcall(L *glua.LState, plain glua.LGFunction, handler bool) int {
	if L.GetTop() < 1 || handler && L.GetTop() < 2 || !s.flat(L) {
		return plain(L)
	}
	s.spend(L, 256)
	r := s.current
	r.guard, r.enter = nil, []glua.LValue{L.Get(1)}
	if handler {
		r.guard = L.Get(2)
	} else {
		for i := 2; i <= L.GetTop(); i++ {
			r.enter = append(r.enter, L.Get(i))
		}
	}
	L.SetTop(0)
	return -1
}

// wrapped sets a function that may yield. The interpreter does not fill the variables
// that a function which yielded has no values for, so Lua code stands between.
func (s *State) wrapped(t *glua.LTable, name string, fn glua.LGFunction) {
	t.RawSetString(name, s.wrap(fn))
}

func (s *State) wrap(fn glua.LGFunction) *glua.LFunction {
	return s.bind(wrapProto, s.L.NewFunction(fn))
}

// idle yields when a function has returned, until there is another to run.
func (s *State) idle(L *glua.LState) int {
	r := s.current
	r.done, r.results = true, nil
	if len(r.threads) > 1 {
		r.results = append(r.results, glua.LTrue)
		for i := 1; i <= L.GetTop(); i++ {
			r.results = append(r.results, L.Get(i))
		}
	}
	L.SetTop(0)
	return -1
}

// begun gives a function its arguments.
func (s *State) begun(L *glua.LState) int {
	args := s.current.args
	s.current.args = nil
	for _, v := range args {
		L.Push(v)
	}
	return len(args)
}

// bind makes a function of a prototype with its upvalues.
func (s *State) bind(p *glua.FunctionProto, values ...glua.LValue) *glua.LFunction {
	f := s.L.NewFunctionFromProto(p)
	for i, value := range values {
		f.Upvalues[i] = &glua.Upvalue{} // one without a stack is closed
		f.Upvalues[i].SetValue(value)
	}
	return f
}

// Code that stands between a script and Go functions.
var (
	wrapProto = inner(`local f; return function(...) return f(...) end`)
	loopProto = inner(`local idle, args; return function(f) while true do f = idle(f(args())) end end`)
)

const innerName = "(rms)"

// inner compiles a chunk and returns the function in it.
func inner(text string) *glua.FunctionProto {
	chunk, err := parseSource(innerName, []byte(text))
	if err != nil {
		return nil
	}
	proto, err := compileChunk(innerName, chunk)
	if err != nil {
		return nil
	}
	return proto.FunctionPrototypes[0]
}
