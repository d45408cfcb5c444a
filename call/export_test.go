package call

import (
	"time"

	"rms/rtp"
)

// Idle tells whether nothing is going on in any call: no mailbox runs and no sound
// is being loaded.
func (m *Manager) Idle() bool {
	for _, c := range m.Calls() {
		loading := make(chan bool, 1)
		if c.box.must(func() { loading <- c.loadingAny() }) != nil {
			continue
		}
		if <-loading {
			return false
		}
		c.box.mu.Lock()
		busy := len(c.box.queue) > 0
		c.box.mu.Unlock()
		if busy {
			return false
		}
	}
	return true
}

func (c *Call) loadingAny() bool {
	for _, p := range c.plays.all() {
		if p.loading {
			return true
		}
	}
	return c.closing > 0
}

// Starving tells whether a file of this length that is read while it plays is about to
// be missed in the next ticks, because its goroutine did not run: a manual clock does not
// wait for it.
func (m *Manager) Starving(length time.Duration) bool {
	for _, c := range m.Calls() {
		starving := make(chan bool, 1)
		if c.box.must(func() { starving <- c.starving(length) }) == nil && <-starving {
			return true
		}
	}
	return false
}

func (c *Call) starving(length time.Duration) bool {
	for _, p := range c.plays.all() {
		if p.voice == nil || p.voice.file == nil {
			continue
		}
		read, sent := p.voice.file.samples.Load(), p.voice.meter.samples.Load()
		ahead, all := p.voice.file.Format().Samples(40*time.Millisecond), p.voice.file.Format().Samples(length-p.from-10*time.Millisecond)
		if read < sent+int64(ahead) && read < int64(all) {
			return true
		}
	}
	return false
}

// PortsUsed returns how many RTP ports calls hold.
func (m *Manager) PortsUsed() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.ports)
}

// RTP returns the statistics of the only call's session.
func (m *Manager) RTP() rtp.Stats {
	for _, c := range m.Calls() {
		return c.leg.rtp.session.Stats()
	}
	return rtp.Stats{}
}

// Break has the graph of the only call panic in its next tick.
func (m *Manager) Break() {
	for _, c := range m.Calls() {
		_ = c.box.must(func() { c.leg.do(func() { panic("a filter with a bug") }) })
	}
}

// Post posts to the only call as a far end does, n times, and returns how often
// there was no room. The mailbox stands still meanwhile.
func (m *Manager) Post(n int) (refused int) {
	for _, c := range m.Calls() {
		stands, hold := make(chan struct{}), make(chan struct{})
		_ = c.box.must(func() { close(stands); <-hold })
		<-stands
		for range n {
			if c.box.post(func() {}) != nil {
				refused++
			}
		}
		close(hold)
	}
	return refused
}

// Encodes tells whether what the only call plays may be packets of the prompt.
func (m *Manager) Encodes() bool {
	for _, c := range m.Calls() {
		on := make(chan bool, 1)
		if c.box.must(func() { on <- c.alone().on }) == nil {
			return <-on
		}
	}
	return false
}

// Streaming returns how many streams with media are counted.
func (m *Manager) Streaming() int { return int(m.streaming.Load()) }

// Show shows an event to whoever watches.
func (m *Manager) Show(ev *Event) { m.show(ev) }

// Held returns how many bytes wait for a subscriber.
func (s *Subscription) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// Hold stops the mailbox of the only call until the function that it returns is
// called.
func (m *Manager) Hold() (release func()) {
	stands, hold := make(chan struct{}), make(chan struct{})
	for _, c := range m.Calls() {
		_ = c.box.must(func() { close(stands); <-hold })
		<-stands
		break
	}
	return func() { close(hold) }
}

// Observed is the histogram of some durations.
func Observed(list ...time.Duration) Histogram {
	var h histogram
	for _, d := range list {
		h.observe(d)
	}
	return h.read()
}
