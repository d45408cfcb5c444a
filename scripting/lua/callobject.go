package lua

import (
	glua "github.com/yuin/gopher-lua"

	"rms/call"
)

// handle is what a call object holds: which run it belongs to. An object that a
// script kept from an earlier run is refused.
type handle struct{ run int }

// openCall makes the metatables of the call object and of call.var.
func (s *State) openCall() {
	s.callMeta = s.objectMeta(s.callIndex, func(L *glua.LState) int {
		L.RaiseError("call.%s cannot be set: use call.var.%s", L.Get(2), L.Get(2))
		return 0
	})
	s.varMeta = s.objectMeta(s.varGet, s.varSet)
}

func (s *State) objectMeta(index, newIndex glua.LGFunction) *glua.LTable {
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__index", s.L.NewFunction(index))
	meta.RawSetString("__newindex", s.L.NewFunction(newIndex))
	meta.RawSetString("__metatable", glua.LFalse)
	return meta
}

func (s *State) object(meta *glua.LTable) *glua.LUserData {
	return &glua.LUserData{Value: handle{s.run}, Env: s.L.Env, Metatable: meta}
}

func (s *State) callObject() glua.LValue { return s.object(s.callMeta) }

// live raises an error when the object under the call is from an earlier run.
func (s *State) live(L *glua.LState) {
	o, ok := L.Get(1).(*glua.LUserData)
	if ok {
		if h, is := o.Value.(handle); is && h.run == s.run && s.x != nil {
			return
		}
	}
	L.RaiseError("this call object is from an event that is over: use the argument of the route")
}

// callIndex reads call.<name>. Methods and id come first, then the fields of the
// event, then what is known of the request or the INVITE.
func (s *State) callIndex(L *glua.LState) int {
	s.live(L)
	name := L.CheckString(2)
	switch name {
	case "id":
		return push(L, s.x.CallID())
	case "event":
		if e := s.event; e != nil {
			return push(L, e.Name)
		}
		return 0
	case "var":
		L.Push(s.object(s.varMeta))
		return 1
	case "header":
		L.Push(L.NewFunction(s.header))
		return 1
	case "headers":
		L.Push(L.NewFunction(s.headers))
		return 1
	}
	if e := s.event; e != nil {
		if v := e.Get(name); v != nil {
			L.Push(luaValue(L, v))
			return 1
		}
	}
	if text, ok := infoField(s.x.Info(), name); ok {
		return push(L, text)
	}
	return 0
}

func infoField(i call.Info, name string) (string, bool) {
	switch name {
	case "sip_call_id":
		return i.SIPCallID, true
	case "from", "from_uri": // "from" is a reserved word in Starlark
		return i.From, true
	case "to", "to_uri":
		return i.To, true
	case "ruri":
		return i.RURI, true
	case "from_user":
		return i.FromUser, true
	case "to_user":
		return i.ToUser, true
	case "user":
		return i.RURIUser, true
	case "source":
		return i.Source, true
	case "transport":
		return i.Transport, true
	case "method":
		return i.Method, true
	}
	return "", false
}

func push(L *glua.LState, text string) int {
	L.Push(glua.LString(text))
	return 1
}

// header is call.header("X-A") and call:header("X-A"): the first value, or nil.
func (s *State) header(L *glua.LState) int {
	values := s.headerValues(L)
	if len(values) == 0 {
		L.Push(glua.LNil)
		return 1
	}
	return push(L, values[0])
}

// headers is call.headers("X-A"): all values, in the order of the message.
func (s *State) headers(L *glua.LState) int {
	L.Push(luaValue(L, s.headerValues(L)))
	return 1
}

func (s *State) headerValues(L *glua.LState) []string {
	name := 1
	if L.Get(1).Type() == glua.LTUserData {
		name = 2
	}
	if s.x == nil {
		L.RaiseError("headers can be read in a route only")
	}
	return s.x.Header(L.CheckString(name))
}

func (s *State) varGet(L *glua.LState) int {
	s.live(L)
	value, err := s.do(L, s.needed(L, "get"), []any{L.CheckString(2)}, nil)
	if err != nil || value == nil {
		return 0
	}
	L.Push(luaValue(L, value))
	return 1
}

func (s *State) varSet(L *glua.LState) int {
	s.live(L)
	name := L.CheckString(2)
	value, err := s.goValue(L.Get(3))
	if err != nil {
		L.RaiseError("call.var.%s: %s", name, err.Error())
	}
	if _, err := s.do(L, s.needed(L, "set"), []any{name, value}, nil); err != nil {
		L.RaiseError("call.var.%s: %s", name, err.Error())
	}
	return 0
}

func (s *State) needed(L *glua.LState, name string) *call.Verb {
	v, ok := call.Lookup(name)
	if !ok {
		L.RaiseError("%s", call.Unknown(name).Error())
	}
	return v
}
