package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written with a unit: 512KiB, 64MiB, 1GiB, 10MB.
type Size int64

// sizeUnits goes from long to short, so that "MiB" is seen before "B"; the binary
// ones are in falling order for String.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"GB", 1e9},
	{"MB", 1e6},
	{"kB", 1e3},
	{"B", 1},
}

// UnmarshalText reads a size; a number alone is refused because its unit is a guess.
func (s *Size) UnmarshalText(text []byte) error {
	t := strings.TrimSpace(string(text))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(t, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			return fmt.Errorf("%q is not a size", t)
		}
		*s = Size(n * u.bytes)
		return nil
	}
	if _, err := strconv.ParseInt(t, 10, 64); err == nil {
		return fmt.Errorf("%q has no unit", t)
	}
	return fmt.Errorf("%q is not a size", t)
}

// String writes the size with the largest binary unit that keeps it whole.
func (s Size) String() string {
	for _, u := range sizeUnits[:3] {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}
