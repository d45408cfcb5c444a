package media

import "errors"

// Errors of Do.
var (
	// ErrClosed says that the graph was closed.
	ErrClosed = errors.New("graph is closed")
	// ErrBusy says that the queue of operations is full.
	ErrBusy = errors.New("graph is busy: its queue of operations is full")
)

// Do has op run between two ticks, on the tick's thread; while no clock ticks the
// graph, it runs at once. Operations run in order. The error is ErrClosed after
// Close and ErrBusy when too many wait. One goroutine at a time may call Do.
func (g *Graph) Do(op func()) error {
	g.mu.Lock()
	if g.gone {
		g.mu.Unlock()
		return ErrClosed
	}
	if len(g.ops) >= g.limit {
		g.mu.Unlock()
		return ErrBusy
	}
	g.ops = append(g.ops, op)
	g.waiting.Store(int32(len(g.ops)))
	inline := g.on == nil && !g.busy
	g.busy = g.busy || inline
	g.mu.Unlock()
	if inline {
		g.runInline()
	}
	return nil
}

// runInline runs the queue until it is empty or a clock takes over.
func (g *Graph) runInline() {
	for op := g.nextInline(); op != nil; op = g.nextInline() {
		g.inline(op)
	}
}

// nextInline returns the next operation; with none left nobody runs inline.
func (g *Graph) nextInline() (op func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.on == nil {
		op = g.pop()
	}
	g.busy = op != nil
	return op
}

// pop returns the oldest operation that waits, nil without one. The queue has
// memory only while something waits in it; g.mu is held.
func (g *Graph) pop() (op func()) {
	if len(g.ops) == 0 {
		return nil
	}
	op = g.ops[0]
	g.ops[0] = nil
	g.ops = g.ops[1:]
	if len(g.ops) == 0 {
		g.ops = nil
	}
	g.waiting.Store(int32(len(g.ops)))
	return op
}

// inline runs op; when it panics, the next Do may run inline again.
func (g *Graph) inline(op func()) {
	ok := false
	defer func() {
		if !ok {
			g.mu.Lock()
			g.busy = false
			g.mu.Unlock()
		}
	}()
	op()
	ok = true
}

// attach marks g as ticked by c; false when it is closed or has a clock.
func (g *Graph) attach(c Clock) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone || g.on != nil {
		return false
	}
	g.on = c
	return true
}

// detached marks g as ticked by nobody. With run it does what still waits.
func (g *Graph) detached(run bool) {
	g.mu.Lock()
	g.on, g.wakes = nil, nil
	run = run && !g.busy
	g.busy = g.busy || run
	g.mu.Unlock()
	if run {
		g.runInline()
	}
}

// clock returns what ticks g now, or nil.
func (g *Graph) clock() Clock {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.on
}

// runOps runs what was queued when it began, so that an operation which queues
// another cannot hold up the tick. It does not wait for the lock: what it cannot
// have now runs a tick later.
func (g *Graph) runOps() {
	for range g.waiting.Load() {
		if !g.mu.TryLock() {
			return
		}
		op := g.pop()
		g.mu.Unlock()
		if op == nil {
			return
		}
		op()
	}
}
