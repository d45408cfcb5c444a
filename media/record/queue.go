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

// fits tells whether there is room.
func (b *block) fits(size int) bool { return b != nil && b.big == nil && b.n+size <= len(b.small) }

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

func (i *item) append(b []byte) []byte {
	var marker byte
	if i.marker {
		marker = 1
	}
	le := binary.LittleEndian
	b = append(b, i.kind, i.side, i.pt, marker)
	b = le.AppendUint16(b, i.sequence)
	b = le.AppendUint16(b, uint16(len(i.payload)))
	b = le.AppendUint32(b, i.timestamp)
	b = le.AppendUint32(b, i.ssrc)
	b = le.AppendUint64(b, uint64(i.at))
	return append(b, i.payload...)
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
// hold the lock for a few nanoseconds and never across anything that waits.
type queue struct {
	mu       sync.Mutex
	dropping bool
	closed   bool
	tail     *block
	items    uint64 // put since the last take
	head     *block
	bytes    int64         // of blocks
	first    time.Duration // the tick at which the oldest was put
	orders   []order
	from     time.Duration // the tick at which dropping began
	dropped  int           // packets
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
func (q *queue) put(m *budget, i *item, tick time.Duration) (ok, begins bool) {
	size := itemHeader + len(i.payload)
	q.mu.Lock()
	switch {
	case q.closed:
	case q.dropping || !q.room(m, size, tick):
		if begins = !q.dropping; begins {
			q.dropping, q.from = true, tick
		}
		q.dropped++
	default:
		q.tail.add(i)
		q.items++
		ok = true
	}
	q.mu.Unlock()
	return ok, begins
}

func (b *block) add(i *item) { b.n = len(i.append(b.data()[:b.n])) }

// room makes sure that the last block has room, if that is allowed.
func (q *queue) room(m *budget, size int, tick time.Duration) bool {
	if q.tail.fits(size) {
		return true
	}
	if q.head == nil {
		q.first = tick
	}
	wait := tick - q.first
	if wait > ownTime || q.bytes >= ownBytes {
		if wait > maxTime || q.bytes >= maxBytes || m.used.Load() >= m.limit {
			return false
		}
	}
	b, _ := blocks.Get().(*block)
	b.next, b.n = nil, 0
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
	q.bytes += room
	m.used.Add(room)
	return true
}

// order tells the worker something that is never dropped.
func (q *queue) order(o order) {
	q.mu.Lock()
	o.after = q.items
	q.orders = append(q.orders, o)
	q.mu.Unlock()
}

// take empties the queue.
func (q *queue) take(tick time.Duration) batch {
	q.mu.Lock()
	defer q.mu.Unlock()
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
