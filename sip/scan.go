package sip

import (
	"strings"
)

// tokenChars are the characters of a token, RFC 3261 section 25.1.
var tokenChars = func() (t [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~" {
		t[c] = true
	}
	return t
}()

func isToken(s string) bool {
	for i := range len(s) {
		if !tokenChars[s[i]] {
			return false
		}
	}
	return s != ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func trim(s string) string { return strings.Trim(s, " \t") }

// number reads a decimal of at most limit; leading zeros are fine.
func number(s string, limit uint64) (uint64, bool) {
	if !isDigits(s) {
		return 0, false
	}
	if s = strings.TrimLeft(s, "0"); len(s) > 18 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		n = n*10 + uint64(s[i]-'0')
	}
	return n, n <= limit
}

// quoted returns the index behind the quoted string that begins at s[i], or -1
// when it has no end.
func quoted(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// cutList splits the first element off a comma-separated list; commas in quoted
// strings and in <> do not count. It fails on a quote or bracket without end.
func cutList(s string) (first, rest string, more, ok bool) {
	for i := 0; i < len(s); {
		switch s[i] {
		case '"':
			if i = quoted(s, i); i < 0 {
				return "", "", false, false
			}
		case '<':
			n := strings.IndexByte(s[i:], '>')
			if n < 0 {
				return "", "", false, false
			}
			i += n + 1
		case ',':
			return trim(s[:i]), trim(s[i+1:]), true, true
		default:
			i++
		}
	}
	return trim(s), "", false, true
}

// elements returns all elements of all values of a list header.
func elements(values []string) []string {
	var out []string
	for _, v := range values {
		for more := true; more; {
			var first string
			var ok bool
			if first, v, more, ok = cutList(v); !ok {
				break
			}
			if first != "" {
				out = append(out, first)
			}
		}
	}
	return out
}

// params is the tail of a header value: *( ";" name [ "=" value ] ).
type params string

// next cuts the first parameter off. ok is false at the end and at what is no
// parameter; then rest tells which: it is empty at the end.
func (p params) next() (name, value string, rest params, ok bool) {
	s := trim(string(p))
	if s == "" || s[0] != ';' {
		return "", "", params(s), false
	}
	s = strings.TrimLeft(s[1:], " \t")
	n := 0
	for n < len(s) && tokenChars[s[n]] {
		n++
	}
	name, s = s[:n], strings.TrimLeft(s[n:], " \t")
	if name == "" {
		return "", "", p, false
	}
	if s == "" || s[0] != '=' {
		return name, "", params(s), true
	}
	s = strings.TrimLeft(s[1:], " \t")
	n = 0
	if s != "" && s[0] == '"' {
		if n = quoted(s, 0); n < 0 {
			return "", "", p, false
		}
		return name, s[:n], params(s[n:]), true
	}
	for n < len(s) && s[n] != ';' && s[n] != '"' && !isSpace(s[n]) {
		n++
	}
	return name, s[:n], params(s[n:]), n > 0
}

// valid tells whether all of p is parameters.
func (p params) valid() bool {
	for {
		_, _, rest, ok := p.next()
		if !ok {
			return rest == ""
		}
		p = rest
	}
}

// get returns the value of a parameter, quotes kept, and whether it is there.
func (p params) get(name string) (string, bool) {
	for {
		n, v, rest, ok := p.next()
		if !ok {
			return "", false
		}
		if sameName(n, name) {
			return v, true
		}
		p = rest
	}
}

// unquote removes the quotes and the backslashes of a quoted string.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// quote makes a quoted string of s; control characters become blanks.
func quote(s string) string {
	b := []byte{'"'}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
