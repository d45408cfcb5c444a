package sink

import "time"

// Status is what a live stream looks like now.
type Status struct {
	N        int
	ID       string
	Remote   string
	Codec    string // "" before the first audio
	Rate     int
	Seconds  float64
	Sides    []Meter
	PerSec   float64 // frames a second since the last look
	Gap      time.Duration
	Dropped  uint64
	Sent     uint64
	Speaking bool // it gets audio back
}

// Meter is the level of one side since the last look.
type Meter struct {
	Side string
	DBFS float64
}

func (s *stream) status(now time.Time) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{N: s.n, ID: s.id, Remote: s.remote, Seconds: now.Sub(s.started).Seconds(), Dropped: s.dropped, Sent: s.sent}
	var frames uint64
	for _, l := range s.lanes {
		frames += l.frames
		st.Gap = max(st.Gap, l.greatest)
		if l.codec != "" {
			st.Codec, st.Rate = l.codec, l.format.Rate
		}
		for c, name := range l.sides() {
			st.Sides = append(st.Sides, Meter{name, l.levels[c].recent()})
		}
	}
	if since := now.Sub(s.lookedAt).Seconds(); since > 0 {
		st.PerSec = float64(frames-s.seen) / since
	}
	s.lookedAt, s.seen = now, frames
	return st
}

// Streams returns the live streams, oldest first. Levels and frames a second are
// those since the last call.
func (s *Sink) Streams() []Status {
	now := time.Now()
	live := s.board.streams()
	out := make([]Status, 0, len(live))
	for _, st := range live {
		out = append(out, st.status(now))
	}
	return out
}
