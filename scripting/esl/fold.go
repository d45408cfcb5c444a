package esl

import (
	"sync"
	"time"
)

// fold keeps strangers from filling the log: one line a second, and how many there would
// have been.
type fold struct {
	mu   sync.Mutex
	last time.Time
	more int
}

// tell reports whether a line is written now, and how many were not since the last.
func (f *fold) tell(now time.Time) (more int, write bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.last) < time.Second {
		f.more++
		return 0, false
	}
	more, f.more, f.last = f.more, 0, now
	return more, true
}
