package call

import (
	"sync"

	"rms/media"
)

// opsPerTick bounds how much of what waits is done between two ticks, so that one
// call cannot hold up the others of its shard.
const opsPerTick = 64

// ops are the changes of a leg's graph that wait for the next tick. All of them go
// with one Graph.Do, so that its bounded queue is never full.
type ops struct {
	mu     sync.Mutex
	list   []func()
	queued bool // a Do is under way
}

// do has op run between two ticks, in the order of the calls.
func (l *leg) do(op func()) {
	o := &l.ops
	o.mu.Lock()
	o.list = append(o.list, op)
	first := !o.queued
	o.queued = true
	o.mu.Unlock()
	if first {
		_ = l.graph.Do(l.runOps) // a closed graph: flush does it
	}
}

// runOps does what waits, on the thread of the clock.
func (l *leg) runOps() {
	for range opsPerTick {
		op := l.ops.next()
		if op == nil {
			return
		}
		op()
	}
	_ = l.graph.Do(l.runOps)
}

// next takes the first of what waits; nil when nothing does.
func (o *ops) next() func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		o.list, o.queued = nil, false
		return nil
	}
	op := o.list[0]
	o.list = o.list[1:]
	return op
}

// flush does what is left when the clock ticks the graph no more: what a leg was
// given must find its way out of it again.
func (l *leg) flush() {
	for op := l.ops.next(); op != nil; op = l.ops.next() {
		_ = protect(op)
	}
}

// protect runs f; its panic becomes an error.
func protect(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &media.PanicError{Value: p}
		}
	}()
	f()
	return nil
}
