package starlark

import (
	"strconv"
	"strings"

	sl "go.starlark.net/starlark"
)

// openRequest makes the functions that request routes use, by the names that they have
// in Kamailio's own script language.
func (s *State) openRequest() {
	for name, fn := range map[string]function{
		"is_method": s.isMethod, "has_totag": s.hasToTag, "exit": s.exit,
		"t_reply": s.reply, "sl_send_reply": s.reply, "send_reply": s.reply,
		"t_precheck_trans": constant(sl.False), "t_check_trans": constant(sl.True),
	} {
		s.env[name] = sl.NewBuiltin(name, fn)
	}
}

func constant(v sl.Value) function {
	return func(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		return v, sl.UnpackPositionalArgs(b.Name(), args, kwargs, 0)
	}
}

func (s *State) inRoute(b *sl.Builtin) error {
	if s.current == nil {
		return problem("%s: works in a route, not while the script loads", b.Name())
	}
	return nil
}

// exit ends the run of the route, not the process, and is no error.
func (s *State) exit(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if err := s.inRoute(b); err != nil {
		return nil, err
	}
	s.meter.Exit()
	return nil, s.meter.Stopped()
}

// isMethod is is_method("INVITE") and is_method("INVITE|BYE").
func (s *State) isMethod(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var names string
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &names); err != nil {
		return nil, err
	}
	if err := s.inRoute(b); err != nil {
		return nil, err
	}
	method, found := s.current.x.Method(), false
	for name := range strings.SplitSeq(names, "|") {
		found = found || method != "" && strings.EqualFold(strings.TrimSpace(name), method)
	}
	return sl.Bool(found), nil
}

func (s *State) hasToTag(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if err := s.inRoute(b); err != nil {
		return nil, err
	}
	return sl.Bool(s.current.x.HasToTag()), nil
}

// reply is t_reply(code, reason) and its relatives. The code may be a string, as in
// Kamailio. It returns True or None, as a verb does.
func (s *State) reply(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var status sl.Value
	reason := ""
	if err := sl.UnpackArgs(b.Name(), args, kwargs, "code", &status, "reason?", &reason); err != nil {
		return nil, err
	}
	if err := s.inRoute(b); err != nil {
		return nil, err
	}
	code, err := sl.AsInt32(status)
	if text, ok := sl.AsString(status); ok {
		code, err = strconv.Atoi(strings.TrimSpace(text))
	}
	if err != nil {
		return nil, problem("%s: wants a SIP status code such as 486", b.Name())
	}
	return s.outcome(nil, s.current.x.Reply(code, reason))
}
