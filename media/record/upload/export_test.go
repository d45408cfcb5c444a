package upload

import "time"

// ParseEntry reads a queue file.
var ParseEntry = parseEntry

// BackOff is the pause after the n-th failure.
func BackOff(pause, most time.Duration, n int) time.Duration {
	return (&Queue{opts: Options{Pause: pause}}).backOff(n, most)
}
