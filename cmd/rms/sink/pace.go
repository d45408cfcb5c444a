package sink

import "time"

// frameTime is the length of what is sent back at a time.
const frameTime = 20 * time.Millisecond

// latest is how far a pacer may be behind and still catch up by sending faster.
const latest = 200 * time.Millisecond

// pacer waits for absolute deadlines, so that a timer that is late does not add up.
type pacer struct {
	next  time.Time
	timer *time.Timer
}

func newPacer() *pacer { return &pacer{next: time.Now(), timer: time.NewTimer(0)} }

// wait waits for the next deadline, and returns false when stop was closed before.
func (p *pacer) wait(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	case <-p.timer.C:
	}
	p.next = p.next.Add(frameTime)
	if late := time.Since(p.next); late > latest {
		p.next = p.next.Add(late)
	}
	p.timer.Reset(time.Until(p.next))
	return true
}

func (p *pacer) close() { p.timer.Stop() }

// pause waits for d, and returns false when stop was closed before.
func pause(d time.Duration, stop <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
		return false
	case <-t.C:
		return true
	}
}

// stall stops the reading of one stream once, to see that the sender survives it.
type stall struct {
	at   time.Time
	long time.Duration
	done bool
}

func newStall(o *Options, started time.Time) stall {
	return stall{at: started.Add(o.StallAfter), long: o.StallFor, done: o.StallFor == 0}
}

// wait is called before each read.
func (s *stall) wait(stop <-chan struct{}) {
	if s.done || time.Now().Before(s.at) {
		return
	}
	s.done = true
	pause(s.long, stop)
}
