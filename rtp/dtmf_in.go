package rtp

import (
	"encoding/binary"
	"time"
)

// keys are the characters of the events 0 to 15 (RFC 4733 section 3.2). Flash (16)
// and other events are no keys.
const keys = "0123456789*#ABCD"

// digitTimeout ends a key whose end packets were all lost, in ns.
const digitTimeout = int64(500 * time.Millisecond)

// maxSegment is the longest duration that a packet can hold; longer keys continue
// in a new segment (RFC 4733 section 2.5.1.3).
const maxSegment = 0xffff

// maxMove is how far a timestamp that should stand still may move, in its units.
const maxMove = 480

// digitReceiver turns RFC 4733 packets into one report per key, however many of
// its packets came.
type digitReceiver struct {
	known    bool // a key was heard before
	open     bool // it was not reported yet
	expired  bool // it was reported because nothing came for a while, not for its end
	event    uint8
	start    uint32 // timestamp of the current segment
	moved    uint32 // timestamp of the last packet
	duration uint16 // of the current segment, in timestamp units
	before   uint32 // of the segments before
	last     int64  // mono ns of the last packet
}

// digit is a key that ended.
type digit struct {
	key   byte
	units uint32 // duration in timestamp units
}

// dtmfPacket is the payload of RFC 4733 section 2.3.
type dtmfPacket struct {
	event    uint8
	end      bool
	duration uint16
}

func parseDTMF(b []byte) (p dtmfPacket, ok bool) {
	if len(b) < 4 {
		return p, false
	}
	return dtmfPacket{event: b[0], end: b[1]&0x80 != 0, duration: binary.BigEndian.Uint16(b[2:])}, true
}

// take handles one packet; up to two keys end with it: one whose end was lost and
// the packet's own.
func (r *digitReceiver) take(p dtmfPacket, timestamp uint32, marker bool, now int64) (ended [2]digit, n int) {
	if int(p.event) >= len(keys) {
		return ended, 0
	}
	switch {
	case r.known && timestamp == r.start && p.event == r.event:
	case r.continues(p, timestamp):
		r.before += uint32(r.duration)
		r.start, r.duration = timestamp, 0
	case r.repeats(p, timestamp, marker):
	case r.stale(p, timestamp, now):
		return ended, 0
	default:
		if r.open {
			ended[n] = r.close()
			n++
		}
		*r = digitReceiver{known: true, open: true, event: p.event, start: timestamp}
	}
	r.last, r.moved = now, timestamp
	r.duration = max(r.duration, p.duration)
	if p.end && r.open {
		ended[n] = r.close()
		n++
	}
	return ended, n
}

// continues: the next segment of a key that is held longer than a segment. It may
// have been reported meanwhile, when its packets paused.
func (r *digitReceiver) continues(p dtmfPacket, timestamp uint32) bool {
	return (r.open || r.expired) && p.event == r.event &&
		timestamp-r.start == maxSegment && r.duration > maxSegment/2
}

// repeats: some senders move the timestamp with each packet of a key. It is the
// same key when it moved by less than the shortest key with its pause.
func (r *digitReceiver) repeats(p dtmfPacket, timestamp uint32, marker bool) bool {
	return r.known && !marker && p.event == r.event && p.duration >= r.duration &&
		(r.open || p.end) && timestamp-r.moved <= maxMove
}

// stale: a packet of an older key that came out of order. Another key at the same
// timestamp is none: some senders let it stand while they send no audio.
func (r *digitReceiver) stale(p dtmfPacket, timestamp uint32, now int64) bool {
	behind := int32(r.moved - timestamp)
	return r.known && (behind > 0 || behind == 0 && p.event == r.event) && now-r.last < int64(2*time.Second)
}

// expire ends a key of which nothing came for a while.
func (r *digitReceiver) expire(now int64) (digit, bool) {
	if !r.open || now-r.last < digitTimeout {
		return digit{}, false
	}
	r.expired = true
	return r.close(), true
}

func (r *digitReceiver) close() digit {
	r.open = false
	return digit{key: keys[r.event], units: r.before + uint32(r.duration)}
}
