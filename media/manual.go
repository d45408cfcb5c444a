package media

import (
	"slices"
	"sync"
	"time"
)

// ManualClock ticks graphs when it is told to, on the goroutine that tells it: an
// hour of audio passes in a second and always in the same way. A graph's first
// tick comes one tick length after it was attached.
type ManualClock struct {
	hooks hooks

	mu     sync.Mutex
	graphs []*manualGraph
	now    time.Duration
	stats  ClockStats
	ready  []*manualGraph // of due
	wakes  wakeList       // of the one who advances

	turn sync.Mutex // held while a graph ticks
}

type manualGraph struct {
	graph  *Graph
	one    [1]*Graph // graph, for turn
	due    time.Duration
	placed bool
	gone   bool
}

// NewManualClock returns a clock that stands at 0.
func NewManualClock() *ManualClock {
	c := &ManualClock{}
	c.hooks.panicked = func(error) {
		c.mu.Lock()
		c.stats.Panics++
		c.mu.Unlock()
	}
	return c
}

// Hooks has before and after called around the graphs of each moment; either may
// be nil. It must come before the first Attach.
func (c *ManualClock) Hooks(before, after func(shard int)) { c.hooks.add(before, after) }

// N returns 1: a manual clock has one shard, number 0.
func (c *ManualClock) N() int { return 1 }

// Now returns how far the clock was advanced.
func (c *ManualClock) Now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Attach begins to tick g.
func (c *ManualClock) Attach(g *Graph) {
	if !g.attach(c) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.graphs = append(c.graphs, &manualGraph{graph: g, one: [1]*Graph{g}, due: c.now + g.TickLength()})
}

// Detach ends it, after a tick that runs on another goroutine.
func (c *ManualClock) Detach(g *Graph) {
	if g.clock() != Clock(c) {
		return
	}
	c.remove(g)
	c.finishTurn()
	g.detached(true)
}

// finishTurn waits for a tick that runs on another goroutine.
func (c *ManualClock) finishTurn() {
	c.turn.Lock()
	defer c.turn.Unlock()
}

func (c *ManualClock) remove(g *Graph) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.graphs = slices.DeleteFunc(c.graphs, func(m *manualGraph) bool {
		m.gone = m.gone || m.graph == g
		return m.graph == g
	})
}

// retick lets g's next tick come one new tick length after this one.
func (c *ManualClock) retick(*Graph) {}

// Advance runs all ticks that are due until d from now, in the order of time.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	end := c.now + d
	c.mu.Unlock()
	for {
		due := c.due(end)
		if due == nil {
			return
		}
		c.hooks.run(c.hooks.before, 0)
		for _, m := range due {
			c.tick(m)
		}
		c.hooks.run(c.hooks.after, 0)
		c.wakes.flush()
	}
}

// due moves to the next moment with a tick, at most to end, and returns whose.
func (c *ManualClock) due(end time.Duration) []*manualGraph {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := end + 1
	for _, m := range c.graphs {
		next = min(next, m.due)
	}
	if next > end {
		c.now = end
		return nil
	}
	c.now = next
	c.stats.Phases++
	c.ready = c.ready[:0]
	for _, m := range c.graphs {
		if m.due == next {
			c.ready = append(c.ready, m)
		}
	}
	return c.ready
}

func (c *ManualClock) tick(m *manualGraph) {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	gone := m.gone
	c.stats.Ticks++
	c.mu.Unlock()
	if gone {
		return
	}
	if !m.placed {
		m.placed = true
		if !protect(m.graph, func() { m.graph.place(0, &c.wakes) }, c.lost) {
			return
		}
	}
	turn(m.one[:], c.lost)
	c.mu.Lock()
	m.due += m.graph.TickLength()
	c.mu.Unlock()
}

// Skip gives up the next n ticks of every graph, as a clock does that fell behind.
func (c *ManualClock) Skip(n int) {
	c.mu.Lock()
	graphs := slices.Clone(c.graphs)
	c.stats.Skipped += uint64(n * len(graphs))
	c.mu.Unlock()
	for _, m := range graphs {
		c.turn.Lock()
		protect(m.graph, func() { m.graph.Skip(n) }, c.lost)
		c.turn.Unlock()
	}
}

// Stats returns what the clock did; lateness is always 0.
func (c *ManualClock) Stats() ClockStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Graphs = len(c.graphs)
	s.Late[0] = s.Phases
	return s
}

func (c *ManualClock) lost(g *Graph, err error) {
	c.remove(g)
	c.mu.Lock()
	c.stats.Panics++
	c.mu.Unlock()
	g.detached(false)
	g.failed(err)
}
