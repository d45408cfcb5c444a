package starlark

import (
	"sort"

	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// compare does x op y. Only collections can be much work.
func (s *State) compare(op syntax.Token, x, y sl.Value) (bool, error) {
	if err := s.comparable(x, y); err != nil {
		return false, err
	}
	return sl.Compare(op, x, y)
}

func (s *State) comparable(x, y sl.Value) error {
	switch x := x.(type) {
	case sl.String:
		if y, ok := y.(sl.String); ok {
			return s.meter.Spend(1 + min(len(x), len(y))/256)
		}
	case *sl.List, sl.Tuple, *sl.Dict, *sl.Set:
		return s.work(x, y)
	}
	return s.meter.Spend(1)
}

// contains is x in y and x not in y.
func (s *State) contains(op syntax.Token, x, y sl.Value) (sl.Value, error) {
	var err error
	switch y := y.(type) {
	case *variables:
		found, err := y.has(x)
		return sl.Bool(found == (op == syntax.IN)), err
	case *sl.List, sl.Tuple:
		err = s.work(y)
	case sl.String:
		err = s.meter.Spend(1 + len(y)/256)
	}
	if err != nil {
		return nil, err
	}
	return sl.Binary(op, x, y)
}

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
