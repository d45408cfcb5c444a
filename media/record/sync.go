package record

import (
	"sync/atomic"
	"time"
)

// syncEvery is the time between two group syncs. What came is written within 0.4 s (an
// interval) + 0.1 s (the margin), synced by the next sync and covered by a header that the
// one after it brings to the disk: a power cut costs 0.5 s + twice this + the syncs' own
// time, a kill once this less. A turn costs a recording more than its share of a sync
// does, so that turns are the rarer ones.
const syncEvery = 250 * time.Millisecond

// watermarks are how far a file has come, in bytes of samples: each is at most the one
// before it.
type watermarks struct {
	written atomic.Int64 // in the page cache
	syncing atomic.Int64 // when the sync that runs began
	synced  atomic.Int64 // on the disk
	headed  atomic.Int64 // covered by the file's header
}

// shrink makes a file shorter.
func (m *watermarks) shrink(n int64) {
	for _, a := range m.all() {
		a.Store(min(a.Load(), n))
	}
}

func (m *watermarks) all() [4]*atomic.Int64 {
	return [...]*atomic.Int64{&m.headed, &m.synced, &m.syncing, &m.written}
}

// syncLoop is the goroutine that brings to the disk what all recordings wrote, looks how
// much room there is, and enters what a full disk put off.
func (s *Store) syncLoop() {
	tick := time.NewTicker(s.o.syncEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		live := s.Live()
		if n%3 == 0 && len(live) > 0 || n%30 == 0 {
			s.look()
		}
		if n%owedTurn == 0 {
			s.pay()
		}
		if s.o.Sync == Second && len(live) > 0 {
			s.syncAll(live)
		}
	}
}

func (s *Store) look() {
	free, err := s.fs.Free()
	if err != nil {
		s.hurt(err)
		return
	}
	s.free.Store(free)
}

// syncAll is one group sync, and the headers that it allows.
func (s *Store) syncAll(live []*Recording) {
	for _, r := range live {
		r.mark.syncing.Store(r.mark.written.Load())
	}
	start := time.Now()
	err := s.fs.Sync()
	s.stats.syncTime.Store(uint64(time.Since(start)))
	s.stats.syncs.Add(1)
	if err != nil {
		s.hurt(err)
		for _, r := range live {
			r.unsure.Store(&err)
		}
		return
	}
	for _, r := range live {
		if v := r.mark.syncing.Load(); v > r.mark.synced.Load() {
			r.mark.synced.Store(v)
			r.headNow()
		}
	}
}

// headNow writes the header unless a turn is being taken; then that does it.
func (r *Recording) headNow() {
	if !r.turns.TryLock() {
		r.again.Store(true)
		return
	}
	defer r.turns.Unlock()
	r.work.head()
}
