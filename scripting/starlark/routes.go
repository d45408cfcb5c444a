package starlark

import (
	"fmt"

	sl "go.starlark.net/starlark"
)

// routes is event_route, which takes functions while the script loads.
type routes struct {
	fns    map[string]sl.Callable
	closed bool
}

var (
	_ sl.HasSetKey = (*routes)(nil)
	_ sl.Sequence  = (*routes)(nil)
)

func (r *routes) String() string        { return fmt.Sprintf("event_route(%d routes)", len(r.fns)) }
func (r *routes) Type() string          { return "event_route" }
func (r *routes) Freeze()               {}
func (r *routes) Truth() sl.Bool        { return len(r.fns) > 0 }
func (r *routes) Hash() (uint32, error) { return 0, problem("unhashable type: event_route") }
func (r *routes) Len() int              { return len(r.fns) }

// Get is event_route[name].
func (r *routes) Get(name sl.Value) (sl.Value, bool, error) {
	text, _ := sl.AsString(name)
	fn, ok := r.fns[text]
	return fn, ok, nil
}

// Iterate goes through the names.
func (r *routes) Iterate() sl.Iterator {
	var names []sl.Value
	for name := range r.fns {
		names = append(names, sl.String(name))
	}
	return sl.NewList(names).Iterate()
}

// SetKey is event_route[name] = function; None takes a route away.
func (r *routes) SetKey(key, value sl.Value) error {
	name, ok := sl.AsString(key)
	if !ok || name == "" {
		return problem("event_route: the name of a route is a string, such as event_route[\"rms:start\"]")
	}
	if r.closed {
		return problem("event_route[%q]: routes are defined while the script loads, not in a route", name)
	}
	if value == sl.None {
		delete(r.fns, name)
		return nil
	}
	fn, ok := value.(sl.Callable)
	if !ok {
		return problem("event_route[%q]: wants a function, got a %s", name, value.Type())
	}
	r.fns[name] = fn
	return nil
}
