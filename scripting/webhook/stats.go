package webhook

import "sync/atomic"

// Stats count what became of events since the start.
type Stats struct {
	Waiting int  // events that wait, or are being sent
	Bytes   int  // of these
	Sending int  // attempts that run
	Down    bool // the receiver failed so often that it is only tried from time to time

	Attempts  uint64
	Delivered uint64
	Refused   uint64 // the receiver does not want them: 3xx, 4xx
	GivenUp   uint64 // after the last attempt
	Dropped   uint64 // there was no room for
}

// Lost is how many events never arrived.
func (s Stats) Lost() uint64 { return s.Refused + s.GivenUp + s.Dropped }

type counters struct {
	waiting, bytes, sending                        atomic.Int64
	down                                           atomic.Bool
	attempts, delivered, refused, givenUp, dropped atomic.Uint64
}

// Stats returns the counters.
func (h *Hook) Stats() Stats {
	c := &h.counters
	return Stats{
		Waiting: int(c.waiting.Load()), Bytes: int(c.bytes.Load()), Sending: int(c.sending.Load()), Down: c.down.Load(),
		Attempts: c.attempts.Load(), Delivered: c.delivered.Load(), Refused: c.refused.Load(), GivenUp: c.givenUp.Load(), Dropped: c.dropped.Load(),
	}
}

// publish makes the state of the loop readable for others.
func (h *Hook) publish() {
	c := &h.counters
	c.waiting.Store(int64(h.queue.len()))
	c.bytes.Store(int64(h.queue.held))
	c.sending.Store(int64(h.sending))
	c.down.Store(h.down())
	c.dropped.Store(h.queue.lost)
}
