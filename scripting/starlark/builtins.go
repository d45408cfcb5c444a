package starlark

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

type function = func(*sl.Thread, *sl.Builtin, sl.Tuple, []sl.Tuple) (sl.Value, error)

// quick are the built-in names that do little whatever they are given.
var quick = []string{"None", "True", "False", "abs", "bool", "chr", "dir", "hasattr", "len", "ord", "type"}

func problem(format string, args ...any) error { return fmt.Errorf(format, args...) }

// builtins makes the built-in functions that need a guard.
func (s *State) builtins() map[string]function {
	return map[string]function{
		"all": s.whole("all", 0), "any": s.whole("any", 0), "dict": s.newDict, "list": s.whole("list", 1),
		"reversed": s.whole("reversed", 1), "set": s.newSet,
		"enumerate": s.pairs("enumerate"), "zip": s.pairs("zip"), "tuple": s.newTuple,
		"float": s.digits("float"), "int": s.digits("int"), "hash": s.digits("hash"),
		"sorted": s.sorted, "min": s.extreme(syntax.LT), "max": s.extreme(syntax.GT), "range": s.newRange,
		"str": s.toText("str"), "repr": s.toText("repr"), "print": s.print, "fail": s.fail, "getattr": s.getattr,
		"bytes": func(*sl.Thread, *sl.Builtin, sl.Tuple, []sl.Tuple) (sl.Value, error) { return nil, errBytes },
	}
}

func (s *State) openBuiltins() {
	for name, fn := range s.builtins() {
		s.env[name] = sl.NewBuiltin(name, fn)
	}
}

// library calls the function of the library itself.
func library(t *sl.Thread, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	return sl.Universe[name].(*sl.Builtin).CallInternal(t, args, kwargs)
}

// whole guards a function that takes whole collections and makes size words of each
// value.
func (s *State) whole(name string, size int) function {
	return func(t *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		n := len(kwargs)
		for _, a := range args {
			more, err := s.items(a)
			if err != nil {
				return nil, err
			}
			n += more
		}
		if err := s.room(n * size); err != nil {
			return nil, err
		}
		return library(t, name, args, kwargs)
	}
}

// pairs guards a function that makes a list of tuples.
func (s *State) pairs(name string) function {
	inner := s.whole(name, 4)
	return func(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		v, err := inner(t, b, args, kwargs)
		if err != nil {
			return nil, err
		}
		return v, s.made("items", v)
	}
}

func (s *State) newTuple(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	v, err := s.whole("tuple", 1)(t, b, args, kwargs)
	if err != nil {
		return nil, err
	}
	return v, s.made("", v)
}

// digits guards a function that reads a whole string.
func (s *State) digits(name string) function {
	return func(t *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		for _, a := range args {
			text, _ := sl.AsString(a)
			if len(text) > maxBits/3 && name != "hash" {
				return nil, problem("%s: a text of %d characters is no number", name, len(text))
			}
			if err := s.meter.Spend(1 + len(text)/4); err != nil {
				return nil, err
			}
		}
		v, err := library(t, name, args, kwargs)
		if i, ok := v.(sl.Int); ok && err == nil && bitLen(i) > maxBits {
			err = errBits
		}
		return v, err
	}
}

func (s *State) newRange(t *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	v, err := library(t, "range", args, kwargs)
	if err == nil && sl.Len(v) > maxRange {
		return nil, problem("range: %d numbers are the limit", maxRange)
	}
	return v, err
}

func (s *State) toText(name string) function {
	return func(_ *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		var v sl.Value
		if err := sl.UnpackPositionalArgs(name, args, kwargs, 1, &v); err != nil {
			return nil, err
		}
		write := s.text
		if name == "repr" {
			write = s.written
		}
		text, err := write(v)
		if err != nil {
			return nil, err
		}
		return sl.String(text), s.meter.Build(len(text))
	}
}

// joined is what print and fail say.
func (s *State) joined(name string, args sl.Tuple, kwargs []sl.Tuple) (string, error) {
	sep := " "
	if err := sl.UnpackArgs(name, nil, kwargs, "sep?", &sep); err != nil {
		return "", err
	}
	var parts []string
	size := 0
	for _, a := range args {
		text, err := s.text(a)
		if err != nil {
			return "", err
		}
		parts = append(parts, text)
		size += len(text) + len(sep)
	}
	if err := s.build(size); err != nil {
		return "", err
	}
	return strings.Join(parts, sep), nil
}

func (s *State) print(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	text, err := s.joined(b.Name(), args, kwargs)
	if err != nil {
		return nil, err
	}
	s.write(zerolog.InfoLevel, text)
	return sl.None, nil
}

func (s *State) fail(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	text, err := s.joined(b.Name(), args, kwargs)
	if err != nil {
		return nil, err
	}
	return nil, errors.New(text)
}

// getattr is getattr(object, name, default), behind the guards of methods.
func (s *State) getattr(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	v, err := library(t, b.Name(), args, kwargs)
	if err != nil || len(args) < 2 {
		return v, err
	}
	name, _ := sl.AsString(args[1])
	if _, bound := v.(*sl.Builtin); bound && guardedMethods[name] {
		return s.attr(args[0], name)
	}
	return v, nil
}
