package media

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ShardOptions shape the real clock.
type ShardOptions struct {
	// Shards is the number of threads that tick, 0 for one per core (as Go counts
	// them, after the quota of the control group).
	Shards int
	// OnPanic hears of a hook that panicked; the clock goes on. Filters that panic
	// are told to their graph's OnError. It must not block.
	OnPanic func(err error)
}

// Shards is the real clock: threads that each tick their share of the graphs, in
// phases that lie TickStep apart so that packets do not leave in one burst. A
// shard without graphs sleeps and costs nothing.
//
// A sleeping shard sits in a raw system call and keeps its place among the running
// threads of Go, so GOMAXPROCS is raised by the number of shards until Close.
type Shards struct {
	hooks  hooks
	shards []*shard
	homes  sync.Map // *Graph -> *shard
	wait   sync.WaitGroup
	once   sync.Once

	hookPanics atomic.Uint64

	mu   sync.Mutex // of load
	load []int
}

// catchUp is how much a shard that is late makes up for; the rest is skipped. It
// is three ticks of 20 ms.
const catchUp = 3 * DefaultTick

// NewShards starts the threads. Close ends them.
func NewShards(o ShardOptions) *Shards {
	n := o.Shards
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
	s := &Shards{load: make([]int, n)}
	s.hooks.panicked = func(err error) {
		s.hookPanics.Add(1)
		if o.OnPanic != nil {
			o.OnPanic(err)
		}
	}
	for i := range n {
		sh := &shard{owner: s, id: i, wake: make(chan struct{}, 1)}
		sh.wakes.writer = &sh.writer
		s.shards = append(s.shards, sh)
		s.wait.Add(1)
		go sh.run()
	}
	return s
}

// N returns the number of shards; they are numbered from 0.
func (s *Shards) N() int { return len(s.shards) }

// Hooks has before and after called on each shard around the graphs of a phase;
// either may be nil. It must come before the first Attach.
func (s *Shards) Hooks(before, after func(shard int)) { s.hooks.add(before, after) }

// Late returns how much later than it should the phase began that a shard is in. It is
// for hooks and filters, on the shard's own thread: time that is measured then is so much
// ahead of the tick's.
func (s *Shards) Late(shard int) time.Duration { return s.shards[shard].late }

// Attach gives g to the shard with the least to do, where it is ticked within
// TickStep and a tick. A graph that is closed or has a clock is left alone.
func (s *Shards) Attach(g *Graph) {
	if !g.attach(s) {
		return
	}
	s.mu.Lock()
	best := 0
	for i, n := range s.load {
		if n < s.load[best] {
			best = i
		}
	}
	s.load[best]++
	s.mu.Unlock()
	s.homes.Store(g, s.shards[best])
	if !s.shards[best].post(command{graph: g, kind: join}) {
		s.release(g, best)
		g.detached(true)
	}
}

// Detach takes g away and returns when it is not ticked any more.
func (s *Shards) Detach(g *Graph) {
	if g.clock() != Clock(s) {
		return
	}
	home, ok := s.homes.Load(g)
	if !ok {
		return
	}
	done := make(chan struct{})
	if home.(*shard).post(command{graph: g, kind: leave, done: done}) {
		<-done
	}
	g.detached(true)
}

// retick moves g to the phases of its new tick.
func (s *Shards) retick(g *Graph) {
	if home, ok := s.homes.Load(g); ok {
		home.(*shard).post(command{graph: g, kind: move})
	}
}

// release forgets where g lived.
func (s *Shards) release(g *Graph, home int) {
	s.homes.Delete(g)
	s.mu.Lock()
	s.load[home]--
	s.mu.Unlock()
}

// Stats returns the sums over all shards; any goroutine may ask.
func (s *Shards) Stats() ClockStats {
	sum := ClockStats{Panics: s.hookPanics.Load()}
	for _, sh := range s.shards {
		sh.addTo(&sum)
	}
	return sum
}

// Close detaches all graphs, with their operations undone, and returns when the
// threads are gone.
func (s *Shards) Close() {
	s.once.Do(func() {
		for _, sh := range s.shards {
			sh.post(command{kind: quit})
		}
		s.wait.Wait()
		for _, sh := range s.shards {
			sh.writer.close()
		}
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)-len(s.shards)))
	})
}

// shardStats are written by one shard and read by all.
type shardStats struct {
	phases, ticks, skipped, panics atomic.Uint64
	graphs, busy, maxLate          atomic.Int64
	late                           [len(LateBounds) + 1]atomic.Uint64
}

func (s *shardStats) addTo(sum *ClockStats) {
	sum.Graphs += int(s.graphs.Load())
	sum.Phases += s.phases.Load()
	sum.Ticks += s.ticks.Load()
	sum.Skipped += s.skipped.Load()
	sum.Panics += s.panics.Load()
	sum.Busy += time.Duration(s.busy.Load())
	sum.MaxLate = max(sum.MaxLate, time.Duration(s.maxLate.Load()))
	for i := range s.late {
		sum.Late[i] += s.late[i].Load()
	}
}

// began notes how late a phase began.
func (s *shardStats) began(late time.Duration) {
	s.phases.Add(1)
	if int64(late) > s.maxLate.Load() {
		s.maxLate.Store(int64(late))
	}
	i := 0
	for i < len(LateBounds) && late > LateBounds[i] {
		i++
	}
	s.late[i].Add(1)
}
