//go:build !race

package timeline_test

import "time"

const (
	hour   = time.Hour
	raceOn = false
)
