package starlark

import (
	sl "go.starlark.net/starlark"
)

// before counts the work of a method before it is done. It may replace the arguments.
type before func(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error)

// methods are the guards of methods, by name and type. The rest are quick whatever they
// are given, because strings and tuples are bounded.
var methods = map[string]map[string]before{
	"capitalize": {"string": eachChar}, "lower": {"string": eachChar}, "title": {"string": eachChar}, "upper": {"string": eachChar},
	"isalnum": {"string": eachChar}, "isalpha": {"string": eachChar}, "isdigit": {"string": eachChar}, "islower": {"string": eachChar},
	"isspace": {"string": eachChar}, "istitle": {"string": eachChar}, "isupper": {"string": eachChar},
	"count": {"string": search}, "find": {"string": search}, "rfind": {"string": search}, "rindex": {"string": search},
	"partition": {"string": search}, "rpartition": {"string": search},
	"strip": {"string": strip}, "lstrip": {"string": strip}, "rstrip": {"string": strip},
	"split": {"string": split}, "rsplit": {"string": split}, "splitlines": {"string": split},
	"format": {"string": format}, "join": {"string": join}, "replace": {"string": replace},
	"index":  {"string": search},
	"insert": {"list": shift},
	"pop":    {"list": shift},
	"extend": {"list": takeAll},
	"items":  {"dict": copyAll}, "keys": {"dict": copyAll}, "values": {"dict": copyAll}, "popitem": {"dict": nothing},
}

// instead stands in the place of a method.
type instead func(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error)

// replaced are the methods that this package has in the place of the library's.
var replaced = map[string]map[string]instead{
	"index": {"list": listIndex}, "remove": {"list": listRemove}, "update": {"dict": dictUpdate, "set": setUpdate},
	"difference": {"set": setMethod}, "intersection": {"set": setMethod}, "symmetric_difference": {"set": setMethod},
	"union": {"set": setMethod}, "issubset": {"set": setMethod}, "issuperset": {"set": setMethod},
}

// guardedMethods are the names that the rewriter looks for.
var guardedMethods = func() map[string]bool {
	out := map[string]bool{}
	for name := range methods {
		out[name] = true
	}
	for name := range replaced {
		out[name] = true
	}
	return out
}()

// openMethods makes the functions behind x.name(...) and x.name of guarded methods.
func (s *State) openMethods() {
	for name := range guardedMethods {
		s.env[guardAttr+name] = sl.NewBuiltin(name, func(t *sl.Thread, _ *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
			return s.method(t, name, args[0], args[1:], kwargs)
		})
	}
	s.internal(guardAttr, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		name, _ := args[1].(sl.String)
		return s.attr(args[0], string(name))
	})
}

// method is self.name(args): what the library has, behind its guard.
func (s *State) method(t *sl.Thread, name string, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	fn, err := plainAttr(self, name)
	if err != nil {
		return nil, err
	}
	if own := replaced[name][self.Type()]; own != nil {
		return own(s, self, name, args, kwargs)
	}
	check := methods[name][self.Type()]
	own, ok := fn.(*sl.Builtin)
	if check == nil || !ok {
		return sl.Call(t, fn, args, kwargs)
	}
	if args, kwargs, err = check(s, self, args, kwargs); err != nil {
		return nil, err
	}
	v, err := own.CallInternal(t, args, kwargs)
	if err != nil {
		return nil, err
	}
	return v, s.made(name, v)
}

// made looks at what a method has made.
func (s *State) made(name string, v sl.Value) error {
	switch v := v.(type) {
	case sl.Tuple:
		return s.tuple(v)
	case *sl.List:
		for i := 0; name == "items" && i < v.Len(); i++ {
			if err := s.tuple(v.Index(i).(sl.Tuple)); err != nil {
				return err
			}
		}
	}
	return nil
}

