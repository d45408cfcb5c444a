package starlark

import (
	sl "go.starlark.net/starlark"

	"rms/call"
)

// variables is call.var: call.var.n and call.var["n"] are the variable n of the call,
// None when it is not set.
type variables run

var (
	_ sl.HasSetField = (*variables)(nil)
	_ sl.HasSetKey   = (*variables)(nil)
)

func (v *variables) String() string        { return "call.var" }
func (v *variables) Type() string          { return "call.var" }
func (v *variables) Freeze()               {}
func (v *variables) Truth() sl.Bool        { return true }
func (v *variables) Hash() (uint32, error) { return 0, problem("unhashable type: call.var") }
func (v *variables) AttrNames() []string   { return nil }

// Attr is call.var.<name>. What it returns is a copy, and frozen so that nobody takes
// it for the variable itself.
func (v *variables) Attr(name string) (sl.Value, error) {
	result, err := v.do("get", name)
	if err != nil {
		return nil, err
	}
	got := value(result)
	got.Freeze()
	return got, nil
}

// SetField is call.var.<name> = x; None removes the variable.
func (v *variables) SetField(name string, x sl.Value) error {
	p, err := plain(x)
	if err != nil {
		return problem("call.var.%s: %w", name, err)
	}
	_, err = v.do("set", name, p)
	return err
}

// Get is call.var[name].
func (v *variables) Get(key sl.Value) (sl.Value, bool, error) {
	name, err := variable(key)
	if err != nil {
		return nil, false, err
	}
	got, err := v.Attr(name)
	return got, err == nil, err
}

// SetKey is call.var[name] = x.
func (v *variables) SetKey(key, x sl.Value) error {
	name, err := variable(key)
	if err != nil {
		return err
	}
	return v.SetField(name, x)
}

// has is name in call.var.
func (v *variables) has(key sl.Value) (bool, error) {
	got, _, err := v.Get(key)
	return err == nil && got != sl.None, err
}

func variable(key sl.Value) (string, error) {
	name, ok := sl.AsString(key)
	if !ok {
		return "", problem("call.var: the name of a variable is a string, got a %s", key.Type())
	}
	return name, nil
}

// do gets or sets a variable. One that is not set is no failure.
func (v *variables) do(verb string, args ...any) (any, error) {
	s := v.state
	known, ok := call.Lookup(verb)
	if !ok {
		return nil, call.Unknown(verb)
	}
	bound, err := known.Bind(args, nil)
	if err != nil {
		return nil, err
	}
	result, err := s.invoke(known, bound)
	if err != nil && verb == "get" && s.meter.Stopped() == nil {
		return nil, nil
	}
	if err != nil {
		return nil, problem("call.var.%s: %w", args[0], err)
	}
	return result, nil
}
