package starlark

import (
	"fmt"
	"reflect"

	sl "go.starlark.net/starlark"
)

// retained estimates the bytes that the running script holds: what the variables and
// the intermediate values of its functions lead to, without the globals. It stops
// counting soon after the limit.
func (s *State) retained() int64 {
	w := walker{known: s.frozen, seen: map[uintptr]struct{}{}, limit: s.limits.Memory / 4 * 3}
	if r := s.current; r != nil {
		w.thread(&r.thread, r.held)
	} else if s.loading != nil {
		w.thread(s.loading, s.held)
	}
	return w.bytes
}

// thread visits the running functions of a thread and what their loops go through.
func (w *walker) thread(t *sl.Thread, held []sl.Value) {
	for depth := range t.CallStackDepth() {
		frame := t.DebugFrame(depth)
		fn, ok := frame.Callable().(*sl.Function)
		if !ok {
			continue
		}
		w.value(fn)
		for _, v := range space(frame, fn) {
			w.value(v)
		}
		if fn.Name() == "<toplevel>" {
			for _, v := range fn.Globals() {
				w.value(v)
			}
		}
	}
	for _, v := range held {
		w.value(v)
	}
	w.drain()
}

// maxWaiting is how much a run may hold while it waits, in bytes: there may be one or
// more for each call.
const maxWaiting = 64 << 10

// light refuses to let a run wait that holds much.
func (s *State) light() error {
	w := walker{known: s.frozen, seen: map[uintptr]struct{}{}, limit: maxWaiting}
	w.thread(&s.current.thread, s.current.held)
	if w.bytes > maxWaiting {
		return &brokenVerb{fmt.Sprintf("a run that waits may hold %d KiB of values", maxWaiting>>10)}
	}
	return nil
}

// walker visits each object once, without recursion.
type walker struct {
	known map[uintptr]struct{} // not to visit
	seen  map[uintptr]struct{}
	todo  []sl.Value
	bytes int64
	limit int64
}

func (w *walker) drain() {
	for len(w.todo) > 0 && w.bytes <= w.limit {
		v := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.visit(v)
	}
}

// value counts a plain value at once and remembers a collection for later.
func (w *walker) value(v sl.Value) {
	switch v := v.(type) {
	case nil:
	case sl.String:
		w.bytes += int64(len(v)) + 16
	case sl.Int:
		w.bytes += int64(bitLen(v) / 64 * 8)
	case sl.Float, sl.Bool, sl.NoneType:
		w.bytes += 8
	case sl.Tuple:
		w.bytes += 24
		if len(v) > 0 {
			w.once(reflect.ValueOf(v).Pointer(), v)
		}
	case operand:
		w.value(v.Value)
	default:
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer {
			w.once(p.Pointer(), v)
		}
	}
}

func (w *walker) once(identity uintptr, v sl.Value) {
	if _, ok := w.known[identity]; ok {
		return
	}
	if _, ok := w.seen[identity]; !ok {
		w.seen[identity] = struct{}{}
		w.todo = append(w.todo, v)
	}
}

func (w *walker) visit(v sl.Value) {
	w.bytes += 48
	switch v := v.(type) {
	case *sl.List:
		w.bytes += int64(v.Len()) * 20 // with room to grow
		for i := 0; i < v.Len() && w.bytes <= w.limit; i++ {
			w.value(v.Index(i))
		}
	case sl.Tuple:
		w.bytes += int64(len(v)) * 16
		for _, e := range v {
			w.value(e)
		}
	case *sl.Dict:
		w.bytes += tableBytes(v.Len())
		for k, e := range v.Entries() {
			w.value(k)
			if w.value(e); w.bytes > w.limit {
				return
			}
		}
	case *sl.Set:
		w.bytes += tableBytes(v.Len())
		for e := range v.Elements() {
			if w.value(e); w.bytes > w.limit {
				return
			}
		}
	case *sl.Function:
		w.bytes += 64
		for i := range v.NumFreeVars() {
			_, e := v.FreeVar(i)
			w.value(e)
		}
		for i := range v.NumParams() {
			w.value(v.ParamDefault(i))
		}
	case *sl.Builtin:
		w.value(v.Receiver())
	default:
		w.value(inCell(v))
	}
}

// tableBytes is what a hash table of n entries takes: buckets of eight entries of 56
// bytes each.
func tableBytes(n int) int64 {
	buckets := 1
	for float64(n) >= 6.5*float64(buckets) {
		buckets *= 2
	}
	return int64(buckets)*456 + 64
}
