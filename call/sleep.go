package call

import (
	"fmt"
	"slices"
	"time"
)

// maxSleeps bounds the sleeps of one call, and leastSleep how short one is: a route
// that sleeps again and again must not take a core.
const (
	maxSleeps  = 64
	leastSleep = time.Millisecond
)

// sleeping is one use of the verb sleep.
type sleeping struct {
	route string
	due   time.Time
	timer Timer
}

// sleep sends an event when d has passed, or before, when the call ends.
func (c *Call) sleep(d time.Duration, route string) error {
	switch {
	case c.state >= leaving:
		return ErrGone
	case len(c.sleeps) >= maxSleeps:
		return fmt.Errorf("%d sleeps of the call are not over yet", maxSleeps)
	}
	d = max(d, leastSleep)
	s := &sleeping{route: route, due: time.Now().Add(d)}
	c.sleeps = append(c.sleeps, s)
	s.timer = c.after(d, func() { c.wakeUntil(s) })
	return nil
}

// wakeUntil ends a sleep whose time has come, and those before it: timers that are due
// together fire in no order.
func (c *Call) wakeUntil(s *sleeping) {
	if !slices.Contains(c.sleeps, s) {
		return
	}
	due := slices.DeleteFunc(slices.Clone(c.sleeps), func(o *sleeping) bool { return o.due.After(s.due) })
	slices.SortStableFunc(due, func(a, b *sleeping) int { return a.due.Compare(b.due) })
	for _, o := range due {
		c.wake(o, ReasonDone)
	}
}

// wake ends a sleep, once.
func (c *Call) wake(s *sleeping, reason string) {
	n := len(c.sleeps)
	if c.sleeps = without(c.sleeps, s); len(c.sleeps) == n {
		return
	}
	s.timer.Stop()
	c.emit(&Event{Name: s.route, Kind: EventSleep, Fields: []Field{{"reason", reason}}})
}

// endWaits ends what the call waits for before its media goes: keys, and with the
// call the sleeps too.
func (c *Call) endWaits() {
	leaves := c.state >= leaving
	if k := c.collecting; k != nil {
		reason := ReasonStopped
		if leaves {
			reason = ReasonHangup
		}
		k.end(reason, "")
	}
	if leaves {
		c.endSocket()
	}
	for leaves && len(c.sleeps) > 0 {
		c.wake(c.sleeps[0], ReasonEnded)
	}
}

// dropWaits forgets what the call waits for, after a panic.
func (c *Call) dropWaits() {
	if k := c.collecting; k != nil {
		k.over = true
		stopTimer(k.timer)
	}
	for _, s := range c.sleeps {
		s.timer.Stop()
	}
	if h := c.socket; h != nil {
		h.over = true
		h.cancel()
	}
	c.collecting, c.sleeps, c.socket = nil, nil, nil
}
