package starlark

import (
	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// compare does x op y as the library does, but looks at the meter for each value.
func (s *State) compare(op syntax.Token, x, y sl.Value) (bool, error) {
	return s.compareDepth(op, x, y, sl.CompareLimit)
}

func (s *State) equal(x, y sl.Value) (bool, error) { return s.compare(syntax.EQL, x, y) }

func (s *State) compareDepth(op syntax.Token, x, y sl.Value, depth int) (bool, error) {
	work := 1
	if x, ok := x.(sl.String); ok {
		work += len(x) / 256
	}
	if err := s.meter.Spend(work); err != nil {
		return false, err
	}
	switch x := x.(type) {
	case *sl.List:
		if y, ok := y.(*sl.List); ok && depth > 0 {
			return s.sequences(op, x, y, depth)
		}
	case sl.Tuple:
		if y, ok := y.(sl.Tuple); ok && depth > 0 {
			return s.sequences(op, x, y, depth)
		}
	case *sl.Dict:
		if y, ok := y.(*sl.Dict); ok && depth > 0 && (op == syntax.EQL || op == syntax.NEQ) {
			same, err := s.dicts(x, y, depth)
			return same == (op == syntax.EQL), err
		}
	case *sl.Set:
		if y, ok := y.(*sl.Set); ok && depth > 0 {
			return s.sets(op, x, y)
		}
	}
	return sl.CompareDepth(op, x, y, depth)
}

// sequences compares two lists or tuples: by their first elements that differ, else by
// their lengths.
func (s *State) sequences(op syntax.Token, x, y sl.Indexable, depth int) (bool, error) {
	if x.Len() != y.Len() && (op == syntax.EQL || op == syntax.NEQ) {
		return op == syntax.NEQ, nil
	}
	for i := 0; i < x.Len() && i < y.Len(); i++ {
		same, err := s.compareDepth(syntax.EQL, x.Index(i), y.Index(i), depth-1)
		if err != nil {
			return false, err
		}
		if same {
			continue
		}
		if op == syntax.EQL || op == syntax.NEQ {
			return op == syntax.NEQ, nil
		}
		return s.compareDepth(op, x.Index(i), y.Index(i), depth-1)
	}
	return sl.Compare(op, sl.MakeInt(x.Len()), sl.MakeInt(y.Len()))
}

func (s *State) dicts(x, y *sl.Dict, depth int) (bool, error) {
	if x.Len() != y.Len() {
		return false, nil
	}
	for k, v := range x.Entries() {
		if err := s.meter.Spend(8); err != nil {
			return false, err
		}
		w, found, err := y.Get(k)
		if err != nil || !found {
			return false, err
		}
		if same, err := s.compareDepth(syntax.EQL, v, w, depth-1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// contains is x in y and x not in y.
func (s *State) contains(op syntax.Token, x, y sl.Value) (sl.Value, error) {
	found := false
	var err error
	switch y := y.(type) {
	case *variables:
		found, err = y.has(x)
	case *sl.List:
		found, err = s.among(x, y)
	case sl.Tuple:
		found, err = s.among(x, y)
	default:
		if err := s.meter.Spend(1 + max(0, sl.Len(y))/256); err != nil {
			return nil, err
		}
		return sl.Binary(op, x, y)
	}
	return sl.Bool(found == (op == syntax.IN)), err
}

func (s *State) among(x sl.Value, y sl.Indexable) (bool, error) {
	at, err := s.find(y, x, 0, y.Len())
	return at >= 0, err
}

// find returns where a value is, -1 when it is not there.
func (s *State) find(list sl.Indexable, x sl.Value, from, to int) (int, error) {
	for i := from; i < min(to, list.Len()); i++ {
		if same, err := s.equal(list.Index(i), x); err != nil || same {
			return i, err
		}
	}
	return -1, nil
}
