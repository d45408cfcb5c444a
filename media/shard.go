package media

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shard is one thread of the clock. Time is cut in slots of TickStep; a graph with
// a tick of n slots lives in one of the n phases of its period and is ticked in
// every n-th slot:
//
//	slot     0   1   2   3   4   5   6   7      (5 ms each)
//	20 ms    A   B   C   D   A   B   C   D      period 4, phases A to D
//	10 ms    E   F   E   F   E   F   E   F      period 2
type shard struct {
	shardStats
	owner *Shards
	id    int

	wake  chan struct{} // a command came while the shard slept without graphs
	mu    sync.Mutex    // of inbox and deaf
	inbox []command
	deaf  bool        // the thread is gone
	mail  atomic.Bool // inbox is not empty

	// What follows belongs to the thread.
	periods []*period
	homes   map[*Graph]place
	slot    int64         // the next to run
	origin  time.Duration // of slot 0 on the thread's clock
	late    time.Duration // of the phase that runs
	quit    bool
	spare   []command
	dead    []death
	onLost  func(g *Graph, err error)
	wakes   wakeList
	writer  writer // its goroutine writes to prompt sinks
}

// swiftReserve is how long before the next phase the thread stops to write to sinks.
const swiftReserve = time.Millisecond

// period holds the graphs whose tick has the same length.
type period struct {
	slots  int // per tick
	phases [][]*Graph
}

// place says where a graph lives in a shard.
type place struct {
	period *period
	phase  int
}

type kind int8

const (
	join kind = iota
	leave
	move
	quit
)

// command is what other goroutines ask of a shard.
type command struct {
	graph *Graph
	kind  kind
	done  chan struct{} // of leave: closed when the graph is out
}

// death is a graph that panicked and why.
type death struct {
	graph *Graph
	err   error
}

// post hands c to the shard, which reads it before its next phase; false means
// that the shard is gone.
func (s *shard) post(c command) bool {
	s.mu.Lock()
	if s.deaf {
		s.mu.Unlock()
		return false
	}
	s.inbox = append(s.inbox, c)
	s.mail.Store(true)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return true
}

// run is the thread. It stays locked, so that it ends with its timer slack.
func (s *shard) run() {
	defer s.owner.wait.Done()
	runtime.LockOSThread()
	timer := newTimer()
	s.wakes.now = timer.now
	s.homes = make(map[*Graph]place)
	s.onLost = s.lost
	for !s.quit {
		if len(s.homes) == 0 {
			<-s.wake
			s.commands()
			s.origin, s.slot = timer.now(), 1
			continue
		}
		timer.until(s.deadline())
		s.commands()
		s.phase(timer)
	}
	s.leave()
}

// leave lets go of all graphs and of who waits for one.
func (s *shard) leave() {
	s.mu.Lock()
	s.deaf = true
	last := s.inbox
	s.inbox = nil
	s.mu.Unlock()
	for _, c := range last {
		s.obey(c)
	}
	for g := range s.homes {
		s.out(g)
		g.detached(false)
	}
}

func (s *shard) deadline() time.Duration {
	return s.origin + time.Duration(s.slot)*TickStep
}

// phase runs one slot, or skips some when the shard is too late for them.
func (s *shard) phase(t timer) {
	begin := t.now()
	late := begin - s.deadline()
	s.began(late)
	if late > catchUp {
		s.skip(int64((late - catchUp + TickStep - 1) / TickStep))
	}
	s.late = begin - s.deadline()
	s.owner.hooks.run(s.owner.hooks.before, s.id)
	for _, p := range s.periods {
		graphs := p.phases[s.slot%int64(p.slots)]
		turn(graphs, s.onLost)
		s.ticks.Add(uint64(len(graphs)))
	}
	s.owner.hooks.run(s.owner.hooks.after, s.id)
	s.wakes.until = s.deadline() + TickStep - swiftReserve
	s.wakes.flush()
	s.sweep()
	s.slot++
	s.busy.Add(int64(t.now() - begin))
}

// skip gives up the next n slots and tells each graph how many of its ticks lay
// in them.
func (s *shard) skip(n int64) {
	for _, p := range s.periods {
		for phase, graphs := range p.phases {
			k := turns(s.slot+n, phase, p.slots) - turns(s.slot, phase, p.slots)
			if k == 0 {
				continue
			}
			s.skipped.Add(uint64(k) * uint64(len(graphs)))
			for _, g := range graphs {
				protect(g, func() { g.Skip(int(k)) }, s.onLost)
			}
		}
	}
	s.slot += n
	s.sweep()
}

// turns counts the slots before slot in which phase has its turn.
func turns(slot int64, phase, slots int) int64 {
	return (slot - int64(phase) + int64(slots) - 1) / int64(slots)
}

// commands does what others asked for.
func (s *shard) commands() {
	if !s.mail.Load() || !s.mu.TryLock() {
		return
	}
	s.inbox, s.spare = s.spare[:0], s.inbox
	s.mail.Store(false)
	s.mu.Unlock()
	for _, c := range s.spare {
		s.obey(c)
	}
	clear(s.spare)
	s.sweep()
}

func (s *shard) obey(c command) {
	g := c.graph
	switch c.kind {
	case join:
		s.in(g)
		protect(g, func() { g.place(s.id, &s.wakes) }, s.onLost)
	case leave:
		if _, ok := s.homes[g]; ok {
			s.out(g)
		}
		close(c.done)
	case move:
		if at, ok := s.homes[g]; ok && at.period.slots != slotsOf(g) {
			at.period.remove(at.phase, g)
			s.settle(g)
		}
	case quit:
		s.quit = true
	}
}

func slotsOf(g *Graph) int { return int(g.TickLength() / TickStep) }

func (s *shard) in(g *Graph) {
	s.settle(g)
	s.graphs.Store(int64(len(s.homes)))
}

// settle gives g the emptiest phase of its period.
func (s *shard) settle(g *Graph) {
	n := slotsOf(g)
	i := slices.IndexFunc(s.periods, func(p *period) bool { return p.slots == n })
	if i < 0 {
		i = len(s.periods)
		s.periods = append(s.periods, &period{slots: n, phases: make([][]*Graph, n)})
	}
	p := s.periods[i]
	best := 0
	for phase, graphs := range p.phases {
		if len(graphs) < len(p.phases[best]) {
			best = phase
		}
	}
	p.phases[best] = append(p.phases[best], g)
	s.homes[g] = place{period: p, phase: best}
}

// lost notes a graph that panicked; sweep takes it out after the phase.
func (s *shard) lost(g *Graph, err error) {
	s.panics.Add(1)
	s.dead = append(s.dead, death{graph: g, err: err})
	g.failed(err)
}

// sweep takes the graphs out that panicked.
func (s *shard) sweep() {
	for i, d := range s.dead {
		if _, ok := s.homes[d.graph]; ok {
			s.out(d.graph)
			d.graph.detached(false)
		}
		s.dead[i] = death{}
	}
	s.dead = s.dead[:0]
}

// out removes g; between phases only.
func (s *shard) out(g *Graph) {
	at := s.homes[g]
	at.period.remove(at.phase, g)
	delete(s.homes, g)
	s.graphs.Store(int64(len(s.homes)))
	s.owner.release(g, s.id)
}

// remove takes g out of a phase; the order of the others stays as it is, but for
// the last, which takes its place.
func (p *period) remove(phase int, g *Graph) {
	list := p.phases[phase]
	i := slices.Index(list, g)
	last := len(list) - 1
	list[i] = list[last]
	list[last] = nil
	p.phases[phase] = list[:last]
}
