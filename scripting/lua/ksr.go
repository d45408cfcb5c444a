package lua

import (
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// openKSR makes the functions that request routes of Kamailio scripts use. Those
// in a module of KSR return 1 or -1, as there; the globals of the native script
// language and KSR.is_method return a boolean.
func (s *State) openKSR() {
	ksr, _ := s.L.G.Global.RawGetString("KSR").(*glua.LTable)
	modules := map[string]map[string]glua.LGFunction{
		"pv":       {"get": s.pvGet, "gete": s.pvGetEmpty, "sets": s.pvSet, "seti": s.pvSet, "is_null": s.pvNull},
		"hdr":      {"get": s.headerGet, "is_present": s.hasHeader},
		"siputils": {"has_totag": asNumber(s.hasToTag)},
		"sl":       {"send_reply": asNumber(s.reply), "sl_send_reply": asNumber(s.reply)},
		"tm": {
			"t_reply": asNumber(s.reply), "t_check_trans": asNumber(yes), "t_precheck_trans": asNumber(no),
		},
		"tmx": {"t_precheck_trans": asNumber(no)},
		"x":   {"exit": s.exit},
	}
	for name, fns := range modules {
		t := s.L.CreateTable(0, 4)
		s.define(t, fns)
		t.Metatable = s.unavailable("KSR." + name + ".")
		ksr.RawSetString(name, t)
	}
	s.define(ksr, map[string]glua.LGFunction{"is_method": s.isMethod})
	ksr.Metatable = s.unavailable("KSR.")
	s.define(s.L.G.Global, map[string]glua.LGFunction{
		"is_method": s.isMethod, "has_totag": s.hasToTag, "t_reply": s.reply, "sl_send_reply": s.reply,
		"send_reply": s.reply, "t_precheck_trans": no, "t_check_trans": yes, "exit": s.exit,
	})
}

func (s *State) unavailable(prefix string) *glua.LTable {
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__index", s.L.NewFunction(func(L *glua.LState) int {
		L.RaiseError("%s%s is not available in this version of rms", prefix, L.Get(2))
		return 0
	}))
	return meta
}

func yes(L *glua.LState) int { L.Push(glua.LTrue); return 1 }

func no(L *glua.LState) int { L.Push(glua.LFalse); return 1 }

// asNumber gives the first result of a function the form of KSR: 1 or -1.
func asNumber(fn glua.LGFunction) glua.LGFunction {
	return func(L *glua.LState) int {
		n := fn(L)
		ok := n > 0 && glua.LVAsBool(L.Get(-n))
		L.Push(kemi(ok))
		return 1
	}
}

// exit ends the run of the route, not the process, and is no error.
func (s *State) exit(L *glua.LState) int {
	if s.x == nil {
		L.RaiseError("exit: works in a route, not while the script loads")
	}
	s.meter.Exit()
	L.RaiseError("exit")
	return 0
}

func (s *State) inRoute(L *glua.LState, what string) {
	if s.x == nil {
		L.RaiseError("%s: works in a route, not while the script loads", what)
	}
}

// isMethod is is_method("INVITE") and is_method("INVITE|BYE").
func (s *State) isMethod(L *glua.LState) int {
	s.inRoute(L, "is_method")
	method, found := s.x.Method(), false
	for name := range strings.SplitSeq(L.CheckString(1), "|") {
		found = found || method != "" && strings.EqualFold(strings.TrimSpace(name), method)
	}
	L.Push(glua.LBool(found))
	return 1
}

func (s *State) hasToTag(L *glua.LState) int {
	s.inRoute(L, "has_totag")
	L.Push(glua.LBool(s.x.HasToTag()))
	return 1
}

// reply is t_reply(code, reason) and its relatives. The code may be a string, as
// in Kamailio. It returns true, or false and why not.
func (s *State) reply(L *glua.LState) int {
	s.inRoute(L, "t_reply")
	code, err := strconv.Atoi(strings.TrimSpace(L.CheckString(1)))
	if err != nil {
		L.ArgError(1, "wants a SIP status code such as 486")
	}
	if err := s.x.Reply(code, L.OptString(2, "")); err != nil {
		L.Push(glua.LFalse)
		L.Push(glua.LString(err.Error()))
		return 2
	}
	return yes(L)
}

func (s *State) pv(L *glua.LState) (string, bool) {
	s.inRoute(L, "KSR.pv")
	return s.x.PV(L.CheckString(1))
}

func (s *State) pvGet(L *glua.LState) int {
	if value, ok := s.pv(L); ok {
		return push(L, value)
	}
	L.Push(glua.LNil)
	return 1
}

func (s *State) pvGetEmpty(L *glua.LState) int {
	value, _ := s.pv(L)
	return push(L, value)
}

func (s *State) pvNull(L *glua.LState) int {
	_, ok := s.pv(L)
	L.Push(glua.LBool(!ok))
	return 1
}

// pvSet sets $var(name): the other pseudo-variables are those of a message that
// was received, which nobody can change.
func (s *State) pvSet(L *glua.LState) int {
	name := L.CheckString(1)
	inner, ok := strings.CutPrefix(name, "$var(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed || inner == "" {
		L.RaiseError("%s cannot be set: only $var(name) can", name)
	}
	value, err := goValue(L.CheckAny(2))
	if err != nil {
		L.ArgError(2, err.Error())
	}
	if _, err := s.do(L, s.needed(L, "set"), []any{inner, value}, nil); err != nil {
		L.RaiseError("%s: %s", name, err.Error())
	}
	return 0
}

func (s *State) headerGet(L *glua.LState) int {
	s.inRoute(L, "KSR.hdr.get")
	return s.header(L)
}

func (s *State) hasHeader(L *glua.LState) int {
	s.inRoute(L, "KSR.hdr.is_present")
	L.Push(kemi(len(s.x.Header(L.CheckString(1))) > 0))
	return 1
}
