package ctl

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"rms/cmd/rms/graph"
)

// Clean makes a line fit to be shown: what came by SIP may not move the cursor.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case r == '\t' || r == '\n':
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
}

// CleanLines is Clean for a text of several lines.
func CleanLines(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		body, end := strings.CutSuffix(line, "\n")
		b.WriteString(Clean(body))
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Fit cuts or fills a line that is clean to a width in columns.
func Fit(s string, width int) string {
	n := graph.Columns(s)
	if n <= width {
		return s + strings.Repeat(" ", width-n)
	}
	if width < 1 {
		return ""
	}
	room := width - 1
	var b strings.Builder
	for _, r := range s {
		if room -= graph.Columns(string(r)); room < 0 {
			break
		}
		b.WriteRune(r)
	}
	return Fit(b.String()+"…", width)
}

// harmless writes the characters of JSON that steer a terminal as \uXXXX: they are in
// strings only.
func harmless(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = escape(out, r)
		case r == '\n' || r == ' ' || unicode.IsPrint(r):
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

func columns(s string) int { return graph.Columns(s) }
