package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// varName returns the name in "$var(name)".
func varName(pv string) (string, bool) {
	name, ok := strings.CutPrefix(pv, "$var(")
	name, closed := strings.CutSuffix(name, ")")
	return name, ok && closed && name != ""
}

// pv reads a pseudo-variable; nil when it has no value. $var(name) is call.var.name and
// keeps its type, the others are texts.
func (s *State) pv(L *glua.LState) glua.LValue {
	s.inRoute(L, "KSR.pv")
	name := L.CheckString(1)
	if name, ok := varName(name); ok {
		value, err := s.do(L, s.needed(L, "get"), []any{name}, nil)
		if err != nil {
			return glua.LNil
		}
		return luaValue(L, value)
	}
	if value, ok := s.x.PV(name); ok {
		return glua.LString(value)
	}
	return glua.LNil
}

func (s *State) pvGet(L *glua.LState) int {
	L.Push(s.pv(L))
	return 1
}

// pvOr is KSR.pv.get with a text in place of nil.
func (s *State) pvOr(text glua.LString) glua.LGFunction {
	return func(L *glua.LState) int { return pushOr(L, s.pv(L), text) }
}

// pvGetOr is KSR.pv.getvs(name, text) and KSR.pv.getvn(name, number).
func (s *State) pvGetOr(L *glua.LState) int { return pushOr(L, s.pv(L), L.CheckAny(2)) }

func pushOr(L *glua.LState, value, other glua.LValue) int {
	if value == glua.LNil {
		value = other
	}
	L.Push(value)
	return 1
}

func (s *State) pvNull(L *glua.LState) int {
	L.Push(glua.LBool(s.pv(L) == glua.LNil))
	return 1
}

func (s *State) pvSets(L *glua.LState) int { return s.pvSet(L, L.CheckString(2)) }

func (s *State) pvSeti(L *glua.LState) int {
	n := L.CheckNumber(2)
	whole, ok := number(float64(n)).(int64)
	if !ok {
		L.ArgError(2, "wants a whole number")
	}
	return s.pvSet(L, whole)
}

func (s *State) pvUnset(L *glua.LState) int { return s.pvSet(L, nil) }

// pvSet sets $var(name): the other pseudo-variables are those of a message that
// was received, which nobody can change.
func (s *State) pvSet(L *glua.LState, value any) int {
	s.inRoute(L, "KSR.pv")
	pv := L.CheckString(1)
	name, ok := varName(pv)
	if !ok {
		L.RaiseError("%s cannot be set: only $var(name) can", pv)
	}
	if _, err := s.do(L, s.needed(L, "set"), []any{name, value}, nil); err != nil {
		L.RaiseError("%s: %s", pv, err.Error())
	}
	return 0
}

func (s *State) headerGet(L *glua.LState) int {
	s.inRoute(L, "KSR.hdr.get")
	return s.header(L)
}

// headerOr is KSR.hdr.get with a text in place of nil.
func (s *State) headerOr(text glua.LString) glua.LGFunction {
	return func(L *glua.LState) int {
		s.headerGet(L)
		return pushOr(L, L.Get(-1), text)
	}
}

// headerIndex is KSR.hdr.get_idx(name, index): 0 is the first value, -1 the last.
func (s *State) headerIndex(L *glua.LState) int {
	s.inRoute(L, "KSR.hdr.get_idx")
	values, i := s.x.Header(L.CheckString(1)), L.OptInt(2, 0)
	if i < 0 {
		i += len(values)
	}
	if i < 0 || i >= len(values) {
		L.Push(glua.LNil)
		return 1
	}
	return push(L, values[i])
}

func (s *State) hasHeader(L *glua.LState) int {
	s.inRoute(L, "KSR.hdr.is_present")
	L.Push(kemi(len(s.x.Header(L.CheckString(1))) > 0))
	return 1
}
