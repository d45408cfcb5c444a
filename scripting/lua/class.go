package lua

import "errors"

// classEnd returns the place behind the single class that begins at p.
func (m *matcher) classEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			return m.fail(errors.New("malformed pattern: ends with '%'"))
		}
		return p + 2
	case '[':
		p++
		if p < len(m.pattern) && m.pattern[p] == '^' {
			p++
		}
		for first := true; p < len(m.pattern); first = false {
			switch {
			case m.pattern[p] == ']' && !first:
				return p + 1
			case m.pattern[p] == '%':
				p++
			}
			p++
		}
		return m.fail(errors.New("malformed pattern: missing ']'"))
	}
	return p + 1
}

// single reports whether the character at a place of the text is in the class
// from p to end.
func (m *matcher) single(at, p, end int) bool {
	if at >= len(m.text) {
		return false
	}
	c := m.text[at]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.set(c, p, end)
	}
	return m.pattern[p] == c
}

// set reports whether c is in the set [...] from p to end.
func (m *matcher) set(c byte, p, end int) bool {
	p++
	in := true
	if m.pattern[p] == '^' {
		in = false
		p++
	}
	for last := end - 1; p < last; p++ {
		m.unspent++
		switch {
		case m.pattern[p] == '%' && p+1 < last:
			p++
			if inClass(c, m.pattern[p]) {
				return in
			}
		case p+2 < last && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return in
			}
			p += 2
		case m.pattern[p] == c:
			return in
		}
	}
	return !in
}

// inClass reports whether c is in the class of a letter, as in %d; a capital is
// the rest, anything else stands for itself.
func inClass(c, letter byte) bool {
	in := false
	switch letter | 0x20 {
	case 'a':
		in = alpha(c)
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = digit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 0x20 && c < 0x7f && !alpha(c) && !digit(c)
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = alpha(c) || digit(c)
	case 'x':
		in = digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return letter == c
	}
	if !alpha(letter) {
		return letter == c
	}
	return in == (letter >= 'a')
}

func alpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
