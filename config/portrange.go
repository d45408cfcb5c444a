package config

import (
	"fmt"
	"strconv"
	"strings"
)

// PortRange is a run of UDP ports, both ends included, written 10000-29999.
type PortRange struct{ Min, Max int }

// UnmarshalText reads "first-last".
func (r *PortRange) UnmarshalText(text []byte) error {
	first, last, ok := strings.Cut(string(text), "-")
	if !ok {
		return fmt.Errorf("%q is not a range of ports", text)
	}
	lo, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	hi, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("%q is not a range of ports", text)
	}
	if lo < 1024 {
		return fmt.Errorf("%q begins below port 1024", text)
	}
	if lo+lo%2+1 > hi {
		return fmt.Errorf("%q holds no even port with the odd one above it", text)
	}
	*r = PortRange{Min: int(lo), Max: int(hi)}
	return nil
}

// String writes "first-last".
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.Min, r.Max) }

// Pairs is the number of calls that the range can hold: even ports with the odd
// one above them.
func (r PortRange) Pairs() int { return (r.Max + 1 - (r.Min + r.Min%2)) / 2 }

// overlaps says that both ranges hold the same port.
func (r PortRange) overlaps(o PortRange) bool { return r.Min <= o.Max && o.Min <= r.Max }
