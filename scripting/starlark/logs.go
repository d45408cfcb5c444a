package starlark

import (
	"strings"

	"github.com/rs/zerolog"
	sl "go.starlark.net/starlark"

	"rms/scripting/sandbox"
)

// levels are the words that Kamailio's log functions are built from.
var levels = map[string]zerolog.Level{
	"dbg": zerolog.DebugLevel, "info": zerolog.InfoLevel, "notice": zerolog.InfoLevel,
	"warn": zerolog.WarnLevel, "err": zerolog.ErrorLevel, "crit": zerolog.ErrorLevel,
}

// openLog makes xinfo, xnotice and so on, and xlog("L_INFO", text). All of them know
// pseudo-variables.
func (s *State) openLog() {
	for word, level := range levels {
		s.env["x"+word] = sl.NewBuiltin("x"+word, func(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
			return sl.True, s.xlogAt(level, b, args, kwargs)
		})
	}
	s.env["xlog"] = sl.NewBuiltin("xlog", s.xlog)
}

func (s *State) xlogAt(level zerolog.Level, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) error {
	var text string
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &text); err != nil {
		return err
	}
	s.write(level, text)
	return nil
}

// xlog is xlog(text) and xlog("L_WARN", text).
func (s *State) xlog(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if len(args) == 1 {
		return sl.True, s.xlogAt(zerolog.ErrorLevel, b, args, kwargs)
	}
	var word, text string
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 2, &word, &text); err != nil {
		return nil, err
	}
	level, ok := levels[strings.ToLower(strings.TrimPrefix(word, "L_"))]
	if !ok {
		return nil, problem("xlog: wants a level: L_DBG, L_INFO, L_NOTICE, L_WARN, L_ERR or L_CRIT")
	}
	s.write(level, text)
	return sl.True, nil
}

// write logs one line, with the call's fields in a route.
func (s *State) write(level zerolog.Level, text string) {
	if !s.meter.Line() || s.current == nil && s.program.loaded.Load() {
		return
	}
	log, pv := &s.program.opts.Log, func(string) (string, bool) { return "", false }
	if s.current != nil {
		log, pv = s.current.x.Log(), s.current.x.PV
	}
	if e := log.WithLevel(level); e.Enabled() && level >= log.GetLevel() {
		e.Msg(sandbox.Line(sandbox.Expand(text, pv, s.program.opts.Masked)))
	}
}
