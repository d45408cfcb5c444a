package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// span turns Lua's first and last position (from 1, negative from the end) into
// a Go range of a text of n bytes.
func span(n, first, last int) (from, to int) {
	if first < 0 {
		first = max(n+first+1, 1)
	}
	if last < 0 {
		last = n + last + 1
	}
	from, to = max(first, 1)-1, min(last, n)
	if from >= to {
		return 0, 0
	}
	return from, to
}

func (s *State) strByte(L *glua.LState) int {
	str := L.CheckString(1)
	first := L.OptInt(2, 1)
	from, to := span(len(str), first, L.OptInt(3, first))
	s.results(L, uint64(to-from))
	for _, c := range []byte(str[from:to]) {
		L.Push(glua.LNumber(c))
	}
	return to - from
}

func (s *State) strRep(L *glua.LState) int {
	str, n := L.CheckString(1), L.CheckInt(2)
	if n <= 0 || str == "" {
		L.Push(glua.LString(""))
		return 1
	}
	if n > s.limits.String {
		n = s.limits.String + 1
	}
	s.build(L, len(str)*n)
	L.Push(glua.LString(strings.Repeat(str, n)))
	return 1
}

func (s *State) strReverse(L *glua.LState) int {
	str := L.CheckString(1)
	s.build(L, len(str))
	out := make([]byte, len(str))
	for i := range len(str) {
		out[len(str)-1-i] = str[i]
	}
	L.Push(glua.LString(out))
	return 1
}

// strLower and strUpper change ASCII letters only, as the C locale does: bytes
// of other encodings stay as they came off the wire.
func (s *State) strLower(L *glua.LState) int { return s.mapBytes(L, 'A', 'Z', 'a'-'A') }

func (s *State) strUpper(L *glua.LState) int { return s.mapBytes(L, 'a', 'z', 'A'-'a') }

func (s *State) mapBytes(L *glua.LState, low, high byte, move int) int {
	str := L.CheckString(1)
	s.build(L, len(str))
	out := []byte(str)
	for i, c := range out {
		if c >= low && c <= high {
			out[i] = byte(int(c) + move)
		}
	}
	L.Push(glua.LString(out))
	return 1
}
