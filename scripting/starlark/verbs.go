package starlark

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	sl "go.starlark.net/starlark"

	"rms/call"
)

// module is rms: every verb by its name.
type verbs map[string]*sl.Builtin

func (v verbs) String() string        { return "rms" }
func (v verbs) Type() string          { return "rms" }
func (v verbs) Freeze()               {}
func (v verbs) Truth() sl.Bool        { return true }
func (v verbs) Hash() (uint32, error) { return 0, problem("unhashable type: rms") }
func (v verbs) AttrNames() []string   { return slices.Sorted(maps.Keys(v)) }

// Attr is rms.<name>.
func (v verbs) Attr(name string) (sl.Value, error) {
	if fn := v[name]; fn != nil {
		return fn, nil
	}
	return nil, call.Unknown(name)
}

// openVerbs makes every verb of the table callable as rms_x and rms.x, and those whose
// event comes once as rms_x_wait and rms.x_wait, too.
func (s *State) openVerbs() {
	rms := verbs{}
	define := func(name string, fn function) {
		s.env["rms_"+name] = sl.NewBuiltin("rms_"+name, fn)
		rms[name] = sl.NewBuiltin("rms."+name, fn)
	}
	for _, v := range call.Verbs() {
		plain := func(_ *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
			return s.verb(v, v, args, kwargs)
		}
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			define(name, plain)
			if form := v.WaitForm(); form != nil {
				define(name+"_wait", func(_ *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
					return s.verb(v, form, args, kwargs)
				})
			}
		}
	}
	define("error", s.failure)
	s.env["rms"] = rms
}

// failure is rms.error(): why the last verb of the run returned None, "" when it did
// not.
func (s *State) failure(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	if s.current == nil {
		return sl.String(""), nil
	}
	return sl.String(s.current.failure), nil
}

// verb runs a verb: True or its result, or None. form is the verb as the script calls
// it: v itself, or the form that waits.
func (s *State) verb(v, form *call.Verb, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if s.current == nil {
		return nil, problem("rms_%s: works in a route, not while the script loads", form.Name)
	}
	bound, err := bind(form, args, kwargs)
	if err != nil {
		return nil, err
	}
	var result any
	if form != v || v.Waiting(bound) {
		result, err = s.await(v, bound)
	} else {
		result, err = s.invoke(v, bound)
	}
	return s.outcome(result, err)
}

// outcome is what a verb returns to the script.
func (s *State) outcome(result any, err error) (sl.Value, error) {
	var broken *brokenVerb
	var mistake *call.ArgError
	switch {
	case s.meter.Stopped() != nil:
		return nil, s.meter.Stopped()
	case errors.As(err, &mistake), errors.As(err, &broken), errors.Is(err, errGivenUp):
		return nil, err
	case err != nil:
		s.current.failure = err.Error()
		return sl.None, nil
	}
	s.current.failure = ""
	if result == nil {
		return sl.True, nil
	}
	return value(result), nil
}

func bind(v *call.Verb, args sl.Tuple, kwargs []sl.Tuple) (call.Args, error) {
	var positional []any
	for i, a := range args {
		p, err := plain(a)
		if err != nil {
			return call.Args{}, problem("rms_%s: argument %d: %w", v.Name, i+1, err)
		}
		positional = append(positional, p)
	}
	named := make(map[string]any, len(kwargs))
	for _, kv := range kwargs {
		name, _ := sl.AsString(kv[0])
		p, err := plain(kv[1])
		if err != nil {
			return call.Args{}, problem("rms_%s: parameter %q: %w", v.Name, name, err)
		}
		named[name] = p
	}
	return v.Bind(positional, named)
}

// brokenVerb is a panic of a verb.
type brokenVerb struct{ text string }

func (b *brokenVerb) Error() string { return b.text }

// invoke runs a verb; its time is not the script's.
func (s *State) invoke(v *call.Verb, args call.Args) (result any, err error) {
	if err := s.meter.Verb(); err != nil {
		return nil, err
	}
	if err := s.meter.Spend(16); err != nil {
		return nil, err
	}
	s.meter.Wait()
	defer s.meter.Resume()
	defer func() {
		if r := recover(); r != nil {
			err = &brokenVerb{fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
		}
	}()
	return s.current.x.Invoke(v, args)
}

// await runs a verb and lets the run wait for its event, whose fields it returns.
func (s *State) await(v *call.Verb, args call.Args) (any, error) {
	r := s.current
	if r.runner == nil {
		return nil, &brokenVerb{"a run of this script cannot wait: name the verb where it is used"}
	}
	if err := s.light(); err != nil {
		return nil, err
	}
	token, err := s.waits.Token(v, r.x.Key())
	if err != nil {
		return nil, err
	}
	_, err = s.invoke(v, v.Await(args, token))
	if errors.Is(err, call.ErrGone) {
		s.meter.Exit() // there is no call to go on with
	}
	if err != nil {
		return nil, err
	}
	r.token = token
	s.waits.Put(token, r.x.Key(), r)
	if err := r.wait(); err != nil {
		return nil, err
	}
	return r.x.Event(), nil
}
