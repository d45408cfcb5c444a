package starlark

import (
	"maps"
	"slices"
	"time"
)

// Hurry gives the runs of a state less time than it had to load.
func (s *State) Hurry(budget time.Duration) {
	s.limits.Budget = budget
	s.meter.SetLimits(s.limits)
}

// Quick are the built-in names without a guard.
var Quick = quick

// QuickMethods are the methods without a guard, by type.
var QuickMethods = map[string][]string{
	"string": {
		"codepoint_ords", "codepoints", "elem_ords", "elems", // nothing is made but an iterator
		"endswith", "removeprefix", "removesuffix", "startswith", // one comparison with a bounded string
	},
	"list": {"append", "clear"},
	"dict": {"clear", "get", "pop", "setdefault"}, // one key, which is bounded
	"set":  {"add", "clear", "discard", "pop", "remove"},
}

// BuiltinNames lists the built-in functions with a guard.
func BuiltinNames() []string { return slices.Sorted(maps.Keys((&State{}).builtins())) }

// Guards reports whether a method has a guard.
func Guards(name, kind string) bool { return methods[name][kind] != nil || replaced[name][kind] != nil }
