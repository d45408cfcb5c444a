package call

import "time"

// Timer is what Options.AfterFunc returns.
type Timer interface{ Stop() bool }

// after posts op to the mailbox when d has passed, by the clock of Options.AfterFunc.
// A timer that was stopped may still post: op must look whether it is still wanted.
func (c *Call) after(d time.Duration, op func()) Timer {
	f := func() { _ = c.box.must(op) }
	if after := c.manager.opts.AfterFunc; after != nil {
		return after(d, f)
	}
	return time.AfterFunc(d, f)
}

// stopTimer stops a timer that may be nil.
func stopTimer(t Timer) {
	if t != nil {
		t.Stop()
	}
}
