//go:build race

package timeline_test

import "time"

// hour is shorter under the race detector.
const (
	hour   = 10 * time.Minute
	raceOn = true
)
