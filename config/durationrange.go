package config

import (
	"fmt"
	"strings"
	"time"
)

// DurationRange is a smallest and a largest duration, written 20ms-200ms.
type DurationRange struct{ Min, Max time.Duration }

// UnmarshalText reads "smallest-largest".
func (r *DurationRange) UnmarshalText(text []byte) error {
	first, last, ok := strings.Cut(string(text), "-")
	if !ok {
		return fmt.Errorf("%q is not a range of durations", text)
	}
	lo, err := parseDuration(strings.TrimSpace(first))
	if err != nil {
		return err
	}
	hi, err := parseDuration(strings.TrimSpace(last))
	if err != nil {
		return err
	}
	if lo > hi {
		return fmt.Errorf("%q is the wrong way round", text)
	}
	*r = DurationRange{Min: lo, Max: hi}
	return nil
}

// String writes "smallest-largest".
func (r DurationRange) String() string {
	return formatDuration(r.Min) + "-" + formatDuration(r.Max)
}

// parseDuration reads 30s, 1h30m, 250ms; a number alone is refused because its
// unit is a guess.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && (d != 0 || text != "0") {
		return d, nil
	}
	if strings.Trim(text, "0123456789") == "" && text != "" {
		return 0, fmt.Errorf("%q has no unit; did you mean %ss", text, text)
	}
	return 0, fmt.Errorf("%q is not a duration", text)
}

// formatDuration writes a duration without the empty parts of Duration.String:
// 30m, not 30m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
