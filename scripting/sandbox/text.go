package sandbox

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest text of a log line, in bytes.
const maxLine = 4096

// Expand replaces pseudo-variables ("$ci", "$hdr(X-A)", "$(hdr(X-A))") in a text
// by the values that pv gives, "$$" by "$", and an unknown or empty one by
// "<null>", as Kamailio's log functions do. With masked, digits of the script's
// own text become "*", because they may be keys that a caller pressed.
func Expand(text string, pv func(string) (string, bool), masked bool) string {
	var b strings.Builder
	for len(text) > 0 && b.Len() < maxLine {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			b.WriteString(mask(text, masked))
			break
		}
		b.WriteString(mask(text[:i], masked))
		name := pvName(text[i:])
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			b.WriteByte('$')
			name = "$$"
		case name == "$":
			b.WriteByte('$')
		default:
			value, ok := pv(name)
			if !ok {
				value = "<null>"
			}
			b.WriteString(value)
		}
		text = text[i+len(name):]
	}
	return b.String()
}

// pvName returns the pseudo-variable that text begins with, "$" when none.
func pvName(text string) string {
	i := 1
	for i < len(text) && isWord(text[i]) {
		i++
	}
	if i < len(text) && text[i] == '(' {
		if n := parens(text[i:]); n > 0 {
			return text[:i+n]
		}
	}
	return text[:i]
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// parens returns the length of the bracketed text, 0 when it does not close.
func parens(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func mask(text string, masked bool) string {
	if !masked {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '*'
		}
		return r
	}, text)
}

// Line makes one log line of a text from a script: the newline at its end goes,
// control characters and bytes that are no UTF-8 are escaped, and it is cut at
// 4096 bytes.
func Line(text string) string {
	text = strings.TrimRight(text, "\r\n")
	if len(text) > maxLine {
		text = text[:maxLine] + "..."
	}
	if plain(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 || !strconv.IsPrint(r) {
			q := strconv.QuoteToASCII(text[:n])
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
