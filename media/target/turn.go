package target

import "sync/atomic"

// turn lets one goroutine write at a time. Unlike a mutex it can be waited for together
// with other things, unlike a channel it costs who finds it free next to nothing.
type turn struct {
	taken   atomic.Bool
	waiting atomic.Int32
	wake    chan struct{} // of size 1: somebody who waits looks again
}

func (t *turn) init() { t.wake = make(chan struct{}, 1) }

// try takes the turn when it is free.
func (t *turn) try() bool { return !t.taken.Load() && t.taken.CompareAndSwap(false, true) }

// take waits for the turn; false: one of the two channels was closed first. Either may
// be nil.
func (t *turn) take(over, done <-chan struct{}) bool {
	if t.try() {
		return true
	}
	t.waiting.Add(1)
	defer t.waiting.Add(-1)
	for !t.try() { // who gives the turn back from here on sees that somebody waits
		select {
		case <-t.wake:
		case <-over:
			return false
		case <-done:
			return false
		}
	}
	return true
}

// release gives the turn back.
func (t *turn) release() {
	t.taken.Store(false)
	if t.waiting.Load() > 0 {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}
