package ctl

import (
	"fmt"
	"strconv"
)

// Count writes a number of things: "1 recording", "2 recordings".
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// Bytes writes the size of a file for people: "812 B", "1.3 MB".
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n)/1000, "kMGTPE"
	for value >= 1000 && len(names) > 1 {
		value /= 1000
		names = names[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, names[0])
}
