package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// DefaultTemplate names the file when nothing else does.
const DefaultTemplate = "{date}/{time}-{call}-{name}.wav"

// maxValue is how much of a value goes into a name.
const maxValue = 64

// CheckTemplate returns an error unless names can be made from a template.
func CheckTemplate(template string) error {
	_, err := expand(template, func(string) string { return "x" })
	return err
}

// expand puts values, made harmless, in the place of {name}.
func expand(template string, value func(string) string) (string, error) {
	var b strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return "", &NameError{template, "the template has a { without a }", "close it"}
		}
		b.WriteString(harmless(value(name)))
		rest = tail
	}
	if err := checkName(b.String(), strings.HasSuffix(template, sealedEnd)); err != nil {
		return "", fmt.Errorf("template %.200q: %w", template, err)
	}
	return b.String(), nil
}

// harmless makes a part of a name from any value. One that had to be changed or cut gets
// a piece of its hash, so that two callers never share a name by that.
func harmless(value string) string {
	if value == "" {
		return "_"
	}
	cut := value[:min(len(value), maxValue)]
	b := []byte(cut)
	for i, c := range b {
		if !plainByte(c) || i == 0 && c == '.' {
			b[i] = '_'
		}
	}
	if string(b) == value {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	mark := "-" + hex.EncodeToString(sum[:4])
	return string(b[:min(len(b), maxValue-len(mark))]) + mark
}

func plainByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._+@-", c) >= 0
}

// value returns the values that every template has, then what the caller knows.
func (o *Spec) value(name string, now time.Time) string {
	switch name {
	case "date":
		return now.Format("2006-01-02")
	case "time":
		return now.Format("150405.000")
	case "year":
		return now.Format("2006")
	case "month":
		return now.Format("01")
	case "day":
		return now.Format("02")
	case "hour":
		return now.Format("15")
	case "id":
		return o.ID
	case "call":
		return o.Call
	case "name":
		return o.Name
	case "sides":
		return o.Sides.String()
	}
	if o.Value == nil {
		return ""
	}
	return o.Value(name)
}
