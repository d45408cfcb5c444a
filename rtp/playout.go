package rtp

import (
	"time"

	"rms/media"
)

// read hands out the next packet, or says why there is none. now is the tick's
// time.
func (j *jitter) read(f *media.Frame, pool *slotPool, now int64) media.Read {
	j.lead = 0
	if f.Samples > 0 {
		j.lead = j.tickLen - min(uint32(f.Samples), j.tickLen)
	}
	f.Payload, f.Samples, f.Marker, f.Lost, f.Pace = nil, 0, false, false, 0
	if j.lent != nil {
		pool.put(j.lent)
		j.lent = nil
	}
	if !j.begun {
		return media.ReadNone
	}
	for j.next != j.end {
		h := j.at(j.next)
		switch h.kind {
		case heldAudio:
			if r, done := j.readAudio(h, f, pool, now); done {
				return r
			}
		case heldNothing:
			if r, done := j.readHole(f, now); done {
				return r
			}
		default:
			if j.readOther(h, f) {
				return media.ReadPacket
			}
		}
	}
	return j.readNothing(f)
}

// readOther moves past a packet without audio; true when the reader gets it.
func (j *jitter) readOther(h *held, f *media.Frame) bool {
	j.silent = j.silent || h.kind == heldSilence
	j.move(1)
	s := h.slot
	if s != nil {
		f.Payload, f.Timestamp, f.PayloadType = s.payload(), h.timestamp, h.payloadType
		j.lent = s
	}
	*h = held{}
	return s != nil
}

// delay is how long after the fastest packet a sample read now will be heard.
func (j *jitter) delay(timestamp uint32, now int64) int64 {
	return now + j.length(j.lead) - j.line.due(timestamp)
}

// target is the delay that the jitter asks for, within the limits.
func (j *jitter) target() int64 { return min(max(j.line.target, j.low), j.high) }

// readAudio looks at the packet whose turn it is; done is false when it was left
// out and the next one counts.
func (j *jitter) readAudio(h *held, f *media.Frame, pool *slotPool, now int64) (media.Read, bool) {
	delay := j.delay(h.timestamp, now)
	if delay > j.high+j.tickTime {
		j.tooOld(h, pool)
		return 0, false
	}
	gap := int32(h.timestamp - j.position)
	if j.playing && gap > 0 && !j.explained(uint32(gap)) {
		j.playing = false // a pause of the far end
	}
	if !j.playing {
		if delay < j.target()-j.tickTime/2 {
			return media.ReadNone, true
		}
		j.begin(h.timestamp)
		gap = 0
	}
	if gap < 0 && j.fromBefore(h, uint32(-gap), pool) {
		return 0, false
	}
	if j.skipped && j.leftOut(h, delay, pool) {
		return 0, false
	}
	pace := j.adapt(h.units, delay)
	j.give(h, f)
	f.Pace = pace
	j.count.delay.Store(delay)
	j.count.target.Store(j.target())
	return media.ReadPacket, true
}

// leftOut drops a packet whose time lay in ticks that the clock gave up. Our own
// stream has a hole there, so nobody hears it.
func (j *jitter) leftOut(h *held, delay int64, pool *slotPool) bool {
	if delay-j.length(h.units) < j.target() {
		j.skipped = false
		return false
	}
	j.count.late.Add(1)
	j.position = h.timestamp + h.units
	j.move(1)
	j.drop(h, pool)
	return true
}

// length is how long units take, in ns.
func (j *jitter) length(units uint32) int64 { return int64(units) * int64(time.Second) / int64(j.rate) }

// tooOld drops a packet that would be heard too late. When the newest come as late,
// the network's delay has changed: the line moves there, and nothing is dropped.
func (j *jitter) tooOld(h *held, pool *slotPool) {
	if j.old++; j.old > oldMost && j.line.behind() > j.high {
		j.old = 0
		j.line.settle()
		j.playing = false
		return
	}
	j.count.late.Add(1)
	j.position = h.timestamp + h.units
	j.move(1)
	j.drop(h, pool)
}

