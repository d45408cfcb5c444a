package timeline

import "time"

const (
	earlyMost = -int64(300 * time.Millisecond) // before the line: the timestamps jumped
	lateMost  = int64(500 * time.Millisecond)  // behind it: a stall, or they stood still
	staleMost = int64(10 * time.Second)        // behind it, of an old packet
	longPause = 10 * time.Second               // in the timestamps: the track is begun anew
)

// Write takes a packet, in the order of arrival. It keeps nothing of p.
func (l *Line) Write(p *Packet) {
	arrival := max(-mostTime, min(int64(p.Arrival), mostTime))
	l.clock = max(l.clock, arrival)
	k := l.coding(p.PayloadType)
	switch {
	case k == nil && p.PayloadType == comfortNoise, k != nil && k.silent:
		l.pass(p, arrival, quiet)
		return
	case k == nil || !k.usable():
		l.stats.Unknown++
		l.pass(p, arrival, other)
		return
	case len(p.Payload) == 0:
		l.pass(p, arrival, other)
		return
	}
	l.stats.Packets++
	if len(p.Payload) > packetMax {
		l.stats.Dropped++
		return
	}
	if l.now == nil {
		l.restart(p, k, arrival, "")
	}
	switch {
	case l.fits(l.now, p, k, arrival):
		l.goOn(p, k, arrival)
	case l.old != nil && l.fits(l.old, p, k, arrival):
		l.hold(l.old, p, k, arrival)
	default:
		l.distrust(p, k, arrival)
	}
}

// pass takes the place of a packet without audio, so that it is not missed.
func (l *Line) pass(p *Packet, arrival int64, what kind) {
	t := l.now
	if t == nil || p.SSRC != t.ssrc {
		return
	}
	seq := t.sequence(p.Sequence)
	if seq < t.next || seq-t.end > 64 {
		return
	}
	if h := t.reserve(seq); h != nil && h.kind == nothing {
		*h = held{kind: what, arrival: arrival}
	}
}

// fits tells whether a packet belongs to a track.
func (l *Line) fits(t *track, p *Packet, k *coding, arrival int64) bool {
	if p.SSRC != t.ssrc || int64(k.codec.ClockRate) != t.clock {
		return false
	}
	seq, timestamp := t.sequence(p.Sequence), t.timestamp(p.Timestamp)
	behind := l.behind(t, timestamp, arrival)
	if t == l.old && seq >= t.end && (!l.now.joined || seq >= l.now.first) {
		return false
	}
	if t.succeeds && seq < t.first && timestamp < t.start-t.clock {
		return false // it belongs to the one before
	}
	switch {
	case behind < earlyMost:
		return false
	case seq < t.end:
		return behind < staleMost
	case seq-t.end > 100 && (timestamp-t.newest)*2 < (seq-t.end)*max(t.units, 1):
		return false // its sequence number has nothing to do with its timestamp
	case t.stalled:
		caughtUp := (t.stallBehind - behind) * 2
		return seq-t.end < 100 && caughtUp > arrival-t.stall-lateMost
	}
	return behind < lateMost
}

// behind is how much longer than the fastest ones a packet was under way.
func (l *Line) behind(t *track, timestamp, arrival int64) int64 {
	transit := arrival - t.nominal(timestamp)
	if l.o.Ours || (t.provisional && !t.succeeds) {
		return transit - t.least
	}
	return transit - t.drift.at(arrival)
}

// goOn takes a packet of the present track.
func (l *Line) goOn(p *Packet, k *coding, arrival int64) {
	t := l.now
	seq, timestamp := t.sequence(p.Sequence), t.timestamp(p.Timestamp)
	if seq >= t.end {
		l.believe()
		pause := timestamp - t.newest - t.units
		if seq-t.next >= ringMost || pause >= int64(longPause/time.Second)*t.clock {
			l.succeed(seq, timestamp, arrival)
		}
	}
	l.hold(l.now, p, k, arrival)
}

// hold keeps a packet in a track until it is settled.
func (l *Line) hold(t *track, p *Packet, k *coding, arrival int64) {
	seq, timestamp := t.sequence(p.Sequence), t.timestamp(p.Timestamp)
	newest := seq >= t.end
	h := t.reserve(seq)
	switch {
	case h == nil:
		l.stats.Late++
		return
	case h.kind != nothing:
		l.stats.Duplicates++
		return
	}
	units := k.units(len(p.Payload))
	if units == 0 {
		units = max(t.units, t.clock/1000)
	}
	t.units = units
	if newest {
		t.newest, t.newest0 = timestamp, p.Timestamp
	}
	if t == l.now {
		l.learn(t, timestamp, arrival)
	}
	t.store.limit = max(t.store.limit, int((l.window+2*int64(time.Second))/int64(time.Millisecond))*k.bytesPerSecond()/1000+2*packetMax)
	at, ok := t.store.put(p.Payload)
	if !ok {
		l.stats.Dropped++
		*h = held{kind: other, arrival: arrival}
		return
	}
	*h = held{
		timestamp: timestamp, arrival: arrival, at: at, size: int32(len(p.Payload)),
		units: int32(min(units, 1<<20)), kind: audio, coding: k,
	}
}
