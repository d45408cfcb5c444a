// Package terminal keeps text from outside from steering a terminal.
package terminal

import (
	"unicode"
	"unicode/utf8"
)

// JSON writes the characters of a JSON text that steer a terminal as \uXXXX: they are
// inside strings only. Bytes that are no UTF-8 become the replacement character.
func JSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = escape(out, r)
		case r == '\n' || unicode.IsPrint(r):
			out = append(out, text[i:i+n]...)
		case r > 0xFFFF:
			r -= 0x10000
			out = escape(escape(out, 0xD800+r>>10), 0xDC00+r&0x3FF)
		default:
			out = escape(out, r)
		}
		i += n
	}
	return out
}

func escape(out []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
