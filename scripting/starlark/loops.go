package starlark

import (
	"slices"

	sl "go.starlark.net/starlark"
)

// openLoops makes the guard of what loops go through. The interpreter keeps that where
// the meter cannot see it, so the state keeps it, too, while the loop runs.
func (s *State) openLoops() {
	s.internal(guardLoop, func(_ *sl.Thread, args sl.Tuple) (sl.Value, error) {
		switch values := args[0].(type) {
		case *sl.List, sl.Tuple, *sl.Dict, *sl.Set:
			return looped{values.(sl.Iterable), s}, nil
		}
		return args[0], nil // a range or a string has nothing to hold
	})
}

// looped is what a loop goes through.
type looped struct {
	sl.Iterable
	state *State
}

// Iterate begins the loop.
func (l looped) Iterate() sl.Iterator {
	it := &loop{Iterator: l.Iterable.Iterate(), held: &l.state.held, values: l.Iterable}
	if l.state.current != nil {
		it.held = &l.state.current.held
	}
	*it.held = append(*it.held, l.Iterable)
	return it
}

// loop is a loop that runs.
type loop struct {
	sl.Iterator
	held   *[]sl.Value
	values sl.Value
}

// Done ends the loop, which is nearly always the innermost one.
func (l *loop) Done() {
	l.Iterator.Done()
	list := *l.held
	for i, v := range slices.Backward(list) {
		if same(v, l.values) {
			*l.held = slices.Delete(list, i, i+1)
			return
		}
	}
}

// same compares by identity what can be compared.
func same(a, b sl.Value) bool {
	x, tuple := a.(sl.Tuple)
	y, both := b.(sl.Tuple)
	if tuple || both {
		return tuple && both && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0])
	}
	return a == b
}
