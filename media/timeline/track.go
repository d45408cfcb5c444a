package timeline

import "time"

const (
	ringMost  = 512 // packets that a track holds
	ringFirst = 16  // both are powers of two
	packetMax = 8192
)

// kind is what a packet is good for.
type kind uint8

const (
	nothing kind = iota
	audio
	quiet // comfort noise: the far end sends no audio
	other // not lost, but no audio
)

// held is one packet in a track's ring.
type held struct {
	timestamp int64
	arrival   int64
	at, size  int32 // in the store
	units     int32
	kind      kind
	given     bool // placed, perhaps for the time being
	exact     bool // placed as it will stay
	coding    *coding
}

// track is a stretch of the stream whose timestamps go on: one source, one clock
// rate, one distance between timestamps and positions. Sequence numbers and
// timestamps are extended to 64 bits.
type track struct {
	ssrc    uint32
	clock   int64
	ring    []held
	store   store
	next    int64 // to be settled
	end     int64 // one past the highest that came
	first   int64 // that came
	peak    int64 // most packets held lately
	roomy   int   // turns in a row that the ring had room to spare
	newest  int64 // timestamp of the highest that came
	newest0 uint32
	units   int64 // of the last packet

	began       int64 // arrival of the first, ns
	last        int64 // arrival
	start       int64 // timestamp of the first
	least       int64 // time under way, until the track is confirmed
	base        int64 // time under way of the first
	packets     int
	sum         int64 // of the times under way, from base on
	anchored    bool  // mapping is set
	byAnchor    bool  // by the jitter buffer
	learning    bool  // its distance from the fastest packets is not known yet
	provisional bool  // may be placed anew
	succeeds    bool  // goes on with the mapping of the one before
	stalled     bool  // a burst comes that was held up
	stall       int64 // arrival of the burst's first packet
	stallBehind int64 // how late that was
	silence     int64 // before it, when it succeeds
	drift       drift
	m           mapping

	main, ahead pipe
	to          int64 // position behind what was placed for the time being
	reason      string
	joined      bool // the first packet follows the last one of the track before
	hushed      bool // comfort noise came
	settled     bool // audio was settled
	missed      int  // packets lost since the last audio
}

func (t *track) slot(seq int64) *held { return &t.ring[seq&int64(len(t.ring)-1)] }

// nominal is the time of a timestamp on the far end's clock, in ns.
func (t *track) nominal(timestamp int64) int64 {
	whole := floorDiv(timestamp, t.clock)
	return whole*int64(time.Second) + (timestamp-whole*t.clock)*int64(time.Second)/t.clock
}

// sequence and timestamp extend the fields of a packet.
func (t *track) sequence(s uint16) int64 {
	high := t.end - 1
	return high + int64(int16(s-uint16(high)))
}

func (t *track) timestamp(ts uint32) int64 {
	return t.newest + int64(int32(ts-t.newest0))
}

// reserve makes a place for a sequence number; nil: none, it is too old, or too far
// ahead.
func (t *track) reserve(seq int64) *held {
	early := seq < t.next
	if early && (t.settled || t.next != t.first) {
		return nil
	}
	next, end := min(t.next, seq), max(t.end, seq+1)
	if end-next > ringMost {
		return nil
	}
	if end-next > int64(len(t.ring)) {
		t.grow(end - next)
	}
	t.next, t.end = next, end
	t.peak = max(t.peak, end-next)
	if early {
		t.first = seq // out of order before anything was settled
	}
	return t.slot(seq)
}

// grow makes room for n packets.
func (t *track) grow(n int64) {
	size := int64(max(len(t.ring), ringFirst))
	for size < n {
		size *= 2
	}
	t.resize(size)
}

func (t *track) resize(size int64) {
	old := t.ring
	t.ring = make([]held, size)
	for seq := t.next; seq < t.end && len(old) > 0; seq++ {
		*t.slot(seq) = old[seq&int64(len(old)-1)]
	}
}

// shrink gives back, in the end, the room of a ring that a long hole made.
func (t *track) shrink() {
	most := max(t.peak, ringFirst)
	if int64(len(t.ring)) < 2*most {
		t.roomy, t.peak = 0, t.end-t.next
		return
	}
	if t.roomy++; t.roomy <= patience {
		return
	}
	size := int64(ringFirst)
	for size < most {
		size *= 2
	}
	t.resize(size)
	t.roomy, t.peak = 0, t.end-t.next
}

// release forgets the oldest packet.
func (t *track) release() {
	h := t.slot(t.next)
	if h.size > 0 {
		t.store.drop(h)
	}
	*h = held{}
	t.next++
}

// reset makes the track ready for another stretch; its memory stays.
func (t *track) reset() {
	t.main.release()
	t.ahead.release()
	t.store.live, t.store.bytes = 0, t.store.bytes[:0]
	clear(t.ring)
	*t = track{
		ring: t.ring, store: t.store,
		main:  pipe{past: t.main.past[:0]},
		ahead: pipe{past: t.ahead.past[:0]},
	}
}
