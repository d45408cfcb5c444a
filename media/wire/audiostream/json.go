package audiostream

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// member is one name and value of a JSON object. Both are as they were written.
type member struct {
	name  []byte // with its quotes
	value []byte
}

// is reports whether the member is called name. The C library of the original
// compares names without case, so servers may have come to rely on it.
func (m member) is(name string) bool {
	if len(m.name) == len(name)+2 && bytes.IndexByte(m.name, '\\') < 0 {
		return strings.EqualFold(string(m.name[1:len(m.name)-1]), name)
	}
	// Every character may be an escape of six.
	if len(m.name) > 6*len(name)+2 || bytes.IndexByte(m.name, '\\') < 0 {
		return false
	}
	s, ok := unquote(m.name)
	return ok && strings.EqualFold(s, name)
}

// compact returns text without the blanks between its tokens; false unless it is
// one JSON object in UTF-8. The walkers below rely on that.
func compact(text []byte) ([]byte, bool) {
	first := bytes.TrimLeft(text, " \t\r\n")
	if len(first) == 0 || first[0] != '{' || !utf8.Valid(text) {
		return nil, false
	}
	var b bytes.Buffer
	b.Grow(len(text))
	if err := json.Compact(&b, text); err != nil {
		return nil, false
	}
	return b.Bytes(), true
}

// members calls f for each member of a compact object, in order.
func members(object []byte, f func(member)) {
	if len(object) < 2 || object[0] != '{' {
		return
	}
	for rest := object[1:]; len(rest) > 1; {
		n := valueEnd(rest)
		m := member{name: rest[:n]}
		rest = rest[n+1:] // the colon
		n = valueEnd(rest)
		m.value = rest[:n]
		f(m)
		rest = rest[n+1:] // a comma, or the closing brace
	}
}

// valueEnd returns the length of the value that compact JSON begins with.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of the object around a number or a word
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// stringEnd returns where the string that begins at b[i] has its closing quote.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

// find returns the value of the first member called name, nil without one.
func find(object []byte, name string) []byte {
	var found []byte
	members(object, func(m member) {
		if found == nil && m.is(name) {
			found = m.value
		}
	})
	return found
}

// text returns the value of the first string called name.
func text(object []byte, name string) (string, bool) { return unquote(find(object, name)) }

// unquote returns what a JSON string says.
func unquote(value []byte) (string, bool) {
	s, ok := unquoted(value)
	return string(s), ok
}

// unquoted is unquote without a copy where the string has no escapes.
func unquoted(value []byte) ([]byte, bool) {
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1], true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err == nil
}

// appendString appends s as a JSON string, with the escapes that the original's
// library writes: none for <, > and &. What is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch short := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case short >= 0:
			dst = append(dst, '\\', `"\bfnrt`[short])
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
