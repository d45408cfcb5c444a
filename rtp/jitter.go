package rtp

import "time"

// ringPackets bounds what a jitter buffer holds: 200 ms in packets of 10 ms, and a
// burst. firstRing is what it begins with: most calls never hold more. Both are
// powers of two.
const (
	ringPackets = 64
	firstRing   = 8
)

const (
	concealMost = 3 // packets concealed in a row before silence
	oldMost     = 5 // packets in a row that are too old before their delay is taken as given
)

// jitter is the jitter buffer of one session. It orders packets, holds them until
// their time, and tells loss from silence. It holds slots only while packets wait.
//
// Playing, the next packet is handed out when the reader wants samples. A late one
// is concealed without moving on, so the delay grows by just what was missing; a
// delay off its target is corrected by asking the decoder for a little less or more
// audio from a packet, where it is not heard.
type jitter struct {
	lent     *slot // what the reader looks at
	begun    bool  // next and end are set
	fresh    bool  // nothing was played since
	playing  bool
	silent   bool   // the far end said so: comfort noise
	skipped  bool   // the clock gave up ticks: what would have been heard then is left out
	told     bool   // head is of this tick
	lead     uint32 // units that the reader has for this tick already
	head     uint32 // timestamp of what is heard at the beginning of this tick
	tickLen  uint32
	next     uint32 // extended sequence to be played
	end      uint32 // one past the highest that came
	position uint32
	ring     []held // nil until something came; a power of two, at least end-next
	units    uint32 // of the last packet
	hidden   uint32 // units concealed at position without moving on
	old      int32  // packets in a row that were too old
	past     int32  // packets in a row from before the position
	off      int32  // packets in a row with too much (+) or too little (-) delay
	ptime    uint32

	line     delayLine
	rate     int
	perUnit  int // bits per unit; 0 = not known from the size
	tickTime int64
	low      int64 // limits of the delay, ns
	high     int64
	encoding string
	count    *counters
}

// held is one packet in the ring.
type held struct {
	slot      *slot // nil for what is no audio
	timestamp uint32
	units     uint32
	kind      heldKind
	marker    bool

	payloadType uint8 // of comfort noise
}

type heldKind uint8

const (
	heldNothing heldKind = iota
	heldAudio
	heldSilence // comfort noise, digits: the far end sends no audio meanwhile
	heldOther   // not lost, but of no use
)

func (j *jitter) configure(c *Config, tick time.Duration) {
	j.rate = c.Codec.ClockRate
	j.perUnit = c.Codec.Bits * max(c.Codec.Channels, 1)
	j.tickLen, j.tickTime = unitsOf(tick, j.rate), int64(tick)
	j.ptime = unitsOf(20*time.Millisecond, j.rate)
	j.low, j.high = int64(c.JitterMin), int64(c.JitterMax)
	j.encoding = c.Codec.Encoding()
	if j.line.rate != int64(j.rate) {
		j.line.reset(j.rate)
	}
}

// reset empties the buffer for a new stream.
func (j *jitter) reset(pool *slotPool) {
	j.clear(pool)
	j.begun, j.playing, j.silent, j.skipped = false, false, false, false
	j.hidden, j.lead, j.old, j.past, j.off, j.units = 0, 0, 0, 0, 0, 0
	j.line.reset(j.rate)
}

func (j *jitter) clear(pool *slotPool) {
	for i := range j.ring {
		j.drop(&j.ring[i], pool)
	}
}

func (j *jitter) drop(h *held, pool *slotPool) {
	if h.slot != nil {
		pool.put(h.slot)
	}
	*h = held{}
}

// forget lets everything go without a pool, off the shard.
func (j *jitter) forget() { j.ring, j.lent, j.begun, j.playing = nil, nil, false, false }

// skip is told of ticks that the clock gave up.
func (j *jitter) skip() { j.skipped = j.playing }

