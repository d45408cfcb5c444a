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
}

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
		if s.waiting() || s.ending {
			continue
		}
		total := s.dropped()
		lost := total - s.reported
		if lost == 0 {
			continue
		}
		s.reported = total
		ms := s.droppedTime(lost).Milliseconds()
		c.warn().Str("stream", s.name).Int64("dropped_ms", ms).Uint64("frames", lost).Msg("stream is slow, audio dropped")
		c.emit(&Event{Name: EventStreamDrop, Fields: []Field{
			{"name", s.name}, {"dropped_ms", ms}, {"total_ms", s.droppedTime(total).Milliseconds()},
		}})
	}
}

// dropped counts the ticks of audio that never left.
func (s *stream) dropped() uint64 {
	var n uint64
	if link := s.link.Load(); link != nil {
		n = link.Stats().Dropped
	}
	return n + s.stats().Dropped
}

func (s *stream) droppedTime(ticks uint64) time.Duration {
	tick := 20 * time.Millisecond
	if s.tick > 0 {
		tick = s.tick
	}
	return time.Duration(ticks) * tick
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
