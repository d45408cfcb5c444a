package call

import (
	"sync/atomic"
	"time"
)

// glance is what other goroutines may see of a call without asking its mailbox, which
// writes it.
type glance struct {
	state    atomic.Int32
	answered atomic.Pointer[time.Time]
	codec    atomic.Pointer[string]
	leg      atomic.Pointer[leg] // that has had media; it stays until the call is forgotten

	name string // of the codec, for the mailbox: what codec holds is of this
	rate int
}

// look shows others how the call stands, after each function of the mailbox.
func (c *Call) look() {
	g := &c.glance
	if s := int32(c.state); g.state.Load() != s { //nolint:gosec // one of five
		g.state.Store(s)
	}
	if !c.answeredAt.IsZero() && g.answered.Load() == nil {
		at := c.answeredAt
		g.answered.Store(&at)
		c.manager.meters.setup.observe(at.Sub(c.began))
	}
	l := c.leg
	if !l.live() {
		return
	}
	if g.leg.Load() != l {
		g.leg.Store(l)
	}
	if l.codec.Name != g.name || l.codec.ClockRate != g.rate {
		text, _, _ := l.line.describe()
		g.name, g.rate = l.codec.Name, l.codec.ClockRate
		g.codec.Store(&text)
	}
}

// waiting returns how many functions wait in the mailbox.
func (b *mailbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queue)
}

// all returns a copy of the variables.
func (v *vars) all() map[string]any {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make(map[string]any, len(v.values))
	for name, val := range v.values {
		out[name] = val
	}
	return out
}
