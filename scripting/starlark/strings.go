package starlark

import (
	"strings"

	sl "go.starlark.net/starlark"
)

// eachChar looks at every character and may make a new string.
func eachChar(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	n := sl.Len(self)
	if err := s.meter.Spend(n / 4); err != nil {
		return nil, nil, err
	}
	return args, kwargs, s.build(n)
}

func search(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	return args, kwargs, s.meter.Spend(1 + sl.Len(self)/32)
}

// strip compares each character with those of its argument.
func strip(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	n := 1
	if len(args) > 0 {
		n += max(0, sl.Len(args[0]))
	}
	if n > 256 {
		return nil, nil, problem("strip: at most 255 characters can be stripped")
	}
	return args, kwargs, s.meter.Spend(1 + sl.Len(self)*n/16)
}

// split makes a list of parts.
func split(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	text, _ := self.(sl.String)
	n := len(text) / 2 // of white space or line ends
	if sep := argument(args, kwargs, 0, "sep"); sep != "" {
		n = strings.Count(string(text), sep)
	}
	if err := s.meter.Spend(1 + len(text)/32); err != nil {
		return nil, nil, err
	}
	return args, kwargs, s.room(2 * (n + 1))
}

// argument returns a string argument, "" when it is something else.
func argument(args sl.Tuple, kwargs []sl.Tuple, at int, name string) string {
	var v sl.Value
	if at < len(args) {
		v = args[at]
	}
	for _, kv := range kwargs {
		if kv[0] == sl.String(name) {
			v = kv[1]
		}
	}
	text, _ := sl.AsString(v)
	return text
}

func join(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	if len(args) != 1 || len(kwargs) > 0 {
		return args, kwargs, nil // the method says what is wrong
	}
	if _, err := s.items(args[0]); err != nil {
		return nil, nil, err
	}
	parts, ok := args[0].(sl.Iterable)
	if !ok {
		return args, kwargs, nil
	}
	size := 0
	for v := range sl.Elements(parts) {
		part, _ := sl.AsString(v)
		size += len(part) + sl.Len(self)
	}
	return args, kwargs, s.build(size)
}

func replace(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	text, _ := self.(sl.String)
	from, to := argument(args, kwargs, 0, ""), argument(args, kwargs, 1, "")
	n := strings.Count(string(text), from)
	if len(args) > 2 {
		if limit, err := sl.AsInt32(args[2]); err == nil && limit >= 0 {
			n = min(n, limit)
		}
	}
	if err := s.meter.Spend(1 + len(text)/16); err != nil {
		return nil, nil, err
	}
	return args, kwargs, s.build(len(text) + n*max(0, len(to)-len(from)))
}

// format is "{}".format(x). What is no plain value is written by this package, which
// stops in time.
func format(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	text, _ := self.(sl.String)
	p := printer{state: s, quoted: strings.Contains(string(text), "!r")}
	out := make(sl.Tuple, len(args))
	for i, a := range args {
		out[i] = p.value(a)
	}
	named := make([]sl.Tuple, len(kwargs))
	for i, kv := range kwargs {
		named[i] = sl.Tuple{kv[0], p.value(kv[1])}
	}
	fields := strings.Count(string(text), "{")
	size := p.sum
	if fields != strings.Count(string(text), "{}") {
		size = fields * p.longest
	}
	if p.err != nil {
		return nil, nil, p.err
	}
	return out, named, s.build(len(text) + size)
}

// interpolate is "%s" % x.
func (s *State) interpolate(text sl.String, x sl.Value) (sl.Value, error) {
	p := printer{state: s, quoted: strings.Contains(string(text), "%r")}
	size := 0
	switch v := x.(type) {
	case sl.Tuple:
		out := make(sl.Tuple, len(v))
		for i, e := range v {
			out[i] = p.value(e)
		}
		x, size = out, p.sum
	case *sl.Dict:
		if strings.Contains(string(text), "%(") {
			out, err := p.dict(v)
			if err != nil {
				return nil, err
			}
			x, size = out, p.longest*strings.Count(string(text), "%(")
			break
		}
		whole, _ := p.value(v).(printed)
		x, size = printedDict{whole, v}, p.sum
	default:
		x = p.value(x)
		size = p.sum
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := s.build(len(text) + size); err != nil {
		return nil, err
	}
	return s.percent(text, x)
}
