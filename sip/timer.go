package sip

import (
	"container/heap"
	"time"
)

// timer is one deadline of a worker. fn runs on the worker with its lock held.
type timer struct {
	at    time.Time
	fn    func()
	index int // place in the heap, -1 when not in it
}

// timers is a heap by time.
type timers []*timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push is for container/heap.
func (t *timers) Push(x any) {
	e, _ := x.(*timer)
	e.index = len(*t)
	*t = append(*t, e)
}

// Pop is for container/heap.
func (t *timers) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	e.index = -1
	return e
}

// in starts a timer. The worker's lock is held, here and in all that follows.
func (w *worker) in(d time.Duration, fn func()) *timer {
	e := &timer{at: time.Now().Add(d), fn: fn}
	heap.Push(&w.timers, e)
	if e.index == 0 {
		w.poke()
	}
	return e
}

// stop cancels a timer; nil and stopped ones are fine.
func (w *worker) stop(e *timer) {
	if e != nil && e.index >= 0 {
		heap.Remove(&w.timers, e.index)
		e.fn = nil
	}
}

// expire runs one timer that is due and tells whether there was one.
func (w *worker) expire(now time.Time) bool {
	if len(w.timers) == 0 || w.timers[0].at.After(now) {
		return false
	}
	e, _ := heap.Pop(&w.timers).(*timer)
	fn := e.fn
	e.fn = nil
	fn()
	return true
}
