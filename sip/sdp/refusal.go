package sdp

import (
	"fmt"
	"strings"
)

// Refusal is why a description cannot be accepted, ready to be sent: 400 for what
// cannot be read, 488 for what cannot be used, 413 for what is too large.
type Refusal struct {
	// Code and Reason make the status line.
	Code   int
	Reason string
	// Warning is the value of the Warning header (RFC 3261 section 20.43).
	Warning string
}

// Error returns the status and the text of the warning.
func (r *Refusal) Error() string {
	_, text, _ := strings.Cut(r.Warning, `"`)
	return fmt.Sprintf("%d %s: %s", r.Code, r.Reason, strings.TrimSuffix(text, `"`))
}

// Warn-codes of RFC 3261 section 20.43.
const (
	warnMediaType = 304 // media type, transport or address not available
	warnFormat    = 305 // incompatible media format
	warnOther     = 399
)

func badSDP(line int, format string, args ...any) *Refusal {
	text := fmt.Sprintf(format, args...)
	if line > 0 {
		text = fmt.Sprintf("SDP line %d: %s", line, text)
	}
	return &Refusal{400, "Bad Request", warning(warnOther, text)}
}

func notAcceptable(warn int, format string, args ...any) *Refusal {
	return &Refusal{488, "Not Acceptable Here", warning(warn, fmt.Sprintf(format, args...))}
}

// maxWarning bounds the text that a far end can make us send back, in bytes.
const maxWarning = 200

// warning quotes text for a header: visible ASCII only, no quote, no backslash.
func warning(code int, text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rms \"", code)
	for _, r := range text {
		if b.Len() >= maxWarning {
			break
		}
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\'')
		case r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