// explained reports whether what was concealed already fills a gap before the next
// packet.
func (j *jitter) explained(gap uint32) bool {
	if gap > j.hidden {
		return false
	}
	j.position += gap
	return true
}

func (j *jitter) begin(timestamp uint32) {
	j.playing, j.silent, j.fresh = true, false, false
	j.position = timestamp
	j.hidden, j.off = 0, 0
}

// fromBefore drops a packet whose samples were played already; when that goes on,
// the far end's timestamps went back and the packet is played.
func (j *jitter) fromBefore(h *held, behind uint32, pool *slotPool) bool {
	if behind < h.units {
		return false // overlaps: better twice than a hole
	}
	if j.past++; j.past > oldMost {
		j.past = 0
		return false
	}
	j.count.late.Add(1)
	j.move(1)
	j.drop(h, pool)
	return true
}

func (j *jitter) give(h *held, f *media.Frame) {
	f.Payload = h.slot.payload()
	f.Timestamp, f.Marker, f.Samples = h.timestamp, h.marker, int(h.units)
	if !j.told {
		j.told, j.head = true, h.timestamp-j.lead
	}
	j.lent = h.slot
	*h = held{}
	j.move(1)
	j.position = f.Timestamp + uint32(f.Samples)
	j.units = uint32(f.Samples)
	j.hidden, j.old, j.past = 0, 0, 0
	j.silent = false
}

// readHole decides on a missing packet with others behind it.
func (j *jitter) readHole(f *media.Frame, now int64) (media.Read, bool) {
	first, missing := j.following()
	if first.kind != heldAudio {
		j.move(missing) // unknown length: the packet behind tells
		return 0, false
	}
	hole := int32(first.timestamp - j.position)
	if !j.playing || hole <= 0 {
		j.move(missing)
		return 0, false
	}
	if j.hidden < concealMost*j.units && j.short(now) {
		j.hidden += j.units
		return j.lost(f, j.units), true // it may still come; if not, this covers it
	}
	covered := min(j.hidden, uint32(hole))
	j.hidden -= covered
	j.position += covered
	if hole -= int32(covered); hole == 0 {
		j.move(missing)
		return 0, false
	}
	each := min(max(uint32(hole)/missing, 1), uint32(hole))
	if missing > concealMost || each > 4*max(j.units, j.ptime) {
		j.move(missing)
		j.playing = false // too much to conceal: silence until its time
		return 0, false
	}
	j.position += each
	j.move(1)
	return j.lost(f, each), true
}

// short reports whether the delay is too short for the jitter, so that a packet
// that is missing is likely to be late.
func (j *jitter) short(now int64) bool {
	return j.units > 0 && j.delay(j.position, now) < min(j.line.target, j.high)
}

// following returns the first packet behind a hole and the hole's length; the
// packet before end is always there.
func (j *jitter) following() (*held, uint32) {
	missing := uint32(1)
	for j.at(j.next+missing).kind == heldNothing && j.next+missing != j.end {
		missing++
	}
	return j.at(j.next + missing), missing
}

// move goes on by n packets, and there is no way back.
func (j *jitter) move(n uint32) {
	j.next += n
	j.fresh = false
}

// readNothing decides on an empty buffer: the next packet is late, or the far end
// is silent.
func (j *jitter) readNothing(f *media.Frame) media.Read {
	if !j.playing || j.silent || j.units == 0 || j.hidden >= concealMost*j.units {
		j.playing = false
		return media.ReadNone
	}
	j.hidden += j.units
	return j.lost(f, j.units)
}

func (j *jitter) lost(f *media.Frame, units uint32) media.Read {
	f.Lost, f.Samples, f.Timestamp = true, int(units), j.position
	return media.ReadLost
}
