package lua

import (
	"sort"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// bounded wraps a function of a library whose first argument is a table that it
// may have to move.
func (s *State) bounded(lib, name string) glua.LGFunction {
	original := s.original(lib, name)
	return func(L *glua.LState) int {
		t := L.CheckTable(1)
		n, places := t.Len(), arrayPlaces(t)
		s.spend(L, places/64+1)
		if n >= maxArray-1 && name == "insert" {
			L.RaiseError("table too large: a list may have %d values", maxArray-1)
		}
		if places >= maxArray-1 {
			for range places - n {
				t.Remove(-1) // the empty places at the end, which insert would push on and on
			}
		}
		return original(L)
	}
}

func (s *State) tabConcat(L *glua.LState) int {
	t := L.CheckTable(1)
	sep := L.OptString(2, "")
	first, last := L.OptInt(3, 1), L.OptInt(4, t.Len())
	first, last = max(first, 1), min(last, maxArray)
	size := 0
	for i := first; i <= last; i++ {
		v := t.RawGetInt(i)
		if !glua.LVCanConvToString(v) {
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if size += len(glua.LVAsString(v)) + len(sep); size-len(sep) > s.limits.String {
			s.build(L, size)
		}
		s.spend(L, 2)
	}
	s.build(L, max(size-len(sep), 0))
	var out strings.Builder
	out.Grow(size)
	for i := first; i <= last; i++ {
		if i > first {
			out.WriteString(sep)
		}
		out.WriteString(glua.LVAsString(t.RawGetInt(i)))
	}
	L.Push(glua.LString(out.String()))
	return 1
}

// tabSort sorts a copy, so that a comparison function that changes the table
// does no harm, and counts its comparisons.
func (s *State) tabSort(L *glua.LState) int {
	t := L.CheckTable(1)
	o := &order{state: s, L: L}
	if L.GetTop() > 1 && L.Get(2) != glua.LNil {
		o.less = L.CheckFunction(2)
	}
	n := t.Len()
	s.spend(L, n/8+1)
	o.values = make([]glua.LValue, n)
	for i := range o.values {
		o.values[i] = t.RawGetInt(i + 1)
	}
	sort.Sort(o)
	for i, v := range o.values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

type order struct {
	state  *State
	L      *glua.LState
	less   *glua.LFunction
	values []glua.LValue
}

func (o *order) Len() int      { return len(o.values) }
func (o *order) Swap(i, j int) { o.values[i], o.values[j] = o.values[j], o.values[i] }

func (o *order) Less(i, j int) bool {
	o.state.spend(o.L, 2)
	if o.less == nil {
		return o.L.LessThan(o.values[i], o.values[j])
	}
	o.L.Push(o.less)
	o.L.Push(o.values[i])
	o.L.Push(o.values[j])
	o.L.Call(2, 1)
	result := o.L.ToBool(-1)
	o.L.Pop(1)
	return result
}
