package filter

import (
	"sync"
	"sync/atomic"
	"time"
)

// playBlockSize is how many samples a block holds: 128 ms at 8 kHz.
const playBlockSize = 1024

// playBlock is a piece of a Playout's storage.
type playBlock struct {
	next *playBlock
	pcm  [playBlockSize]int16
}

var playPool = sync.Pool{New: func() any { return new(playBlock) }}

// playBlocks is the writers' end of the chain of blocks. The tick follows the chain
// only as far as written says, which is stored after all that it covers.
type playBlocks struct {
	tail  *playBlock   // takes the next sample
	used  int          // samples in tail
	first *playBlock   // begins the chain, for a tick that has none
	begin int64        // position of first's first sample
	held  atomic.Int64 // blocks in the chain
}

// grow appends a block whose first sample is at a position.
func (s *playBlocks) grow(at int64) {
	b := playPool.Get().(*playBlock)
	b.next = nil
	if s.tail == nil {
		s.first, s.begin = b, at
	} else {
		s.tail.next = b
	}
	s.tail, s.used = b, 0
	s.held.Add(1)
}

// free gives a block back and returns the one behind it.
func (s *playBlocks) free(b *playBlock) *playBlock {
	next := b.next
	b.next = nil
	playPool.Put(b)
	s.held.Add(-1)
	return next
}

// put queues what there is room for and returns the rest. cleared is what p.cleared
// was when its Write began.
func (p *Playout) put(pcm []int16, cleared uint32) []int16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cleared.Load() != cleared {
		p.refused += int64(len(pcm))
		return nil
	}
	if over := len(pcm) - int(p.limit); p.o.DropOldest && over > 0 {
		p.refused += int64(over)
		pcm = pcm[over:]
	}
	for len(pcm) > 0 {
		n := p.fit(len(pcm))
		if n == 0 {
			break
		}
		copy(p.store.tail.pcm[p.store.used:], pcm[:n])
		p.store.used += n
		p.written.Add(int64(n))
		pcm = pcm[n:]
	}
	if p.o.DropOldest {
		p.refused += int64(len(pcm))
		return nil
	}
	return pcm
}

// fit returns how many of n samples go into the last block now; it drops old ones
// and appends a block as needed.
func (p *Playout) fit(n int) int {
	s := &p.store
	written := p.written.Load()
	if s.tail == nil || s.used == playBlockSize {
		if s.held.Load() >= p.most() {
			return 0
		}
	} else {
		n = min(n, playBlockSize-s.used)
	}
	n = min(n, playBlockSize)
	if p.o.DropOldest {
		p.drop(written + int64(n) - p.limit)
	} else {
		n = int(min(int64(n), p.limit-(written-p.head.Load())))
	}
	if n > 0 && (s.tail == nil || s.used == playBlockSize) {
		s.grow(written)
	}
	return n
}

// most is the number of blocks that the queue may hold. Only the tick can give blocks
// back, so between two ticks a live source may bring a second queue.
func (p *Playout) most() int64 {
	n := p.limit/playBlockSize + 2
	if p.o.DropOldest {
		n *= 2
	}
	return n
}

// drop moves head to a position and returns how many samples are lost by that. p.mu
// is held.
func (p *Playout) drop(to int64) int64 {
	for {
		head := p.head.Load()
		if head >= to {
			return 0
		}
		if p.head.CompareAndSwap(head, to) {
			p.dropped += to - head
			return to - head
		}
	}
}

// await waits until there is room.
func (p *Playout) await(stop <-chan struct{}) error {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	if p.roomy() {
		return nil
	}
	select {
	case <-p.room:
		return nil
	case <-stop:
	case <-p.stopped:
	}
	return ErrStopped
}

// roomy reports whether it is worth it to wake a writer: 100 ms are free, or a
// quarter of a small queue.
func (p *Playout) roomy() bool {
	free := p.limit - (p.written.Load() - p.head.Load())
	return free >= max(min(p.limit/4, int64(p.o.Format.Samples(100*time.Millisecond))), 1) && p.store.held.Load() < p.most()
}

// signal wakes a writer.
func (p *Playout) signal() {
	select {
	case p.room <- struct{}{}:
	default:
	}
}
