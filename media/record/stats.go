package record

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// counters are the parts of Stats that only grow.
type counters struct {
	started, stopped, failed, gaps, syncs, syncTime, written, refused, oversized atomic.Uint64
}

// Stats returns the counts so far.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	live := len(s.live)
	s.mu.Unlock()
	c := &s.stats
	return Stats{
		Live: live, Started: c.started.Load(), Stopped: c.stopped.Load(), Failed: c.failed.Load(), Gaps: c.gaps.Load(),
		Waiting: s.mem.used.Load(), Syncs: c.syncs.Load(), SyncTime: time.Duration(c.syncTime.Load()), Written: c.written.Load(),
		Free: s.room(), Refused: c.refused.Load(), Oversized: c.oversized.Load(),
	}
}

// room is the free space of the last look, 0 before there was one.
func (s *Store) room() uint64 {
	if free := s.free.Load(); free < math.MaxUint64 {
		return free
	}
	return 0
}

// trouble is the last error of the disk.
type trouble struct {
	err error
	at  time.Time
}

// troubleLasts is how long after the last error of the disk a store calls itself ill.
const troubleLasts = 10 * time.Second

func (s *Store) hurt(err error) { s.trouble.Store(&trouble{err, s.o.Now()}) }

// Healthy returns nil when recordings can start and the disk works: what keeps them from
// it otherwise.
func (s *Store) Healthy() error {
	if free := s.free.Load(); free < s.o.MinFree {
		return fmt.Errorf("%w: %d MiB of %d MiB", ErrFull, free>>20, s.o.MinFree>>20)
	}
	if t := s.trouble.Load(); t != nil && s.o.Now().Sub(t.at) < troubleLasts {
		return t.err
	}
	return nil
}
