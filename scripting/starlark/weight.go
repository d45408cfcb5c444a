package starlark

import (
	"errors"
	"fmt"

	sl "go.starlark.net/starlark"
)

// Limits of values, so that no single step of the interpreter takes long.
const (
	maxItems = 1 << 16 // that a function takes as a whole
	maxTuple = 1 << 14 // values in a tuple, those of its tuples included
	maxWork  = 1 << 18 // values that one comparison may look at
	maxBits  = 4096    // of an integer
	maxRange = 1 << 24 // numbers in a range
)

var (
	errBits  = fmt.Errorf("integer too large: %d bits are the limit", maxBits)
	errTuple = fmt.Errorf("tuple too large: %d values are the limit, those of its tuples included", maxTuple)
	errWork  = errors.New("values too large to compare")
)

// weigher counts the values that a walk through a value meets; long strings count as
// several. It stops behind the limit.
type weigher struct {
	n, limit int
	tuples   bool // nothing but tuples is looked into
}

func (w *weigher) value(v sl.Value, depth int) {
	if w.n++; w.n > w.limit || depth == 0 {
		return
	}
	switch v := v.(type) {
	case sl.String:
		w.n += len(v) / 64
	case sl.Tuple:
		for _, e := range v {
			w.value(e, depth-1)
			if w.n > w.limit {
				return
			}
		}
	case *sl.List, *sl.Dict, *sl.Set:
		if !w.tuples {
			w.inside(v, depth)
		}
	}
}

func (w *weigher) inside(v sl.Value, depth int) {
	switch v := v.(type) {
	case *sl.List:
		for i := 0; i < v.Len() && w.n <= w.limit; i++ {
			w.value(v.Index(i), depth-1)
		}
	case *sl.Dict:
		for k, e := range v.Entries() {
			w.value(k, depth-1)
			if w.value(e, depth-1); w.n > w.limit {
				return
			}
		}
	case *sl.Set:
		for e := range v.Elements() {
			if w.value(e, depth-1); w.n > w.limit {
				return
			}
		}
	}
}

// tuple refuses tuples that hold too much: the library hashes, compares and freezes all
// of one in a single step, and t = (t, t) doubles it.
func (s *State) tuple(t sl.Tuple) error {
	w := weigher{limit: maxTuple, tuples: true}
	w.value(t, maxTuple)
	if err := s.meter.Spend(w.n/8 + 1); err != nil {
		return err
	}
	if w.n > maxTuple {
		return errTuple
	}
	return nil
}

// work counts what a walk through values costs, before it is done.
func (s *State) work(values ...sl.Value) error {
	w := weigher{limit: maxWork}
	for _, v := range values {
		w.value(v, sl.CompareLimit+1)
	}
	if err := s.meter.Spend(w.n); err != nil {
		return err
	}
	if w.n > maxWork {
		return errWork
	}
	return nil
}

// items returns how many values a collection has that a function is about to take.
func (s *State) items(v sl.Value) (int, error) {
	n := sl.Len(v)
	if _, ok := v.(sl.Iterable); !ok {
		return 0, nil // the function says what is wrong
	}
	if n < 0 {
		n = maxItems / 4 // characters of a string
	}
	if n > maxItems {
		return 0, fmt.Errorf("%s of %d values is too large: %d are the limit here", v.Type(), n, maxItems)
	}
	return n, s.meter.Spend(n/2 + 1)
}

// room counts n values that a function is about to make.
func (s *State) room(n int) error { return s.meter.Build(16 * n) }

// build counts a string that is about to be made.
func (s *State) build(size int) error {
	if limit := s.limits.String; size > limit {
		return fmt.Errorf("string too long: %d bytes (limit %d)", size, limit)
	}
	return s.meter.Build(size)
}
