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

func columns(s string) int { return graph.Columns(s) }