// push takes a packet of audio.
func (j *jitter) push(p *Packet, sequence uint32, arrival int64, pool *slotPool) {
	if len(p.Payload) == 0 {
		j.pass(sequence, false, pool)
		return
	}
	newest := !j.begun || int32(sequence-j.end) >= 0
	switch j.line.observe(p.Timestamp, arrival, newest) {
	case lineJumped:
		j.count.resyncs.Add(1)
		j.clear(pool)
		j.begun, j.playing = false, false
	case linePaused:
		j.playing = false
	}
	h := j.place(sequence, pool)
	if h == nil {
		return
	}
	*h = held{
		slot: pool.get(p.Payload), timestamp: p.Timestamp,
		units: j.unitsIn(p.Payload), kind: heldAudio, marker: p.Marker,
	}
}

func (j *jitter) unitsIn(payload []byte) uint32 {
	if j.perUnit > 0 {
		return uint32(len(payload) * 8 / j.perUnit)
	}
	if j.units > 0 {
		return j.units
	}
	return j.ptime
}

// pass takes the place of a packet that holds no audio, so that it is not missed.
func (j *jitter) pass(sequence uint32, silence bool, pool *slotPool) {
	if !j.begun {
		return // no audio came yet
	}
	h := j.place(sequence, pool)
	if h == nil {
		return
	}
	*h = held{kind: heldOther}
	if silence {
		h.kind = heldSilence
	}
}

// noise takes a packet of comfort noise (RFC 3389) for the reader.
func (j *jitter) noise(p *Packet, sequence uint32, pool *slotPool) {
	if !j.begun || len(p.Payload) == 0 {
		return // nothing was heard that it follows
	}
	if h := j.place(sequence, pool); h != nil {
		*h = held{kind: heldSilence, slot: pool.get(p.Payload), timestamp: p.Timestamp, payloadType: p.PayloadType}
	}
}

// place finds the place of a sequence number; nil: it is late or a duplicate.
func (j *jitter) place(sequence uint32, pool *slotPool) *held {
	if !j.begun {
		j.begun, j.fresh, j.next, j.end = true, true, sequence, sequence
	}
	if int32(sequence-j.next) < 0 {
		if !j.fresh || j.end-sequence > ringPackets {
			j.count.late.Add(1)
			return nil
		}
		j.next = sequence // out of order before anything was played
	}
	if sequence-j.next >= ringPackets {
		j.advance(sequence, pool)
	}
	end := j.end
	if int32(sequence+1-end) > 0 {
		end = sequence + 1
	}
	if end-j.next > uint32(len(j.ring)) {
		j.grow(end - j.next)
	}
	h := j.at(sequence)
	if h.kind != heldNothing {
		j.count.duplicate.Add(1)
		return nil
	}
	j.end = end
	return h
}

// at returns the place of a sequence number between next and end.
func (j *jitter) at(sequence uint32) *held { return &j.ring[sequence&uint32(len(j.ring)-1)] }

// grow makes the ring long enough for n packets, at most ringPackets.
func (j *jitter) grow(n uint32) {
	size := max(len(j.ring), firstRing)
	for size < int(n) {
		size *= 2
	}
	old, mask := j.ring, uint32(len(j.ring)-1)
	j.ring = make([]held, size)
	if len(old) == 0 {
		return
	}
	for sequence := j.next; sequence != j.end; sequence++ {
		*j.at(sequence) = old[sequence&mask]
	}
}

// advance makes room for a sequence number far ahead: the oldest packets go.
func (j *jitter) advance(sequence uint32, pool *slotPool) {
	for j.next != sequence-ringPackets+1 {
		if j.end == j.next { // nothing is held: a long loss
			j.next, j.end = sequence, sequence
			break
		}
		h := j.at(j.next)
		if h.kind == heldAudio {
			j.count.late.Add(1)
		}
		j.drop(h, pool)
		j.next++
	}
	j.playing, j.fresh = false, false
}
