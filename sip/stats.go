package sip

import (
	"sync/atomic"
)

// counters are what a UA counts. calls and halfOpen are levels.
type counters struct {
	calls, halfOpen                                                                atomic.Int64
	received, sent, refused, dropped, malformed, retransmitted, panics, ownReading atomic.Uint64
}

// Stats is what a UA has counted since its start, and what it holds now.
type Stats struct {
	Calls         int // dialogs that have not ended
	HalfOpen      int // those that wait for their answer or its ACK
	Transactions  int // server transactions, also those kept for retransmissions
	CallIDs       int // Call-IDs with a dialog, or a transaction that is not only kept
	Conns         int // TCP connections
	Received      uint64
	Sent          uint64
	Refused       uint64 // by a limit
	Dropped       uint64 // by a full queue, or a refusal not worth an answer
	Malformed     uint64
	Retransmitted uint64
	Panics        uint64
	OwnReading    uint64 // valid messages that sipgo could not read as they are
}

// Stats returns the counters.
func (u *UA) Stats() Stats {
	s := Stats{
		Calls: int(u.count.calls.Load()), HalfOpen: int(u.count.halfOpen.Load()), Conns: u.tcp.count(),
		Received: u.count.received.Load(), Sent: u.count.sent.Load(), Refused: u.count.refused.Load(),
		Dropped: u.count.dropped.Load(), Malformed: u.count.malformed.Load(),
		Retransmitted: u.count.retransmitted.Load(), Panics: u.count.panics.Load(),
		OwnReading: u.count.ownReading.Load(),
	}
	for _, w := range u.workers {
		w.do(func() {
			s.Transactions += len(w.server)
			s.CallIDs += len(w.groups)
		})
	}
	return s
}
