package main

import (
	"fmt"
	"io"
	"unicode/utf8"
)

// cleanWriter keeps what came by SIP from breaking a line or steering a terminal:
// zerolog escapes the control characters of ASCII; this writes those beyond it (C1,
// Unicode line ends, bidirectional overrides) as \uXXXX, which is right in JSON and
// harmless on a console.
type cleanWriter struct{ to io.Writer }

// Write writes one log line. It reports the length that it was given.
func (w cleanWriter) Write(line []byte) (int, error) {
	out := line
	for i := 0; i < len(out); {
		r, n := utf8.DecodeRune(out[i:])
		if n > 1 && steers(r) {
			esc := fmt.Sprintf(`\u%04X`, r)
			out = append(append(append(make([]byte, 0, len(out)+len(esc)), out[:i]...), esc...), out[i+n:]...)
			n = len(esc)
		}
		i += n
	}
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(line), nil
}

// steers tells whether a character may end a line or change how a line is shown.
func steers(r rune) bool {
	switch {
	case r >= 0x80 && r <= 0x9F, r == 0x2028, r == 0x2029, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
