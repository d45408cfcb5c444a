package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"
)

func (s *State) strGsub(L *glua.LState) int {
	text, pattern := L.CheckString(1), L.CheckString(2)
	L.CheckTypes(3, glua.LTString, glua.LTNumber, glua.LTTable, glua.LTFunction)
	most := L.OptInt(4, len(text)+1)
	m := s.matcher(text, pattern)
	var out strings.Builder
	from, count := 0, 0
	for count < most {
		at, end, ok := s.search(L, m, from)
		if !ok {
			break
		}
		count++
		out.WriteString(text[from:at])
		out.WriteString(s.replacement(L, m, at, end))
		from = end
		if end == at {
			if at < len(text) {
				out.WriteByte(text[at])
			}
			from++
		}
		if out.Len() > s.limits.String {
			s.build(L, out.Len())
		}
		if from > len(text) || strings.HasPrefix(pattern, "^") {
			break
		}
	}
	if from < len(text) {
		out.WriteString(text[from:])
	}
	s.build(L, out.Len())
	_ = s.meter.Build(out.Len()) // it grew step by step
	L.Push(glua.LString(out.String()))
	L.Push(glua.LNumber(count))
	return 2
}

// replacement returns what stands for one match; false and nil keep it.
func (s *State) replacement(L *glua.LState, m *matcher, at, end int) string {
	whole := m.text[at:end]
	var value glua.LValue
	switch repl := L.Get(3).(type) {
	case *glua.LTable:
		value = L.GetTable(repl, s.firstCapture(L, m, whole))
	case *glua.LFunction:
		captures := *m // the function may use the same pattern again
		L.Push(repl)
		n := s.pushMatch(L, &captures, at, end)
		L.Call(n, 1)
		value = L.Get(-1)
		L.Pop(1)
	default:
		return s.template(L, m, glua.LVAsString(repl), whole)
	}
	if glua.LVIsFalse(value) {
		return whole
	}
	if !glua.LVCanConvToString(value) {
		L.RaiseError("invalid replacement value (a %s)", value.Type())
	}
	return glua.LVAsString(value)
}

func (s *State) firstCapture(L *glua.LState, m *matcher, whole string) glua.LValue {
	if m.captures == 0 {
		return glua.LString(whole)
	}
	return s.captured(L, m, 0)
}

// template fills %0 to %9 in a replacement string.
func (s *State) template(L *glua.LState, m *matcher, repl, whole string) string {
	if strings.IndexByte(repl, '%') < 0 {
		return repl
	}
	var b strings.Builder
	for i := 0; i < len(repl); i++ {
		if repl[i] != '%' || i+1 == len(repl) {
			b.WriteByte(repl[i])
			continue
		}
		i++
		switch c := repl[i]; {
		case c == '0' || c == '1' && m.captures == 0:
			b.WriteString(whole)
		case !digit(c):
			b.WriteByte(c)
		case int(c-'1') >= m.captures:
			L.RaiseError("invalid capture index %%%c in the replacement", c)
		default:
			b.WriteString(glua.LVAsString(s.captured(L, m, int(c-'1'))))
		}
		if b.Len() > s.limits.String {
			s.build(L, b.Len())
		}
	}
	s.build(L, b.Len())
	return b.String()
}
