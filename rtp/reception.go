package rtp

import "time"

// Limits of a jump in the sequence (RFC 3550 appendix A.1).
const (
	maxDropout  = 3000 // forward, taken as loss
	maxMisorder = 100  // backward, taken as reordering
)

// verdict says what a packet's sequence number means.
type verdict uint8

const (
	inSequence  verdict = iota // use it: new, or out of order
	onProbation                // a jump, or a strange SSRC: wait for the next one
	restarted                  // a new stream began with this packet
)

// reception follows the sequence of the far end's stream and measures it as the
// appendix of RFC 3550 says (A.1, A.3, A.8).
type reception struct {
	started  bool
	ssrc     uint32
	cycles   uint32 // shifted count of sequence wraps
	maxSeq   uint16
	badSeq   uint32 // the next in sequence after a jump; noSeq = none
	first    uint32 // extended sequence that the stream began with
	received uint32

	other    uint32 // an SSRC on probation
	otherSeq uint16 // its next in sequence
	others   bool

	transit int64 // of the last packet, in timestamp units
	jitter  int64 // scaled by 16, in timestamp units
	timed   bool

	priorExpected, priorReceived uint32
}

const noSeq = 1 << 16

// take judges a packet and returns its extended sequence number.
func (r *reception) take(p *Packet) (uint32, verdict) {
	switch {
	case !r.started:
		r.begin(p)
		return r.first, restarted
	case p.SSRC != r.ssrc:
		return r.takeOther(p)
	}
	r.others = false // the old stream lives
	delta := p.Sequence - r.maxSeq
	switch {
	case delta < maxDropout:
		if p.Sequence < r.maxSeq {
			r.cycles += 1 << 16
		}
		r.maxSeq = p.Sequence
	case delta <= 0xffff-maxMisorder:
		if uint32(p.Sequence) == r.badSeq {
			r.begin(p)
			return r.first, restarted
		}
		r.badSeq = uint32(p.Sequence + 1)
		return 0, onProbation
	}
	r.badSeq = noSeq
	r.received++
	return r.highest() - uint32(r.maxSeq-p.Sequence), inSequence
}

// takeOther lets a new SSRC in with its second packet in sequence, unless the old
// stream goes on.
func (r *reception) takeOther(p *Packet) (uint32, verdict) {
	if r.others && r.other == p.SSRC && r.otherSeq == p.Sequence {
		r.begin(p)
		return r.first, restarted
	}
	r.others, r.other, r.otherSeq = true, p.SSRC, p.Sequence+1
	return 0, onProbation
}

// begin starts the stream anew. The sequence gets a cycle's head start, so that
// packets from before the first have a number too.
func (r *reception) begin(p *Packet) {
	*r = reception{started: true, ssrc: p.SSRC, maxSeq: p.Sequence, badSeq: noSeq, cycles: 1 << 16, received: 1}
	r.first = r.highest()
}

func (r *reception) highest() uint32 { return r.cycles + uint32(r.maxSeq) }

// measure updates the interarrival jitter (A.8). arrival is in ns.
func (r *reception) measure(arrival int64, timestamp uint32, rate int) {
	at := arrival/int64(time.Second)*int64(rate) + arrival%int64(time.Second)*int64(rate)/int64(time.Second)
	transit := int64(int32(uint32(at) - timestamp))
	d := transit - r.transit
	r.transit = transit
	if !r.timed {
		r.timed = true
		return
	}
	d = int64(int32(uint32(d)))
	if d < 0 {
		d = -d
	}
	r.jitter += d - (r.jitter+8)>>4
}

func (r *reception) expected() uint32 { return r.highest() - r.first + 1 }

// lost is the cumulative number of packets lost (A.3).
func (r *reception) lost() int64 { return int64(r.expected()) - int64(r.received) }

// fraction returns the share lost since the last report, in 1/256.
func (r *reception) fraction() uint8 {
	expected, received := r.expected()-r.priorExpected, r.received-r.priorReceived
	r.priorExpected, r.priorReceived = r.expected(), r.received
	if expected == 0 || received >= expected {
		return 0
	}
	return uint8(min(uint64(expected-received)<<8/uint64(expected), 255))
}
