package starlark

import (
	"sort"

	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// sorted is the function of the same name. It counts every comparison.
func (s *State) sorted(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var values sl.Iterable
	var key sl.Callable
	var reverse bool
	if err := sl.UnpackArgs(b.Name(), args, kwargs, "iterable", &values, "key?", &key, "reverse?", &reverse); err != nil {
		return nil, err
	}
	o := &order{state: s}
	var err error
	if o.values, err = s.take(values); err != nil {
		return nil, err
	}
	if o.keys, err = s.keys(t, key, o.values); err != nil {
		return nil, err
	}
	if reverse {
		sort.Stable(sort.Reverse(o))
	} else {
		sort.Stable(o)
	}
	return sl.NewList(o.values), o.err
}

// take makes a slice of a collection.
func (s *State) take(values sl.Iterable) ([]sl.Value, error) {
	n, err := s.items(values)
	if err != nil {
		return nil, err
	}
	if err := s.room(n); err != nil {
		return nil, err
	}
	out := make([]sl.Value, 0, max(0, sl.Len(values)))
	for v := range sl.Elements(values) {
		out = append(out, v)
	}
	return out, nil
}

// keys calls a function for each value; without one the values are their keys.
func (s *State) keys(t *sl.Thread, fn sl.Callable, values []sl.Value) ([]sl.Value, error) {
	if fn == nil {
		return values, nil
	}
	keys := make([]sl.Value, len(values))
	for i, v := range values {
		k, err := sl.Call(t, fn, sl.Tuple{v}, nil)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

type order struct {
	state        *State
	values, keys []sl.Value
	err          error
}

func (o *order) Len() int { return len(o.values) }

func (o *order) Swap(i, j int) {
	o.values[i], o.values[j] = o.values[j], o.values[i]
	if len(o.keys) > 0 && &o.keys[0] != &o.values[0] {
		o.keys[i], o.keys[j] = o.keys[j], o.keys[i]
	}
}

// Less stops comparing at the first error, which ends the sorting soon.
func (o *order) Less(i, j int) bool {
	if o.err != nil {
		return false
	}
	var less bool
	less, o.err = o.state.compare(syntax.LT, o.keys[i], o.keys[j])
	return less
}

// extreme is min and max.
func (s *State) extreme(op syntax.Token) function {
	return func(t *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
		var key sl.Callable
		if err := sl.UnpackArgs(b.Name(), nil, kwargs, "key?", &key); err != nil {
			return nil, err
		}
		var values sl.Iterable = args
		if len(args) == 1 {
			if err := sl.UnpackPositionalArgs(b.Name(), args, nil, 1, &values); err != nil {
				return nil, err
			}
		}
		list, err := s.take(values)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, problem("%s: there is no value", b.Name())
		}
		keys, err := s.keys(t, key, list)
		if err != nil {
			return nil, err
		}
		best := 0
		for i := range keys {
			better, err := s.compare(op, keys[i], keys[best])
			if err != nil {
				return nil, err
			}
			if better {
				best = i
			}
		}
		return list[best], nil
	}
}
