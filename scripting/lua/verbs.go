package lua

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
)

// openVerbs makes every verb of the table callable as rms_x, rms.x and
// KSR.rtp_media_server.rms_x.
func (s *State) openVerbs() {
	rms, kemi := s.L.CreateTable(0, 4), s.L.NewTable()
	for _, v := range call.Verbs() {
		plain := s.L.NewFunction(func(L *glua.LState) int { return s.verb(L, v) })
		number := s.L.NewFunction(func(L *glua.LState) int { return s.kemiVerb(L, v) })
		if v.Pauses && s.program.waits {
			plain = s.wrap(func(L *glua.LState) int { return s.pauseVerb(L, v) })
			number = plain
		}
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			s.L.G.Global.RawSetString("rms_"+name, plain)
			rms.RawSetString(name, plain)
			kemi.RawSetString("rms_"+name, number)
		}
		if w := v.WaitForm(); w != nil && s.program.waits {
			waiting := s.wrap(func(L *glua.LState) int { return s.waitVerb(L, v) })
			s.L.G.Global.RawSetString("rms_"+w.Name, waiting)
			rms.RawSetString(w.Name, waiting)
			kemi.RawSetString("rms_"+w.Name, waiting)
		}
	}
	unknown := s.L.NewFunction(unknownVerb)
	for _, t := range []*glua.LTable{rms, kemi} {
		meta := s.L.CreateTable(0, 4)
		meta.RawSetString("__index", unknown)
		t.Metatable = meta
	}
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__index", s.L.NewFunction(unknownGlobal))
	s.L.G.Global.Metatable = meta
	s.L.G.Global.RawSetString("rms", rms)
	ksr := s.L.CreateTable(0, 4)
	ksr.RawSetString("rtp_media_server", kemi)
	s.L.G.Global.RawSetString("KSR", ksr)
}

func unknownVerb(L *glua.LState) int {
	if name, ok := L.Get(2).(glua.LString); ok {
		noVerb(L, brief(string(name)))
	}
	return 0
}

func noVerb(L *glua.LState, name string) {
	if _, waits := call.LookupWait(name); waits {
		L.RaiseError("%s: a verb that waits is written as rms.%s, not put together", name, strings.TrimPrefix(name, "rms_"))
	}
	L.RaiseError("%s", call.Unknown(name).Error())
}

// unknownGlobal is asked for globals that are not there.
func unknownGlobal(L *glua.LState) int {
	name := glua.LVAsString(L.Get(2))
	switch {
	case strings.HasPrefix(name, "rms_"):
		noVerb(L, brief(name))
	case slices.Contains(removed, name) || slices.Contains(closedLibs, name):
		L.RaiseError("%s is not available to scripts", name)
	}
	return 0
}

// verb runs a verb for rms_x and rms.x: true or its result, or nil and why not.
func (s *State) verb(L *glua.LState, v *call.Verb) int {
	result, err := s.invoke(L, v)
	return verbResult(L, result, err)
}

func verbResult(L *glua.LState, result any, err error) int {
	switch {
	case err != nil:
		L.Push(glua.LNil)
		L.Push(glua.LString(err.Error()))
		return 2
	case result == nil:
		L.Push(glua.LTrue)
	default:
		L.Push(luaValue(L, result))
	}
	return 1
}

// kemiVerb runs a verb for KSR.rtp_media_server: 1, or -1 when it failed or its
// result is false.
func (s *State) kemiVerb(L *glua.LState, v *call.Verb) int {
	result, err := s.invoke(L, v)
	L.Push(kemi(err == nil && result != false))
	return 1
}

func kemi(ok bool) glua.LNumber {
	if ok {
		return 1
	}
	return -1
}

// invoke checks the arguments on the stack and runs the verb. A mistake in them
// is raised with file and line.
func (s *State) invoke(L *glua.LState, v *call.Verb) (any, error) {
	positional, named, err := s.arguments(L)
	if err != nil {
		L.RaiseError("rms_%s: %s", v.Name, err.Error())
	}
	return s.do(L, v, positional, named)
}

func (s *State) do(L *glua.LState, v *call.Verb, positional []any, named map[string]any) (any, error) {
	if s.x == nil {
		L.RaiseError("rms_%s: works in a route, not while the script loads", v.Name)
	}
	args, err := v.Bind(positional, named)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	return s.use(L, v, args)
}

// use runs a verb with checked arguments.
func (s *State) use(L *glua.LState, v *call.Verb, args call.Args) (any, error) {
	if err := s.meter.Verb(); err != nil {
		L.RaiseError("%s", err.Error())
	}
	s.spend(L, 16)
	s.meter.Wait()
	result, err := s.x.Invoke(v, args)
	s.meter.Resume()
	var mistake *call.ArgError
	if errors.As(err, &mistake) {
		L.RaiseError("%s", err.Error())
	}
	return result, err
}

// arguments reads what a verb was called with: one table holds named
// parameters, and positional ones in its list part; else all are positional.
func (s *State) arguments(L *glua.LState) (positional []any, named map[string]any, err error) {
	c := s.converter()
	if t, ok := L.Get(1).(*glua.LTable); ok && L.GetTop() == 1 {
		return c.arguments(t)
	}
	if err := c.spend(L.GetTop()); err != nil {
		return nil, nil, err
	}
	for i := 1; i <= L.GetTop(); i++ {
		v, err := c.value(L.Get(i), 0)
		if err != nil {
			return nil, nil, err
		}
		positional = append(positional, v)
	}
	return positional, nil, nil
}

// behind is the key after which the keys follow that are not in a list of n.
func behind(n int) glua.LValue {
	if n == 0 {
		return glua.LNil // 0 would be taken for a key of its own
	}
	return glua.LNumber(n)
}

func (c *converter) arguments(t *glua.LTable) (positional []any, named map[string]any, err error) {
	n := min(t.Len(), maxValues)
	if err := c.spend(n + removedKeys(t)/16 + 8); err != nil {
		return nil, nil, err
	}
	for i := 1; i <= n; i++ {
		v, err := c.value(t.RawGetInt(i), 0)
		if err != nil {
			return nil, nil, err
		}
		positional = append(positional, v)
	}
	named = map[string]any{}
	key, value := t.Next(behind(n))
	for ; key != glua.LNil && len(named) < maxValues; key, value = t.Next(key) {
		name, ok := key.(glua.LString)
		if !ok {
			return nil, nil, errors.New("parameter names are strings")
		}
		if len(name) > maxQuoted {
			return nil, nil, fmt.Errorf("unknown parameter %q", brief(string(name)))
		}
		v, err := c.value(value, 0)
		if err != nil {
			return nil, nil, err
		}
		named[string(name)] = v
	}
	return positional, named, nil
}
