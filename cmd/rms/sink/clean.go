package sink

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside harmless for a terminal and for a line: what is not
// printable (control characters of ASCII and C1, line ends, bidirectional overrides,
// bytes that are no UTF-8) is written as \n, \x1b or \u202e. More than most runes are
// cut off; 0 is no limit.
func Clean(text string, most int) string {
	var b strings.Builder
	count := 0
	for i := 0; i < len(text); count++ {
		if most > 0 && count == most {
			b.WriteString("...")
			break
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(escaped(r))
		}
		i += n
	}
	return b.String()
}

func escaped(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xFFFF:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// nameMost is how long a file name may be that is made of what a peer says, in bytes,
// without what we add.
const nameMost = 200

// FileName makes a name of what a peer says, for a file in one folder: only
// A-Z a-z 0-9 . _ + and - stay, any other byte becomes a _, and none begins with a dot.
func FileName(text string) string {
	b := []byte(text[:min(len(text), nameMost)])
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '+', c == '-':
		case c == '.' && i > 0:
		default:
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "unnamed"
	}
	return string(b)
}
