package starlark

import (
	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// The library copies and joins dicts and sets in one step, and its hash function is one
// for which everybody can make keys that collide. Here the meter is looked at for each
// key.

// each calls fn for each element.
func (s *State) each(values sl.Iterable, fn func(sl.Value) error) error {
	for v := range sl.Elements(values) {
		if err := s.meter.Spend(8); err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

// put adds what is in a dict to another one.
func (s *State) put(to, from *sl.Dict) error {
	if to == from {
		return nil
	}
	for k, v := range from.Entries() {
		if err := s.meter.Build(80); err != nil {
			return err
		}
		if err := to.SetKey(k, v); err != nil {
			return err
		}
	}
	return nil
}

// fill adds a dict or a list of pairs, and named values to a dict.
func (s *State) fill(d *sl.Dict, name string, args sl.Tuple, kwargs []sl.Tuple) error {
	var from sl.Iterable
	if err := sl.UnpackPositionalArgs(name, args, nil, 0, &from); err != nil {
		return err
	}
	if other, ok := from.(*sl.Dict); ok {
		if err := s.put(d, other); err != nil {
			return problem("%s: %w", name, err)
		}
	} else if from != nil {
		if err := s.fillPairs(d, name, from); err != nil {
			return err
		}
	}
	for _, kv := range kwargs {
		if err := d.SetKey(kv[0], kv[1]); err != nil {
			return problem("%s: %w", name, err)
		}
	}
	return nil
}

func (s *State) fillPairs(d *sl.Dict, name string, pairs sl.Iterable) error {
	if _, err := s.items(pairs); err != nil {
		return err
	}
	i := -1
	return s.each(pairs, func(pair sl.Value) error {
		i++
		values, ok := pair.(sl.Iterable)
		if !ok || sl.Len(pair) != 2 {
			return problem("%s: element #%d is not a pair of key and value", name, i)
		}
		var kv []sl.Value
		for v := range sl.Elements(values) {
			kv = append(kv, v)
		}
		if err := d.SetKey(kv[0], kv[1]); err != nil {
			return problem("%s: %w", name, err)
		}
		return nil
	})
}

func (s *State) newDict(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	d := new(sl.Dict)
	return d, s.fill(d, b.Name(), args, kwargs)
}

func (s *State) newSet(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var from sl.Iterable
	if err := sl.UnpackPositionalArgs(b.Name(), args, kwargs, 0, &from); err != nil {
		return nil, err
	}
	set := new(sl.Set)
	return set, s.insert(set, from)
}

// insert adds values to a set.
func (s *State) insert(set *sl.Set, values sl.Iterable) error {
	if values == nil {
		return nil
	}
	if _, err := s.items(values); err != nil {
		return err
	}
	return s.each(values, func(v sl.Value) error {
		if err := s.meter.Build(80); err != nil {
			return err
		}
		return set.Insert(v)
	})
}

// setOps are what can be done with a set and other values.
var setOps = map[string]func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error){
	"union": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) {
		out, err := s.copySet(x)
		if err != nil {
			return nil, err
		}
		return out, s.insert(out, other)
	},
	"difference": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) {
		out, err := s.copySet(x)
		if err != nil {
			return nil, err
		}
		return out, s.each(other, func(v sl.Value) error {
			_, err := out.Delete(v)
			return err
		})
	},
	"intersection": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) { return s.common(x, other) },
	"symmetric_difference": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) {
		out, err := s.copySet(x)
		if err != nil {
			return nil, err
		}
		return out, s.each(other, func(v sl.Value) error {
			if found, err := out.Delete(v); err != nil || found {
				return err
			}
			return out.Insert(v)
		})
	},
	"issubset": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) {
		both, err := s.common(x, other)
		return sl.Bool(both.Len() == x.Len()), err
	},
	"issuperset": func(s *State, x *sl.Set, other sl.Iterable) (sl.Value, error) {
		all := true
		err := s.each(other, func(v sl.Value) error {
			found, err := x.Has(v)
			all = all && found
			return err
		})
		return sl.Bool(all), err
	},
}

func (s *State) copySet(x *sl.Set) (*sl.Set, error) {
	out := new(sl.Set)
	return out, s.insert(out, x)
}

// common returns the values that are in both.
func (s *State) common(x *sl.Set, other sl.Iterable) (*sl.Set, error) {
	out := new(sl.Set)
	return out, s.each(other, func(v sl.Value) error {
		if found, err := x.Has(v); err != nil || !found {
			return err
		}
		return out.Insert(v)
	})
}

// sets compares two sets: by what they hold, and < is a subset.
func (s *State) sets(op syntax.Token, x, y *sl.Set) (bool, error) {
	small, large := x, y
	if op == syntax.GT || op == syntax.GE {
		small, large = y, x
	}
	all, err := setOps["issuperset"](s, large, small)
	if err != nil {
		return false, err
	}
	within, equal := bool(all.Truth()), x.Len() == y.Len()
	switch op {
	case syntax.EQL:
		return within && equal, nil
	case syntax.NEQ:
		return !within || !equal, nil
	case syntax.LE, syntax.GE:
		return within, nil
	}
	return within && !equal, nil
}
