package starlark

import sl "go.starlark.net/starlark"

// slice is x[lo:hi:step]; it counts what it copies.
func (s *State) slice(x, lo, hi, step sl.Value) (sl.Value, error) {
	seq, ok := x.(sl.Sliceable)
	if !ok {
		return nil, problem("invalid slice operand %s", x.Type())
	}
	by := 1
	if step != sl.None {
		var err error
		if by, err = sl.AsInt32(step); err != nil {
			return nil, problem("slice step: %w", err)
		}
		if by == 0 {
			return nil, problem("zero is not a valid slice step")
		}
	}
	n := seq.Len()
	start, end, low, high := 0, n, 0, n
	if by < 0 {
		start, end, low, high = n-1, -1, -1, n-1
	}
	if err := bound(lo, n, low, high, &start); err != nil {
		return nil, err
	}
	if err := bound(hi, n, low, high, &end); err != nil {
		return nil, err
	}
	if (end-start < 0) != (by < 0) {
		end = start
	}
	if err := s.copied(x, max(end-start, start-end), by); err != nil {
		return nil, err
	}
	return seq.Slice(start, end, by), nil
}

// bound reads an index, which counts from the end when it is negative.
func bound(v sl.Value, n, low, high int, to *int) error {
	if v == sl.None {
		return nil
	}
	i, err := sl.AsInt32(v)
	if err != nil {
		return problem("slice index: %w", err)
	}
	if i < 0 {
		i += n
	}
	*to = min(max(i, low), high)
	return nil
}

func (s *State) copied(x sl.Value, n, step int) error {
	switch x.(type) {
	case sl.String:
		if step != 1 {
			return s.build(n)
		}
	case *sl.List:
		return s.room(n)
	case sl.Tuple:
		if step != 1 {
			return s.room(n)
		}
	}
	return nil
}
