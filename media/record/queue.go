package record

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// A recording's audio waits for its next turn in blocks of a common pool; one that
// records nothing holds none.
const (
	blockSize = 2048
	// ownTime and ownBytes may wait in any recording, more only while the budget has room.
	ownTime  = 5 * time.Second
	ownBytes = 1 << 20
	maxTime  = 30 * time.Second
	maxBytes = 8 << 20
)

type block struct {
	next  *block
	n     int
	big   []byte // instead of small, for one item that is too large for it
	small [blockSize - 40]byte
}

func (b *block) data() []byte {
	if b.big != nil {
		return b.big
	}
	return b.small[:]
}

var blocks = sync.Pool{New: func() any { return new(block) }}

// budget counts the bytes of blocks that all recordings hold.
type budget struct {
	limit int64
	used  atomic.Int64
}

// Kinds of items in a block.
const (
	packetItem = iota
	pcmItem
	anchorItem
)

// item is what waits: its header, then its payload.
type item struct {
	kind, side uint8
	pt         uint8
	marker     bool
	sequence   uint16
	timestamp  uint32
	ssrc       uint32 // of PCM: the sample rate
	at         time.Duration
	payload    []byte
}

const (
	itemHeader  = 24
	mostPayload = 1<<16 - 1
)

// size is how many bytes it takes in a block.
func (i *item) size() int { return itemHeader + len(i.payload) }

// write fills the first bytes of b: whole words of the header, for its memory is seldom
// in the cache.
func (i *item) write(b []byte) {
	head := uint64(i.kind) | uint64(i.side)<<8 | uint64(i.pt)<<16 | uint64(i.sequence)<<32 | uint64(len(i.payload))<<48
	if i.marker {
		head |= 1 << 24
	}
	le := binary.LittleEndian
	le.PutUint64(b, head)
	le.PutUint64(b[8:], uint64(i.timestamp)|uint64(i.ssrc)<<32)
	le.PutUint64(b[16:], uint64(i.at)) //nolint:gosec // parse turns it back
	copy(b[itemHeader:], i.payload)
}

// parse reads the item at the start of b and returns what follows. The payload points
// into b.
func (i *item) parse(b []byte) []byte {
	le := binary.LittleEndian
	*i = item{
		kind: b[0], side: b[1], pt: b[2], marker: b[3] == 1, sequence: le.Uint16(b[4:]),
		timestamp: le.Uint32(b[8:]), ssrc: le.Uint32(b[12:]), at: time.Duration(le.Uint64(b[16:])), //nolint:gosec // as it was put in
	}
	end := itemHeader + int(le.Uint16(b[6:]))
	i.payload = b[itemHeader:end]
	return b[end:]
}

// queue is what one recording has waiting. The clock's thread puts, a worker takes; both
// hold the lock for a few nanoseconds and never across anything that waits. What each item
// needs comes first, and the blocks' own fields are left alone meanwhile: with thousands of
// recordings every line of memory that is touched comes from far away.
type queue struct {
	mu       sync.Mutex
	free     []byte // of the tail
	items    uint32 // put since the last take
	dropping bool
	closed   bool

	mem     *budget
	head    *block
	tail    *block
	bytes   int64         // of blocks
	first   time.Duration // the tick at which the oldest was put
	orders  []order
	from    time.Duration // the tick at which dropping began
	dropped int           // packets
}

// batch is what a worker took.
type batch struct {
	head   *block
	bytes  int64
	orders []order
	drop   span // of the ticks when the queue was full; to is 0 when it was not
	lost   int
}

// span is a stretch of the time line.
type span struct{ from, to time.Duration }

// put adds an item. It returns false when there is no room, and whether that is new.
func (q *queue) put(i *item, tick time.Duration) (ok, begins bool) {
	size := i.size()
	q.mu.Lock()
	switch {
	case q.closed:
	case q.dropping || (size > len(q.free) && !q.room(size, tick)):
		if begins = !q.dropping; begins {
			q.dropping, q.from = true, tick
		}
		q.dropped++
	default:
		i.write(q.free[:size])
		q.free = q.free[size:]
		q.items++
		ok = true
	}
	q.mu.Unlock()
	return ok, begins
}

// endBlock notes how full the last block is.
func (q *queue) endBlock() {
	if q.tail != nil {
		q.tail.n = len(q.tail.data()) - len(q.free)
	}
	q.free = nil
}

// room begins a block, if that is allowed.
func (q *queue) room(size int, tick time.Duration) bool {
	if q.head == nil {
		q.first = tick
	}
	wait := tick - q.first
	if wait > ownTime || q.bytes >= ownBytes {
		if wait > maxTime || q.bytes >= maxBytes || q.mem.used.Load() >= q.mem.limit {
			return false
		}
	}
	b, _ := blocks.Get().(*block)
	b.next, b.n = nil, 0
	q.endBlock()
	if q.tail == nil {
		q.head = b
	} else {
		q.tail.next = b
	}
	q.tail = b
	room := int64(blockSize)
	if size > len(b.small) {
		b.big = make([]byte, size)
		room += int64(size)
	}
	q.free = b.data()
	q.bytes += room
	q.mem.used.Add(room)
	return true
}

// order tells the worker something that is never dropped.
func (q *queue) order(o order) {
	q.mu.Lock()
	o.after = uint64(q.items)
	q.orders = append(q.orders, o)
	q.mu.Unlock()
}

// take empties the queue.
func (q *queue) take(tick time.Duration) batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endBlock()
	t := batch{head: q.head, bytes: q.bytes, orders: q.orders}
	if q.dropping {
		t.drop, t.lost = span{q.from, tick}, q.dropped
		q.dropping, q.dropped = false, 0
	}
	q.head, q.tail, q.bytes, q.items, q.orders = nil, nil, 0, 0, nil
	return t
}

// close empties the queue for good.
func (q *queue) close() batch {
	b := q.take(0)
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	return b
}

// release gives the blocks back.
func (t *batch) release(m *budget) {
	for b := t.head; b != nil; {
		next := b.next
		b.next, b.big = nil, nil
		blocks.Put(b)
		b = next
	}
	m.used.Add(-t.bytes)
	t.head, t.bytes = nil, 0
}
