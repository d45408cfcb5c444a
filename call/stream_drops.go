package call

import (
	"sync"
	"time"

	"rms/media/target"
)

// dropsEvery is how often lost audio is told of.
const dropsEvery = time.Second

// dropWatch looks at all streams once a second, while there are any.
type dropWatch struct {
	mu      sync.Mutex
	running bool
	quit    chan struct{}
	once    sync.Once // of quit
}

// stop ends the watch for good.
func (w *dropWatch) stop() { w.once.Do(func() { close(w.quit) }) }

// watchDrops begins to look for audio that far ends did not take.
func (m *Manager) watchDrops() {
	w := &m.drops
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running {
		return
	}
	w.running = true
	m.spawn(m.lookForDrops)
}

func (m *Manager) lookForDrops() {
	t := time.NewTicker(dropsEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-m.drops.quit:
			return
		}
		if !m.reportDrops() && m.drops.end(m) {
			return
		}
	}
}

// end stops the watch, unless a stream began meanwhile.
func (w *dropWatch) end(m *Manager) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = m.streaming.Load() > 0
	return !w.running
}

// reportDrops has each call with streams report; false: there is none.
func (m *Manager) reportDrops() bool {
	if m.streaming.Load() == 0 {
		return false
	}
	for _, c := range m.Calls() {
		if c.streaming.Load() > 0 {
			_ = c.box.post(c.reportDrops)
		}
	}
	return true
}

func (c *Call) reportDrops() {
	for _, s := range c.streams {
		if s.waiting() {
			continue
		}
		s.sweepFiles()
		if !s.ending {
			s.reportDrops()
		}
	}
	for _, s := range c.tails {
		s.sweepFiles()
	}
}

func (s *stream) reportDrops() {
	total := s.lost()
	lost := total - s.reported
	if lost < time.Millisecond {
		return
	}
	s.reported = total
	s.call.warn().Str("stream", s.name).Int64("dropped_ms", lost.Milliseconds()).Msg("stream is slow, audio dropped")
	s.call.emit(&Event{Name: EventStreamDrop, Fields: []Field{
		{"name", s.name}, {"dropped_ms", lost.Milliseconds()}, {"total_ms", total.Milliseconds()},
	}})
}

// lost is how much audio never left: what the ring had no room for, and what the
// connections could not send.
func (s *stream) lost() time.Duration {
	var d time.Duration
	if link := s.link.Load(); link != nil {
		d = link.Stats().Lost
	}
	return d + time.Duration(s.stats().Dropped)*s.piece()
}

// piece is how much audio one message of the far end's protocol holds. RST has a
// datagram for each side.
func (s *stream) piece() time.Duration {
	t := &s.set.target
	d := 20 * time.Millisecond
	if t.Frame > 0 {
		d = t.Frame
	}
	if t.URL.Scheme == "rst" && t.Format.Channels > 1 {
		return 20 * time.Millisecond / time.Duration(t.Format.Channels)
	}
	return d
}

// stats adds up what the connections of the stream have counted.
func (s *stream) stats() target.Stats {
	var sum target.Stats
	if s.waiting() {
		return sum
	}
	if before := s.life.last.Load(); before != nil {
		sum = *before
	}
	if conn := s.life.current(); conn != nil {
		sum = addStats(sum, conn.Stats())
	}
	return sum
}
