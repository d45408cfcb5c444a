package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultTick is the length of a graph's tick when its options name none.
const DefaultTick = 20 * time.Millisecond

// TickStep is what every tick is a multiple of: the clock's phases lie this far
// apart.
const TickStep = 5 * time.Millisecond

// DefaultOps is the size of a graph's Do queue when its options name none.
const DefaultOps = 64

// GraphOptions shape a graph. The zero value works.
type GraphOptions struct {
	// Tick is the length of a turn, a multiple of TickStep (others are rounded
	// up); 0 is DefaultTick.
	Tick time.Duration
	// Convert returns a filter between two formats; it is filter.Convert outside
	// tests. Without it formats that differ are a build-time error.
	Convert func(from, to Format) (Filter, error)
	// OnError hears of a filter that panicked (the clock has detached the graph
	// then) or a link that failed. It must not block.
	OnError func(where string, err error)
	// Pool lends the rings of links their storage; nil is a pool of its own.
	Pool *BlockPool
	// Reaper counts goroutines that Close could not await; nil is one of its own.
	Reaper *Reaper
	// Ops is the most operations that wait for the next tick; 0 is DefaultOps.
	Ops int
}

// Graph is a set of filters that audio flows through, ticked by a Clock:
//
//	step 0     step 1      step 2     step 3      step 4
//	[decoder]--[mixer]-----[gain]-----[encoder]---[sender]
//	[player]--/                   \
//	                               `--[link] ~> ring ~> goroutine of a Sink
//
// Its owner builds it before it is attached; after that everything but Do, Close
// and the counters of links happens on the tick's thread, inside Do.
type Graph struct {
	convert func(from, to Format) (Filter, error)
	onError func(where string, err error)
	pool    *BlockPool
	reaper  *Reaper
	tick    atomic.Int64 // ns

	steps []step
	slots []*Frame // output of all steps, and inputs that had to be gathered; slots[0] is always nil
	feeds []int32  // slots that gathered inputs come from
	at    int      // the step that runs, for the name of one that panics

	nodes []*node
	links []*Link
	shard int       // where Placed was told, -1 before
	wakes *wakeList // of the clock that ticks the graph, nil without one

	waiting atomic.Int32 // len(ops)
	limit   int          // of ops
	mu      sync.Mutex
	ops     []func()
	on      Clock // that ticks the graph now
	gone    bool  // closed
	busy    bool  // operations run inline now
}

// step is one filter with the places of its frames in the graph's slots, ready to
// run. A single input is read where it was written; several are gathered first.
type step struct {
	filter      Filter
	in, inEnd   int32
	out, outEnd int32
	feeds       int32 // where its part of the graph's feeds begins, noFeeds for none
}

const noFeeds = -1

// NewGraph returns an empty graph.
func NewGraph(o GraphOptions) *Graph {
	if o.Ops <= 0 {
		o.Ops = DefaultOps
	}
	if o.Pool == nil {
		o.Pool = NewBlockPool(0)
	}
	if o.Reaper == nil {
		o.Reaper = &Reaper{}
	}
	g := &Graph{
		convert: o.Convert, onError: o.OnError, pool: o.Pool, reaper: o.Reaper,
		shard: -1, limit: o.Ops,
	}
	g.tick.Store(int64(roundTick(o.Tick)))
	return g
}

func roundTick(d time.Duration) time.Duration {
	if d <= 0 {
		return DefaultTick
	}
	return (d + TickStep - 1) / TickStep * TickStep
}

// Tick runs the waiting operations and then every filter once. It is for clocks,
// which also recover its panics.
func (g *Graph) Tick() {
	if g.waiting.Load() > 0 {
		g.at = -1
		g.runOps()
	}
	slots := g.slots
	for i := range g.steps {
		s := &g.steps[i]
		g.at = i
		in := slots[s.in:s.inEnd:s.inEnd]
		if s.feeds != noFeeds {
			for k, from := range g.feeds[s.feeds:][:len(in)] {
				in[k] = slots[from]
			}
		}
		s.filter.Process(in, slots[s.out:s.outEnd:s.outEnd])
	}
}

// Skip tells the filters that the clock gave up n ticks. It is for clocks.
func (g *Graph) Skip(n int) {
	for i := range g.steps {
		g.at = i
		if f, ok := g.steps[i].filter.(Skipper); ok {
			f.Skip(n)
		}
	}
}

// TickLength returns the length of a tick; any goroutine may ask.
func (g *Graph) TickLength() time.Duration { return time.Duration(g.tick.Load()) }

// SetTick changes the length of a tick, between ticks.
func (g *Graph) SetTick(d time.Duration) {
	d = roundTick(d)
	if d == g.TickLength() {
		return
	}
	g.tick.Store(int64(d))
	for _, n := range g.nodes {
		n.prepare(d)
	}
	g.mu.Lock()
	c, ok := g.on.(interface{ retick(g *Graph) })
	g.mu.Unlock()
	if ok {
		c.retick(g)
	}
}

// place tells all filters their shard, on its goroutine before the first tick.
func (g *Graph) place(shard int, wakes *wakeList) {
	g.shard, g.wakes = shard, wakes
	for i := range g.steps {
		g.at = i
		if f, ok := g.steps[i].filter.(Placed); ok {
			f.Placed(shard)
		}
	}
}

// failed reports the panic of the step that ran.
func (g *Graph) failed(err error) {
	where := "operation"
	if g.at >= 0 && g.at < len(g.steps) {
		where = name(g.steps[g.at].filter)
	}
	g.report(where, err)
}

// report tells OnError, whose own panic must not take a shard down.
func (g *Graph) report(where string, err error) {
	if g.onError != nil {
		_ = guard(func() error { g.onError(where, err); return nil })
	}
}

// own remembers l for Close and forgets those that ended.
func (g *Graph) own(l *Link) {
	live := g.links[:0]
	for _, old := range g.links {
		select {
		case <-old.done:
		default:
			live = append(live, old)
		}
	}
	clear(g.links[len(live):])
	g.links = append(live, l)
}

// Close detaches the graph from its clock, runs the operations that wait, refuses
// later ones, lets every sink write what is queued and waits for the goroutines
// of all links. When ctx ends first it closes what blocks, hands those goroutines
// to the Reaper and returns an error. It must not be called from a tick.
func (g *Graph) Close(ctx context.Context) error {
	if c := g.clock(); c != nil {
		c.Detach(g)
	}
	g.mu.Lock()
	g.gone = true
	g.mu.Unlock()
	for _, n := range g.nodes {
		if f, ok := n.filter.(interface{ removed() }); ok {
			f.removed()
		}
	}
	var errs []error
	for _, l := range g.links {
		if l.adopted.Load() {
			continue // its own Close has said so
		}
		if err := l.await(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	g.links = nil
	if len(errs) > 0 {
		return fmt.Errorf("close graph: %w", errors.Join(errs...))
	}
	return nil
}
