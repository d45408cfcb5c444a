package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
)

const specials = "^$*+?.([%-"

func (s *State) matcher(text, pattern string) *matcher {
	return &matcher{text: text, pattern: pattern, spend: s.meter.Spend, unspent: len(pattern) / 64}
}

// search looks for the first match from a place on and returns its range; ok is
// false when there is none. It raises an error for a bad pattern.
func (s *State) search(L *glua.LState, m *matcher, from int) (at, end int, ok bool) {
	p := 0
	anchored := strings.HasPrefix(m.pattern, "^")
	if anchored {
		p = 1
	}
	for at = from; at <= len(m.text); at++ {
		m.captures, m.depth = 0, 0
		end = m.match(at, p)
		if m.err != nil {
			L.RaiseError("%s", m.err.Error())
		}
		if end >= 0 {
			return at, end, true
		}
		if anchored {
			break
		}
	}
	return 0, 0, false
}

func (s *State) strFind(L *glua.LState) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	from, ok := start(len(text), L.OptInt(3, 1))
	if !ok {
		L.Push(glua.LNil)
		return 1
	}
	if L.ToBool(4) || !strings.ContainsAny(pattern, specials) {
		s.spend(L, (len(text)+len(pattern))/256+1)
		i := strings.Index(text[from:], pattern)
		if i < 0 {
			L.Push(glua.LNil)
			return 1
		}
		L.Push(glua.LNumber(from + i + 1))
		L.Push(glua.LNumber(from + i + len(pattern)))
		return 2
	}
	m := s.matcher(text, pattern)
	at, end, ok := s.search(L, m, from)
	if !ok {
		L.Push(glua.LNil)
		return 1
	}
	L.Push(glua.LNumber(at + 1))
	L.Push(glua.LNumber(end))
	return 2 + s.pushCaptures(L, m)
}

func (s *State) strMatch(L *glua.LState) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	from, ok := start(len(text), L.OptInt(3, 1))
	if ok {
		m := s.matcher(text, pattern)
		if at, end, ok := s.search(L, m, from); ok {
			return s.pushMatch(L, m, at, end)
		}
	}
	L.Push(glua.LNil)
	return 1
}

func (s *State) strGmatch(L *glua.LState) int {
	m := s.matcher(L.CheckString(1), L.CheckString(2))
	from := 0
	L.Push(L.NewFunction(func(L *glua.LState) int {
		if from <= len(m.text) {
			if at, end, ok := s.search(L, m, from); ok {
				from = end
				if end == at {
					from++
				}
				return s.pushMatch(L, m, at, end)
			}
		}
		from = len(m.text) + 1
		L.Push(glua.LNil)
		return 1
	}))
	return 1
}

// start turns Lua's init argument into a Go index.
func start(n, init int) (int, bool) {
	if init < 0 {
		init = max(n+init+1, 1)
	}
	init = max(init, 1) - 1
	return init, init <= n
}

// pushMatch pushes the captures, or the whole match when there are none.
func (s *State) pushMatch(L *glua.LState, m *matcher, at, end int) int {
	if m.captures == 0 {
		L.Push(glua.LString(m.text[at:end]))
		return 1
	}
	return s.pushCaptures(L, m)
}

func (s *State) pushCaptures(L *glua.LState, m *matcher) int {
	for i := range m.captures {
		L.Push(s.captured(L, m, i))
	}
	return m.captures
}

func (s *State) captured(L *glua.LState, m *matcher, i int) glua.LValue {
	c := m.capture[i]
	switch c.size {
	case capturePosition:
		return glua.LNumber(c.at + 1)
	case captureOpen:
		L.RaiseError("unfinished capture")
	}
	return glua.LString(m.text[c.at : c.at+c.size])
}
