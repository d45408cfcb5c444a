package media

import (
	"runtime/debug"
	"time"
)

// Clock ticks graphs, each at its own tick length.
type Clock interface {
	// Attach begins to tick g. It does nothing when g is closed or has a clock.
	Attach(g *Graph)
	// Detach ends it: when it returns, g is not ticked any more. Operations that
	// still wait have been run. It must not be called from a tick.
	Detach(g *Graph)
}

// LateBounds are the upper bounds of the buckets of ClockStats.Late; the last
// bucket has none.
var LateBounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

// ClockStats counts what a clock did since it began. Sums are over its shards.
type ClockStats struct {
	Graphs  int           // attached now
	Phases  uint64        // phases that ran
	Ticks   uint64        // graphs ticked
	Skipped uint64        // ticks of graphs given up because a shard was late
	Panics  uint64        // graphs lost to a panic, and hooks that panicked
	Busy    time.Duration // spent in phases
	MaxLate time.Duration // the latest start of a phase
	// Late counts phases by how long after its deadline each began, in the
	// buckets of LateBounds.
	Late [len(LateBounds) + 1]uint64
}

// Quantile returns the upper bound of the bucket that holds the q-th part of the
// lateness, 0 < q <= 1; MaxLate when it lies in the last bucket.
func (s ClockStats) Quantile(q float64) time.Duration {
	var sum, total uint64
	for _, n := range s.Late {
		total += n
	}
	for i, n := range s.Late {
		sum += n
		if i < len(LateBounds) && float64(sum) >= q*float64(total) {
			return min(LateBounds[i], s.MaxLate)
		}
	}
	return s.MaxLate
}

// hooks are called around each phase.
type hooks struct {
	before, after []func(shard int)
	panicked      func(err error)
}

// run calls list; one that panics is told to panicked and the others go on.
func (h *hooks) run(list []func(shard int), shard int) {
	for i := 0; i < len(list); {
		i = h.runFrom(list, i, shard)
	}
}

func (h *hooks) runFrom(list []func(shard int), i, shard int) (next int) {
	defer func() {
		if v := recover(); v != nil {
			next = i + 1
			if h.panicked != nil {
				h.panicked(&PanicError{Value: v, Stack: debug.Stack()})
			}
		}
	}()
	for ; i < len(list); i++ {
		list[i](shard)
	}
	return i
}

func (h *hooks) add(before, after func(shard int)) {
	if before != nil {
		h.before = append(h.before, before)
	}
	if after != nil {
		h.after = append(h.after, after)
	}
}

// turn ticks graphs in order. A graph that panics is told to lost and the others
// go on: one recover covers them all until it is needed.
func turn(graphs []*Graph, lost func(g *Graph, err error)) {
	for i := 0; i < len(graphs); {
		i = turnFrom(graphs, i, lost)
	}
}

func turnFrom(graphs []*Graph, i int, lost func(g *Graph, err error)) (next int) {
	defer func() {
		if v := recover(); v != nil {
			next = i + 1
			lost(graphs[i], &PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	for ; i < len(graphs); i++ {
		graphs[i].Tick()
	}
	return i
}

// protect runs f for g; its panic goes to lost, and ok is false.
func protect(g *Graph, f func(), lost func(g *Graph, err error)) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			lost(g, &PanicError{Value: v, Stack: debug.Stack()})
		}
	}()
	f()
	return true
}
