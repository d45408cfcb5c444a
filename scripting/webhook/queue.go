package webhook

import (
	"container/heap"
	"container/list"
	"time"
)

// deliveryBytes is what a delivery costs beyond its body.
const deliveryBytes = 256

// delivery is one event on its way.
type delivery struct {
	id    string
	event string
	body  []byte
	tries int    // attempts that failed
	lost  uint64 // of an event rms:lost: how many it tells of
	line  *line
	age   *list.Element // in queue.ages
}

func (d *delivery) bytes() int { return len(d.body) + deliveryBytes }

// line is what waits of one call, in order. While its first delivery is on its way, or
// waits for another attempt, nothing behind it moves.
type line struct {
	call    string
	waiting []*delivery
	busy    bool
	at      time.Time // when the first may be tried
	index   int       // in the heap
}

// queue holds what waits of all calls. It is used by one goroutine.
type queue struct {
	size, bytes int // bounds
	lines       map[string]*line
	ready       lines      // not busy, by the time of their next attempt
	ages        *list.List // of all deliveries, the oldest first
	held        int        // bytes

	lost   uint64 // deliveries that there was no room for
	untold uint64 // of all that were lost, what the far end does not know of
	notice line   // for the event that tells of them
}

func newQueue(size, bytes int) *queue {
	return &queue{size: size, bytes: bytes, lines: map[string]*line{}, ages: list.New()}
}

func (q *queue) len() int { return q.ages.Len() }

// put adds a delivery of a call and drops the oldest ones when there is no room.
func (q *queue) put(call string, d *delivery, now time.Time) {
	for d.bytes() <= q.bytes && q.full(d) && q.dropOldest() {
	}
	if q.full(d) {
		q.drop(1)
		return
	}
	l := q.lines[call]
	if l == nil {
		l = &line{call: call, at: now}
		q.lines[call] = l
	}
	d.line, d.age = l, q.ages.PushBack(d)
	q.held += d.bytes()
	l.waiting = append(l.waiting, d)
	if len(l.waiting) == 1 {
		heap.Push(&q.ready, l)
	}
}

func (q *queue) full(d *delivery) bool { return q.len() >= q.size || q.held+d.bytes() > q.bytes }

func (q *queue) drop(n uint64) {
	q.lost += n
	q.untold += n
}

// dropOldest drops the oldest delivery that is not being sent.
func (q *queue) dropOldest() bool {
	for e := q.ages.Front(); e != nil; e = e.Next() {
		d, _ := e.Value.(*delivery)
		if d.line.busy && d.line.waiting[0] == d {
			continue
		}
		q.remove(d)
		q.drop(1)
		return true
	}
	return false
}

// remove takes a delivery out: the first of its line, or the second when the first is
// being sent.
func (q *queue) remove(d *delivery) {
	l := d.line
	q.ages.Remove(d.age)
	q.held -= d.bytes()
	first := l.waiting[0] == d
	if !first {
		l.waiting[1] = l.waiting[0]
	}
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	if len(l.waiting) > 0 {
		return
	}
	if !l.busy {
		heap.Remove(&q.ready, l.index)
	}
	delete(q.lines, l.call)
}

// take returns the delivery that is to be tried now; nil and how long until there is
// one, 0 when none waits.
func (q *queue) take(now time.Time) (*delivery, time.Duration) {
	if len(q.ready) == 0 {
		return nil, 0
	}
	l := q.ready[0]
	if wait := l.at.Sub(now); wait > 0 {
		return nil, wait
	}
	heap.Pop(&q.ready)
	l.busy = true
	return l.waiting[0], 0
}

// finish takes out a delivery that was tried for the last time.
func (q *queue) finish(d *delivery, now time.Time) {
	l := d.line
	if l == &q.notice {
		l.busy, l.waiting, l.at = false, nil, time.Time{}
		return
	}
	q.remove(d)
	if l.busy = false; len(l.waiting) > 0 {
		l.at = now
		heap.Push(&q.ready, l)
	}
}

// again lets a delivery be tried another time.
func (q *queue) again(d *delivery, at time.Time) {
	d.line.busy, d.line.at = false, at
	heap.Push(&q.ready, d.line)
}

// tell lets an event about what was lost be the next one. There can be one at a time.
func (q *queue) tell(d *delivery) {
	q.untold -= d.lost
	d.line = &q.notice
	q.notice.waiting = []*delivery{d}
	heap.Push(&q.ready, &q.notice)
}

// untell takes back a notice that did not arrive; another one may be tried from then on.
func (q *queue) untell(d *delivery, at time.Time) {
	q.untold += d.lost
	q.notice.at = at
}

func (q *queue) telling() bool { return len(q.notice.waiting) > 0 }

// hurry lets all that wait for another attempt be tried now.
func (q *queue) hurry(now time.Time) {
	for _, l := range q.ready {
		if l.at.After(now) {
			l.at = now
		}
	}
	heap.Init(&q.ready)
}

// lines is a heap by the time of the next attempt.
type lines []*line

func (h lines) Len() int           { return len(h) }
func (h lines) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h lines) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is part of heap.Interface.
func (h *lines) Push(x any) {
	l, _ := x.(*line)
	l.index = len(*h)
	*h = append(*h, l)
}

// Pop is part of heap.Interface.
func (h *lines) Pop() any {
	n := len(*h) - 1
	l := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	return l
}
