package lua

import (
	"strings"

	"github.com/rs/zerolog"
	glua "github.com/yuin/gopher-lua"

	"rms/scripting/sandbox"
)

// levels are the words that Kamailio's log functions are built from.
var levels = map[string]zerolog.Level{
	"dbg": zerolog.DebugLevel, "info": zerolog.InfoLevel, "notice": zerolog.InfoLevel,
	"warn": zerolog.WarnLevel, "err": zerolog.ErrorLevel, "crit": zerolog.ErrorLevel,
}

// openLog makes xinfo, xnotice and so on, KSR.info and KSR.xlog.xinfo and so
// on, and xlog("L_INFO", text). All of them know pseudo-variables.
func (s *State) openLog() {
	ksr, _ := s.L.G.Global.RawGetString("KSR").(*glua.LTable)
	xlog := s.L.CreateTable(0, 4)
	for word, level := range levels {
		fn := s.L.NewFunction(func(L *glua.LState) int {
			s.write(level, L.CheckString(1))
			return yes(L)
		})
		s.L.G.Global.RawSetString("x"+word, fn)
		ksr.RawSetString(word, fn)
		xlog.RawSetString("x"+word, fn)
	}
	fn := s.L.NewFunction(s.xlog)
	xlog.RawSetString("xlog", fn)
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__call", s.L.NewFunction(func(L *glua.LState) int {
		L.Remove(1)
		return s.xlog(L)
	}))
	xlog.Metatable = meta
	ksr.RawSetString("xlog", xlog)
	s.L.G.Global.RawSetString("xlog", fn)
}

// xlog is xlog(text) and xlog("L_WARN", text).
func (s *State) xlog(L *glua.LState) int {
	level, text := zerolog.ErrorLevel, L.CheckString(1)
	if L.GetTop() > 1 {
		word := strings.ToLower(strings.TrimPrefix(text, "L_"))
		known, ok := levels[word]
		if !ok {
			L.ArgError(1, "wants a level: L_DBG, L_INFO, L_NOTICE, L_WARN, L_ERR or L_CRIT")
		}
		level, text = known, L.CheckString(2)
	}
	s.write(level, text)
	return yes(L)
}

func (s *State) print(L *glua.LState) int {
	var parts []string
	size := 0
	for i := 1; i <= L.GetTop(); i++ {
		part := L.ToStringMeta(L.Get(i)).String()
		if size += len(part) + 1; size > s.limits.String {
			s.build(L, size)
		}
		parts = append(parts, part)
		s.spend(L, 8)
	}
	s.build(L, size)
	s.write(zerolog.InfoLevel, strings.Join(parts, "\t"))
	return 0
}

// write logs one line, with the call's fields in a route.
func (s *State) write(level zerolog.Level, text string) {
	if !s.meter.Line() || s.x == nil && s.program.loaded.Load() {
		return
	}
	log, pv := &s.program.opts.Log, func(string) (string, bool) { return "", false }
	if s.x != nil {
		log, pv = s.x.Log(), s.x.PV
	}
	if e := log.WithLevel(level); e.Enabled() && level >= log.GetLevel() {
		e.Msg(sandbox.Line(sandbox.Expand(text, pv, s.program.opts.Masked)))
	}
}
