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
	select {
	case g.ops <- op:
	default:
		g.mu.Unlock()
		return ErrBusy
	}
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
		select {
		case op = <-g.ops:
		default:
		}
	}
	g.busy = op != nil
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
	g.on = nil
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
// another cannot hold up the tick.
func (g *Graph) runOps() {
	for range len(g.ops) {
		select {
		case op := <-g.ops:
			op()
		default:
			return
		}
	}
}
