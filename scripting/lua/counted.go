package lua

import (
	glua "github.com/yuin/gopher-lua"
)

// maxResults is how many values unpack and string.byte return at most.
const maxResults = 4096

// linearTime are the functions of the library that are kept as they are and read
// all of their arguments; math has more of them.
var linearTime = map[string][]string{
	"":       {"assert", "error", "select", "tonumber"},
	"string": {"char"},
}

// countArguments has the functions of linearTime and those of math count what
// they are given.
func (s *State) countArguments() {
	for lib, names := range linearTime {
		t := s.L.G.Global
		if lib != "" {
			t = s.lib(lib)
		}
		for _, name := range names {
			s.count(t, name)
		}
	}
	var names []string
	s.lib("math").ForEach(func(name, _ glua.LValue) { names = append(names, name.String()) })
	for _, name := range names {
		s.count(s.lib("math"), name)
	}
}

func (s *State) count(t *glua.LTable, name string) {
	fn, ok := t.RawGetString(name).(*glua.LFunction)
	if !ok {
		return
	}
	plain := fn.GFunction
	t.RawSetString(name, s.L.NewFunction(func(L *glua.LState) int {
		top := L.GetTop()
		steps := top/4 + 1
		for i := 1; i <= top; i++ {
			if str, ok := L.Get(i).(glua.LString); ok {
				steps += len(str) / 64 // where a number is wanted it is parsed
			}
		}
		s.spend(L, steps)
		return plain(L)
	}))
}

// results counts the values that a function is about to return: each takes room
// on the stack, and they are pushed without a look at the clock.
func (s *State) results(L *glua.LState, n uint64) {
	if n > maxResults {
		L.RaiseError("too many results (limit %d)", maxResults)
	}
	s.spend(L, int(n)/4+1)
}

// unpack is unpack(t, first, last): the number of results depends on last, not on
// what is in the table.
func (s *State) unpack(L *glua.LState) int {
	t := L.CheckTable(1)
	first, last := L.OptInt(2, 1), 0
	if L.Get(3) == glua.LNil {
		last = t.Len()
	} else {
		last = L.CheckInt(3)
	}
	if last < first {
		return 0
	}
	more := uint64(last) - uint64(first) // behind the first; right even where last-first overflows
	s.results(L, min(more, maxResults)+1)
	for i := range int(more) + 1 {
		L.Push(t.RawGetInt(first + i))
	}
	return int(more) + 1
}

// maxQuoted is how much of a name an error message repeats.
const maxQuoted = 80

// brief cuts a name that a script made up for a message.
func brief(name string) string {
	if len(name) <= maxQuoted {
		return name
	}
	return name[:maxQuoted] + "..."
}
