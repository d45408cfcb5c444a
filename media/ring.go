package media

import (
	"sync"
	"sync/atomic"
	"time"
)

// Policy says which frame goes when a link's ring is full. Both count the drop.
type Policy int

// The policies of a full ring.
const (
	// DropOldest makes room for the newest frame: right for live audio.
	DropOldest Policy = iota
	// DropNewest keeps what is queued and loses what comes.
	DropNewest
)

// poolRetry is how long a source waits for others to give storage back.
const poolRetry = 20 * time.Millisecond

// ring is a chain of blocks between a graph's tick and the goroutine of a link.
// Either side may be the writer. The tick's side never waits: it tries the lock,
// which is only ever held for a few pointer moves, and else comes back next tick.
//
//	tick -> push ->  tail ... head -> wait -> goroutine      (sink)
//	goroutine -> offer -> tail ... head -> take -> tick      (source)
type ring struct {
	pool   *BlockPool
	size   int64 // ns of audio
	full   Policy
	ready  chan struct{} // the goroutine looks again: data, room or end
	prompt *Link         // whose sink is prompt: it may have no goroutine that looks

	mu         sync.Mutex
	head, tail *block
	idle       bool // nobody reads for the sink: its goroutine waits, or a prompt one has none
	waits      bool // idle, because a goroutine waits in wait
	lost       int  // samples per channel dropped before head
	lastGap    int  // the same after the last block, once closed
	closed     bool // the writer is done
	stopped    bool // the reader is gone

	queued  atomic.Int64 // ns of audio
	frames  atomic.Uint64
	dropped atomic.Uint64
	missing atomic.Int64 // ns of audio that was dropped

	// The tick's own: whom to tell at the end of the phase, what it could not hand
	// over yet, and the samples per channel dropped after that.
	wakes         *wakeList
	late, lateEnd *block
	gap           int
}

func newRing(pool *BlockPool, size time.Duration, full Policy) *ring {
	return &ring{pool: pool, size: int64(size), full: full, ready: make(chan struct{}, 1)}
}

// try locks without waiting for a goroutine that was descheduled with the lock.
func (r *ring) try() bool {
	for range 64 {
		if r.mu.TryLock() {
			return true
		}
	}
	return false
}

func (r *ring) signal() {
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// push appends b, from the tick.
func (r *ring) push(b *block) {
	b.gap, r.gap = r.gap, 0
	if r.late == nil {
		r.late = b
	} else {
		r.lateEnd.next = b
	}
	r.lateEnd = b
	r.flush()
}

// miss counts a frame of n samples per channel, and its length in ns, for which the
// pool had no block.
func (r *ring) miss(n int, ticks time.Duration) {
	r.gap += n
	r.dropped.Add(1)
	r.missing.Add(int64(ticks))
	r.flush()
}

// flush hands over what push left, unless the goroutine has the lock right now.
func (r *ring) flush() {
	if r.late == nil || !r.try() {
		return
	}
	r.handOver()
	wake, waits := r.idle, r.waits
	r.idle, r.waits = false, false
	r.mu.Unlock()
	if wake {
		r.wakes.add(r, waits)
	}
}

// handOver appends what push left. The lock is held.
func (r *ring) handOver() {
	gap := 0
	for b := r.late; b != nil; {
		next := b.next
		b.next = nil
		b.gap += gap
		gap = r.append(b)
		b = next
	}
	r.gap += gap
	r.late, r.lateEnd = nil, nil
}

// append links b to the tail by the ring's policy. When it drops b it returns how
// many samples per channel are lost with it. The lock is held.
func (r *ring) append(b *block) (gap int) {
	for r.queued.Load()+b.ticks > r.size && r.head != nil && r.full == DropOldest {
		old := r.pop()
		r.lost += old.gap + samples(old)
		r.drop(old)
	}
	if r.stopped || (r.head != nil && r.queued.Load()+b.ticks > r.size) {
		gap = b.gap + samples(b)
		r.drop(b)
		return gap
	}
	if r.head == nil {
		r.head = b
	} else {
		r.tail.next = b
	}
	r.tail = b
	r.queued.Add(b.ticks)
	r.frames.Add(1)
	return 0
}

func (r *ring) drop(b *block) {
	r.dropped.Add(1)
	r.missing.Add(b.ticks)
	r.pool.put(b)
}

// pop unlinks the head. The lock is held and the ring is not empty.
func (r *ring) pop() *block {
	b := r.head
	r.head, b.next = b.next, nil
	if r.head == nil {
		r.tail = nil
	}
	r.queued.Add(-b.ticks)
	return b
}

// take returns the head, nil when there is none, and whether the writer is done
// and all is read. It is for the tick and wakes the writer at half full.
func (r *ring) take() (b *block, end bool) {
	if !r.try() {
		return nil, false
	}
	if r.head != nil {
		b = r.pop()
	}
	end = b == nil && r.closed
	r.mu.Unlock()
	if b != nil && r.queued.Load() <= r.size/2 {
		r.signal()
	}
	return b, end
}

// wait returns the head and how many samples were dropped before it; it blocks
// until there is one. nil means that the writer is done and all is read; lost is
// what was dropped at the end.
func (r *ring) wait() (b *block, lost int) {
	for {
		r.mu.Lock()
		if r.head != nil {
			b = r.pop()
			lost, r.lost = r.lost+b.gap, 0
			r.mu.Unlock()
			return b, lost
		}
		end := r.closed || r.stopped
		if end && !r.stopped {
			lost, r.lost, r.lastGap = r.lost+r.lastGap, 0, 0
		}
		r.idle = !end
		r.waits = r.idle
		r.mu.Unlock()
		if end {
			return nil, lost
		}
		<-r.ready
	}
}

// offer appends b; it blocks while the ring is full and returns false when the
// reader is gone. It is for the goroutine of a source.
func (r *ring) offer(b *block) bool {
	for {
		r.mu.Lock()
		switch {
		case r.stopped:
			r.mu.Unlock()
			r.pool.put(b)
			return false
		case r.head == nil || r.queued.Load()+b.ticks <= r.size:
			r.append(b)
			r.mu.Unlock()
			return true
		}
		r.mu.Unlock()
		<-r.ready
	}
}

// gone reports whether the reader left.
func (r *ring) gone() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// lend calls get until the pool has a block, nil when the reader is gone.
func (r *ring) lend(get func() *block) *block {
	for {
		if b := get(); b != nil {
			return b
		}
		select {
		case <-r.ready:
		case <-time.After(poolRetry):
		}
		if r.gone() {
			return nil
		}
	}
}

// close says that no more comes; what is queued is still read. It returns true when
// somebody has to be called for that.
func (r *ring) close() (call bool) {
	r.mu.Lock()
	defer r.signal()
	defer r.mu.Unlock()
	r.closed = true
	r.handOver()
	r.lastGap += r.gap
	r.gap = 0
	if call = r.prompt != nil && r.idle && !r.waits; call {
		r.idle = false
	}
	return call
}

// stop says that nobody reads any more. What is queued is dropped, and counted when
// it is lost.
func (r *ring) stop(lost bool) {
	r.mu.Lock()
	r.stopped = true
	for r.head != nil {
		if b := r.pop(); lost {
			r.drop(b)
		} else {
			r.pool.put(b)
		}
	}
	r.mu.Unlock()
	r.signal()
}

// samples returns the length of a block in samples per channel, at the rate of
// its PCM or the clock rate of its payload.
func samples(b *block) int {
	if c := b.frame.Format.Channels; c > 0 && b.frame.PCM != nil {
		return len(b.frame.PCM) / c
	}
	return b.frame.Samples
}
