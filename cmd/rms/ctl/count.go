package ctl

import "strconv"

// Count writes a number of things: "1 recording", "2 recordings".
func Count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
