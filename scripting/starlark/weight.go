package starlark

import (
	"fmt"

	sl "go.starlark.net/starlark"
)

// Limits of values, so that no single step of the interpreter takes long.
const (
	maxItems = 1 << 16 // that a function takes as a whole
	maxTuple = 1 << 14 // values in a tuple, those of its tuples included
	maxBits  = 4096    // of an integer
	maxRange = 1 << 24 // numbers in a range
)

var (
	errBits  = fmt.Errorf("integer too large: %d bits are the limit", maxBits)
	errTuple = fmt.Errorf("tuple too large: %d values are the limit, those of its tuples included", maxTuple)
)

// weigher counts the values in a tuple and its tuples; long strings count as several.
// It stops behind the limit.
type weigher int

func (w *weigher) value(v sl.Value) {
	*w++
	switch v := v.(type) {
	case sl.String:
		*w += weigher(len(v) / 64)
	case sl.Tuple:
		for _, e := range v {
			if w.value(e); *w > maxTuple {
				return
			}
		}
	}
}

// tuple refuses tuples that hold too much: the library hashes and freezes all of one in
// a single step, and t = (t, t) doubles it.
func (s *State) tuple(t sl.Tuple) error {
	var w weigher
	w.value(t)
	if err := s.meter.Spend(int(w)/8 + 1); err != nil {
		return err
	}
	if w > maxTuple {
		return errTuple
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