// attr is self.name for the name of a guarded method.
func (s *State) attr(self sl.Value, name string) (sl.Value, error) {
	fn, err := plainAttr(self, name)
	if err != nil || methods[name][self.Type()] == nil && replaced[name][self.Type()] == nil {
		return fn, err
	}
	b := sl.NewBuiltin(name, func(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		return s.method(t, name, b.Receiver(), args, kwargs)
	})
	return b.BindReceiver(self), nil
}

// plainAttr is self.name without guards.
func plainAttr(self sl.Value, name string) (sl.Value, error) {
	object, ok := self.(sl.HasAttrs)
	if !ok {
		return nil, problem("%s has no .%s field or method", self.Type(), name)
	}
	v, err := object.Attr(name)
	if err == nil && v == nil {
		err = problem("%s has no .%s field or method", self.Type(), name)
	}
	return v, err
}

func nothing(_ *State, _ sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	return args, kwargs, nil
}

// shift moves the rest of a list.
func shift(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	return args, kwargs, s.meter.Spend(1 + sl.Len(self)/64)
}

func copyAll(s *State, self sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	return args, kwargs, s.room(4 * max(0, sl.Len(self)))
}

// takeAll adds collections to self.
func takeAll(s *State, _ sl.Value, args sl.Tuple, kwargs []sl.Tuple) (sl.Tuple, []sl.Tuple, error) {
	n := 0
	for _, a := range args {
		more, err := s.items(a)
		if err != nil {
			return nil, nil, err
		}
		n += more
	}
	return args, kwargs, s.room(2 * n)
}

func listIndex(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var x sl.Value
	var from, to sl.Value = sl.None, sl.None
	if err := sl.UnpackPositionalArgs(name, args, kwargs, 1, &x, &from, &to); err != nil {
		return nil, err
	}
	list, _ := self.(*sl.List)
	start, end := 0, list.Len()
	if err := bound(from, list.Len(), 0, list.Len(), &start); err != nil {
		return nil, err
	}
	if err := bound(to, list.Len(), 0, list.Len(), &end); err != nil {
		return nil, err
	}
	at, err := s.find(list, x, start, end)
	if err == nil && at < 0 {
		err = problem("%s: value not in list", name)
	}
	return sl.MakeInt(at), err
}

func listRemove(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var x sl.Value
	if err := sl.UnpackPositionalArgs(name, args, kwargs, 1, &x); err != nil {
		return nil, err
	}
	list, _ := self.(*sl.List)
	at, err := s.find(list, x, 0, list.Len())
	if err == nil && at < 0 {
		err = problem("%s: element not found", name)
	}
	if err != nil {
		return nil, err
	}
	pop, err := list.Attr("pop")
	if err != nil {
		return nil, err
	}
	_, err = pop.(*sl.Builtin).CallInternal(nil, sl.Tuple{sl.MakeInt(at)}, nil)
	return sl.None, err
}

func dictUpdate(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	d, _ := self.(*sl.Dict)
	return sl.None, s.fill(d, name, args, kwargs)
}

func setUpdate(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	if len(kwargs) > 0 {
		return nil, problem("%s: does not accept keyword arguments", name)
	}
	set, _ := self.(*sl.Set)
	for _, a := range args {
		values, ok := a.(sl.Iterable)
		if !ok {
			return nil, problem("%s: %s is not iterable", name, a.Type())
		}
		if set == a {
			continue
		}
		if err := s.insert(set, values); err != nil {
			return nil, problem("%s: %w", name, err)
		}
	}
	return sl.None, nil
}

// setMethod is x.union(values) and the like.
func setMethod(s *State, self sl.Value, name string, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var other sl.Iterable = sl.Tuple{}
	if err := sl.UnpackPositionalArgs(name, args, kwargs, 0, &other); err != nil {
		return nil, err
	}
	if _, err := s.items(other); err != nil {
		return nil, err
	}
	set, _ := self.(*sl.Set)
	v, err := setOps[name](s, set, other)
	if err != nil {
		return nil, problem("%s: %w", name, err)
	}
	return v, nil
}
