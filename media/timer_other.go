//go:build !linux

package media

import "time"

// timer sleeps to absolute deadlines with the timers of Go: 0.6 ms late in the
// middle, where Linux has a better way.
type timer struct{ begin time.Time }

func newTimer() timer { return timer{begin: time.Now()} }

func (t timer) now() time.Duration { return time.Since(t.begin) }

func (t timer) until(deadline time.Duration) { time.Sleep(deadline - t.now()) }
