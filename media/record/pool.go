package record

import (
	"sync"
	"time"
)

// slots is into how many parts the interval between turns is cut, so that the work of
// all recordings is spread over it.
const slots = 10

// pool is the goroutines that write. A recording has its turn once an interval, and at
// once when it is pushed. One worker does all as long as the disk does not hold it: each
// slot that finds work left over wakes one more.
type pool struct {
	s    *Store
	wake chan struct{}
	some chan struct{} // wakes the clock when there is a first recording

	mu    sync.Mutex
	queue []*Recording
	wheel [slots][]*Recording
	next  int // slot of the next recording
	count int
}

func (p *pool) start(s *Store) {
	p.s = s
	p.wake, p.some = make(chan struct{}, s.o.Workers), make(chan struct{}, 1)
	for range s.o.Workers {
		s.done.Go(p.work)
	}
	s.done.Go(p.turns)
}

// add gives a recording its first turn, and a place in the wheel.
func (p *pool) add(r *Recording) {
	p.mu.Lock()
	r.slot = p.next
	p.next = (p.next + 1) % slots
	p.wheel[r.slot] = append(p.wheel[r.slot], r)
	p.count++
	p.mu.Unlock()
	p.push(r)
	select {
	case p.some <- struct{}{}:
	default:
	}
}

func (p *pool) remove(r *Recording) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.wheel[r.slot]
	for i, other := range list {
		if other == r {
			list[i] = list[len(list)-1]
			list[len(list)-1] = nil
			p.wheel[r.slot] = list[:len(list)-1]
			p.count--
			return
		}
	}
}

// push lets a recording have a turn soon.
func (p *pool) push(r *Recording) {
	if !r.queued.CompareAndSwap(false, true) {
		return
	}
	p.mu.Lock()
	p.queue = append(p.queue, r)
	p.mu.Unlock()
	p.rouse()
}

func (p *pool) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// pop returns the recording that waits longest, nil when none does.
func (p *pool) pop() *Recording {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil
	}
	r := p.queue[0]
	p.queue[0] = nil
	if p.queue = p.queue[1:]; len(p.queue) == 0 {
		p.queue = nil
	}
	r.queued.Store(false)
	return r
}

// turns is the goroutine that turns the wheel while there are recordings.
func (p *pool) turns() {
	tick := time.NewTicker(p.s.o.Interval / slots)
	defer tick.Stop()
	for slot := 0; ; slot = (slot + 1) % slots {
		if !p.turn(slot) {
			tick.Stop()
			select {
			case <-p.some:
			case <-p.s.stop:
				return
			}
			tick.Reset(p.s.o.Interval / slots)
		}
		select {
		case <-tick.C:
		case <-p.s.stop:
			return
		}
	}
}

// turn queues the recordings of a slot. It returns false when there are none at all.
func (p *pool) turn(slot int) bool {
	p.mu.Lock()
	var fallen []*Recording
	for _, r := range p.wheel[slot] {
		if r.fell.Load() != 0 {
			fallen = append(fallen, r)
		}
		if r.queued.CompareAndSwap(false, true) {
			p.queue = append(p.queue, r)
		}
	}
	waiting, some := len(p.queue) > 0, p.count > 0
	p.mu.Unlock()
	for _, r := range fallen {
		r.tellFallen()
	}
	if waiting {
		p.rouse()
	}
	return some
}

// work is a goroutine that writes. What a turn needs for a moment is its own, not the
// recording's.
func (p *pool) work() {
	var w *worker
	for {
		select {
		case <-p.wake:
		case <-p.s.stop:
			return
		}
		for r := p.pop(); r != nil; r = p.pop() {
			if w == nil {
				w = &worker{}
			}
			r.turn(w)
		}
	}
}
