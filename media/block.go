package media

import (
	"sync"
	"sync/atomic"
)

// DefaultPoolBytes is the most that the rings of a BlockPool may hold when its
// maker names no other limit: 64 MiB, which is 70 minutes of 8 kHz audio.
const DefaultPoolBytes = 64 << 20

// block carries one frame, or a part of one, through a ring. Its storage comes
// from a BlockPool and holds either PCM or a payload.
type block struct {
	next  *block
	frame Frame
	ticks int64 // length of the audio in ns
	gap   int   // samples per channel that were dropped just before this block
	class int8
	pcm   []int16
	bytes []byte
}

// Storage classes hold 256 << class int16 of PCM, or as many bytes of payload.
const (
	classes    = 6
	classBytes = classes // block.class of payload blocks starts here
	smallest   = 256
	// MaxBlock is the most int16 that one block takes: 8192.
	maxBlock = smallest << (classes - 1)
)

// BlockPool lends the rings of many graphs their storage. An idle ring holds
// nothing of it. A pool is safe for concurrent use.
type BlockPool struct {
	limit int64
	used  atomic.Int64
	free  [2 * classes]sync.Pool
}

// NewBlockPool returns a pool that lends at most limit bytes at a time; 0 means
// DefaultPoolBytes. When all is lent, rings drop frames and count them.
func NewBlockPool(limit int64) *BlockPool {
	if limit <= 0 {
		limit = DefaultPoolBytes
	}
	return &BlockPool{limit: limit}
}

// Used returns how many bytes are lent now.
func (p *BlockPool) Used() int64 { return p.used.Load() }

// getPCM returns a block for n int16, nil when n is too long or all is lent.
func (p *BlockPool) getPCM(n int) *block { return p.get(n, 0) }

// getBytes returns a block for n bytes, nil when n is too long or all is lent.
func (p *BlockPool) getBytes(n int) *block { return p.get(n, classBytes) }

func (p *BlockPool) get(n, first int) *block {
	c := 0
	for smallest<<c < n {
		c++
	}
	if c >= classes {
		return nil
	}
	c += first
	if p.used.Add(size(c)) > p.limit {
		p.used.Add(-size(c))
		return nil
	}
	if b, ok := p.free[c].Get().(*block); ok {
		return b
	}
	b := &block{class: int8(c)}
	if c < classBytes {
		b.pcm = make([]int16, smallest<<c)
	} else {
		b.bytes = make([]byte, smallest<<(c-classBytes))
	}
	return b
}

func (p *BlockPool) put(b *block) {
	b.next, b.frame, b.gap, b.ticks = nil, Frame{}, 0, 0
	p.used.Add(-size(int(b.class)))
	p.free[b.class].Put(b)
}

// size returns the bytes of storage of a class.
func size(class int) int64 {
	if class < classBytes {
		return 2 * smallest << class
	}
	return smallest << (class - classBytes)
}
