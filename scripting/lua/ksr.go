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
		"pv": {
			"get": s.pvGet, "gete": s.pvOr(""), "getw": s.pvOr("<null>"), "getvn": s.pvGetOr, "getvs": s.pvGetOr,
			"sets": s.pvSets, "seti": s.pvSeti, "unset": s.pvUnset, "is_null": s.pvNull,
		},
		"hdr": {
			"get": s.headerGet, "gete": s.headerOr(""), "getw": s.headerOr("<null>"), "get_idx": s.headerIndex,
			"is_present": s.hasHeader,
		},
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
	for _, name := range methods {
		ksr.RawSetString("is_"+name, s.L.NewFunction(func(L *glua.LState) int { return s.method(L, name) }))
	}
	ksr.Metatable = s.unavailable("KSR.")
	s.define(s.L.G.Global, map[string]glua.LGFunction{
		"is_method": s.isMethod, "has_totag": s.hasToTag, "t_reply": s.reply, "sl_send_reply": s.reply,
		"send_reply": s.reply, "t_precheck_trans": no, "t_check_trans": yes, "exit": s.exit,
	})
}

func (s *State) unavailable(prefix string) *glua.LTable {
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__index", s.L.NewFunction(func(L *glua.LState) int {
		L.RaiseError("%s%s is not available in this version of rms", prefix, brief(L.Get(2).String()))
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
	return s.method(L, L.CheckString(1))
}

func (s *State) method(L *glua.LState, names string) int {
	s.inRoute(L, "is_method")
	s.spend(L, len(names)/4+1)
	method, found := s.x.Method(), false
	for name := range strings.SplitSeq(names, "|") {
		found = found || method != "" && strings.EqualFold(strings.TrimSpace(name), method)
	}
	L.Push(glua.LBool(found))
	return 1
}

// methods have a function of KSR each, such as KSR.is_INVITE().
var methods = []string{
	"ACK", "BYE", "CANCEL", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "PUBLISH", "REFER", "REGISTER",
	"SUBSCRIBE", "UPDATE",
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
