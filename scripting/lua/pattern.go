package lua

import "errors"

// Limits of a pattern match.
const (
	maxCaptures = 32
	maxNesting  = 200 // parts of a pattern that can be tried again
)

// States of a capture.
const (
	captureOpen     = -1
	capturePosition = -2
)

var (
	errMalformed = errors.New("malformed pattern")
	errComplex   = errors.New("pattern too complex")
	errCapture   = errors.New("invalid capture in pattern")
)

// matcher tries a Lua 5.1 pattern at one place of a text. Each try of each part
// is counted, because some patterns need time exponential in their length.
type matcher struct {
	text, pattern string
	spend         func(steps int) error
	err           error // ends the match; the results mean nothing then

	depth    int
	unspent  int
	captures int
	capture  [maxCaptures]struct{ at, size int }
}

// match tries the pattern from p at place at of the text and returns where the
// match ends, -1 when there is none.
func (m *matcher) match(at, p int) int {
	if m.depth++; m.depth > maxNesting {
		return m.fail(errComplex)
	}
	defer func() { m.depth-- }()
	for m.err == nil && m.count() {
		if p == len(m.pattern) {
			return at
		}
		next, matched, end := m.special(at, p)
		switch {
		case end:
			return matched
		case next > 0:
			at, p = matched, next
			continue
		}
		next = m.classEnd(p)
		if next < 0 {
			return -1
		}
		if next < len(m.pattern) {
			switch m.pattern[next] {
			case '?', '*', '+', '-':
				if m.pattern[next] != '?' {
					return m.repeat(at, p, next)
				}
				if m.single(at, p, next) {
					if end := m.match(at+1, next+1); end >= 0 {
						return end
					}
				}
				p = next + 1
				continue
			}
		}
		if !m.single(at, p, next) {
			return -1
		}
		at, p = at+1, next
	}
	return -1
}

func (m *matcher) fail(err error) int {
	if m.err == nil {
		m.err = err
	}
	return -1
}

// count counts one try and reports whether the match may go on.
func (m *matcher) count() bool {
	if m.unspent++; m.unspent >= 64 {
		n := m.unspent
		m.unspent = 0
		if err := m.spend(n); err != nil {
			m.fail(err)
		}
	}
	return m.err == nil
}

// special handles captures, anchors, %b, %f and back references. end: the match
// is decided, matched is its result. Else next > 0: go on at next of the
// pattern, matched of the text. Else it was no special part.
func (m *matcher) special(at, p int) (next, matched int, end bool) {
	switch m.pattern[p] {
	case '(':
		if p+1 < len(m.pattern) && m.pattern[p+1] == ')' {
			return 0, m.open(at, p+2, capturePosition), true
		}
		return 0, m.open(at, p+1, captureOpen), true
	case ')':
		return 0, m.close(at, p+1), true
	case '$':
		if p+1 == len(m.pattern) {
			if at == len(m.text) {
				return 0, at, true
			}
			return 0, -1, true
		}
	case '%':
		return m.escaped(at, p)
	}
	return 0, 0, false
}

func (m *matcher) escaped(at, p int) (next, matched int, end bool) {
	if p+1 >= len(m.pattern) {
		return 0, m.fail(errMalformed), true
	}
	switch c := m.pattern[p+1]; {
	case c == 'b':
		matched, next = m.balance(at, p+2), p+4
	case c == 'f':
		matched, next = m.frontier(at, p+2)
	case c >= '0' && c <= '9':
		matched, next = m.same(at, c), p+2
	default:
		return 0, 0, false
	}
	return next, matched, matched < 0
}

// repeat matches a single class with *, + or - behind it; next is the place of
// that letter.
func (m *matcher) repeat(at, p, next int) int {
	least := 0
	switch m.pattern[next] {
	case '-':
		for m.count() {
			if end := m.match(at, next+1); end >= 0 {
				return end
			}
			if !m.single(at, p, next) {
				return -1
			}
			at++
		}
		return -1
	case '+':
		least = 1
	}
	n := 0
	for m.single(at+n, p, next) && m.count() {
		n++
	}
	for ; n >= least && m.count(); n-- {
		if end := m.match(at+n, next+1); end >= 0 {
			return end
		}
	}
	return -1
}

func (m *matcher) open(at, p, size int) int {
	if m.captures >= maxCaptures {
		return m.fail(errors.New("too many captures"))
	}
	c := &m.capture[m.captures]
	c.at, c.size = at, size
	m.captures++
	end := m.match(at, p)
	if end < 0 {
		m.captures--
	}
	return end
}

func (m *matcher) close(at, p int) int {
	for i := m.captures - 1; i >= 0; i-- {
		c := &m.capture[i]
		if c.size != captureOpen {
			continue
		}
		c.size = at - c.at
		end := m.match(at, p)
		if end < 0 {
			c.size = captureOpen
		}
		return end
	}
	return m.fail(errCapture)
}

// same matches what an earlier capture matched.
func (m *matcher) same(at int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.captures || m.capture[i].size == captureOpen {
		return m.fail(errCapture)
	}
	c := m.capture[i]
	n := max(c.size, 0)
	m.unspent += n / 16
	if len(m.text)-at < n || m.text[at:at+n] != m.text[c.at:c.at+n] {
		return -1
	}
	return at + n
}

// balance matches %bxy.
func (m *matcher) balance(at, p int) int {
	if p+1 >= len(m.pattern) {
		return m.fail(errors.New("malformed pattern: %b wants two characters"))
	}
	if at >= len(m.text) || m.text[at] != m.pattern[p] {
		return -1
	}
	depth := 1
	for i := at + 1; i < len(m.text) && m.count(); i++ {
		switch m.text[i] {
		case m.pattern[p+1]:
			if depth--; depth == 0 {
				return i + 1
			}
		case m.pattern[p]:
			depth++
		}
	}
	return -1
}

// frontier matches %f[set]: the place between a character that is not in the
// set and one that is.
func (m *matcher) frontier(at, p int) (matched, next int) {
	if p >= len(m.pattern) || m.pattern[p] != '[' {
		return m.fail(errors.New("malformed pattern: %f wants a [set]")), 0
	}
	end := m.classEnd(p)
	if end < 0 {
		return -1, 0
	}
	var before, here byte
	if at > 0 {
		before = m.text[at-1]
	}
	if at < len(m.text) {
		here = m.text[at]
	}
	if m.set(before, p, end) || !m.set(here, p, end) {
		return -1, 0
	}
	return at, end
}
