package graph

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLine bounds a line of a label, in columns.
const maxLine = 48

// clean makes a line fit to be shown: no control characters, no invalid bytes, not
// too long.
func clean(line string) string {
	room := maxLine
	if columns(line) > maxLine {
		room--
	}
	var b strings.Builder
	for _, r := range line {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		if room -= runeColumns(r); room < 0 {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// columns is how wide a line is on a terminal or in a font of one width.
func columns(line string) int {
	n := 0
	for _, r := range line {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		return 0
	case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
		r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f000):
		return 2
	}
	return 1
}

// Columns is how wide a line of printable characters is on a terminal.
func Columns(line string) int { return columns(line) }
