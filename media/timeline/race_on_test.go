//go:build race

package timeline_test

import "time"

// hour is shorter under the race detector.
const (
	hour   = 90 * time.Second
	raceOn = true
)
