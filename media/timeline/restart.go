package timeline

import (
	"math"
	"time"
)

// doubt keeps packets that do not belong to the stream as it was, until several in
// sequence say that it changed.
type doubt struct {
	n       int
	packets []Packet
}

const (
	believed = 3 // packets in sequence
	burst    = 8 // packets that tell what was held up from what paused
)

// believe forgets strays: the stream goes on as it was.
func (l *Line) believe() {
	if l.doubt.n > 0 {
		l.stats.Stray += uint64(l.doubt.n)
		l.doubt.n = 0
	}
}

// distrust takes a packet that does not belong to the track.
func (l *Line) distrust(p *Packet, k *coding, arrival int64) {
	t, d := l.now, &l.doubt
	if seq := t.sequence(p.Sequence); p.SSRC == t.ssrc && seq < t.end && int64(k.codec.ClockRate) == t.clock && t.end-seq < ringMost {
		l.stats.Stray++
		return
	}
	if d.n > 0 && !follows(&d.packets[d.n-1], p, k, arrival) {
		l.believe()
	}
	d.keep(p, arrival)
	if d.n < l.need(p, k) {
		return
	}
	l.change(k)
}

// need is how many packets prove a change: one is enough from the same source at the
// same place of the sequence, when its codec changed; where the stream goes on, but
// late, more tell why.
func (l *Line) need(p *Packet, k *coding) int {
	t := l.now
	ahead := t.sequence(p.Sequence) - t.end
	if l.o.Ours || (p.SSRC == t.ssrc && int64(k.codec.ClockRate) != t.clock && ahead > -100 && ahead < 3000) {
		return 1
	}
	if l.resumes(t, &l.doubt.packets[0], k) {
		return burst
	}
	return believed
}

// resumes tells whether a packet goes on where the track ended, but for the time.
func (l *Line) resumes(t *track, p *Packet, k *coding) bool {
	if p.SSRC != t.ssrc || int64(k.codec.ClockRate) != t.clock {
		return false
	}
	ahead, step := t.sequence(p.Sequence)-t.end, t.timestamp(p.Timestamp)-t.newest
	return ahead >= 0 && ahead <= 100 && step > 0 && step <= (ahead+2)*2*max(t.units, 1)
}

// decide ends doubts about packets that no others follow.
func (l *Line) decide() {
	d := &l.doubt
	if d.n < believed || l.time()-int64(d.packets[d.n-1].Arrival) < lateMost {
		return
	}
	if k := l.coding(d.packets[0].PayloadType); k != nil && k.usable() {
		l.change(k)
	}
}

// follows tells whether a packet belongs to the same stream as another one: near it, in
// any order.
func follows(last, p *Packet, k *coding, arrival int64) bool {
	ahead := int64(int16(p.Sequence - last.Sequence))
	if last.SSRC != p.SSRC || last.PayloadType != p.PayloadType || ahead == 0 || ahead > 16 || ahead < -16 {
		return false
	}
	step := int64(int32(p.Timestamp-last.Timestamp)) * 1e9 / int64(k.codec.ClockRate)
	off := arrival - int64(last.Arrival) - step
	return step != 0 && step > 0 == (ahead > 0) && off > -lateMost*4 && off < lateMost
}

func (d *doubt) keep(p *Packet, arrival int64) {
	if d.n == len(d.packets) {
		d.packets = append(d.packets, Packet{})
	}
	kept := &d.packets[d.n]
	payload := append(kept.Payload[:0], p.Payload...)
	*kept = *p
	kept.Payload = payload
	kept.Arrival = time.Duration(arrival)
	d.n++
}

// change believes what was doubted.
func (l *Line) change(k *coding) {
	d, t := &l.doubt, l.now
	first, last := &d.packets[0], &d.packets[d.n-1]
	if l.isBurst(t, first, last, k) {
		t.stalled, t.stall = true, int64(first.Arrival)
		t.stallBehind = l.behind(t, t.timestamp(first.Timestamp), t.stall)
	} else {
		reason := Jump
		if t.ssrc == first.SSRC && int64(first.Arrival)-t.last > int64(longPause) {
			reason = Silent
		}
		l.stats.Restarts++
		l.restart(first, k, int64(first.Arrival), reason)
	}
	for i := range d.n {
		l.hold(l.now, &d.packets[i], k, int64(d.packets[i].Arrival))
	}
	d.n = 0
}

// isBurst tells packets that were held up on their way, and now come faster than they
// were sent, from a stream whose timestamps stood still.
func (l *Line) isBurst(t *track, first, last *Packet, k *coding) bool {
	if l.o.Ours || !l.resumes(t, first, k) {
		return false
	}
	sent := int64(int32(last.Timestamp-first.Timestamp)) * 1e9 / t.clock
	return int64(last.Arrival-first.Arrival)*3 < sent
}

// fresh returns a track for what begins now, and lets the present one wait for what
// may come late.
func (l *Line) fresh() *track {
	if l.old != nil {
		l.abandon(l.old)
	}
	l.old = l.now
	t := l.spare
	if l.spare = nil; t == nil {
		t = &track{}
	}
	t.reset()
	t.least = math.MaxInt64
	return t
}

// abandon gives up a track that still waited.
func (l *Line) abandon(t *track) {
	for seq := t.next; seq < t.end; seq++ {
		if h := t.slot(seq); h.kind == audio && !h.given {
			l.stats.Dropped++
		}
	}
	t.reset()
	l.spare = t
	l.old = nil
}

// restart begins a track whose timestamps have nothing to do with those before.
func (l *Line) restart(p *Packet, k *coding, arrival int64, reason string) {
	before := l.now
	t := l.fresh()
	t.ssrc, t.clock, t.reason = p.SSRC, int64(k.codec.ClockRate), reason
	t.newest0 = p.Timestamp
	t.first = int64(p.Sequence) + 1<<16
	if before != nil {
		if seq := before.sequence(p.Sequence); before.ssrc == t.ssrc && seq >= before.next && seq-before.end < 3000 {
			t.first, t.joined = seq, true
		}
		t.drift.slope, t.drift.seen = before.drift.slope, before.drift.seen
	}
	t.next, t.end = t.first, t.first
	t.began, t.last = arrival, arrival
	t.m = mapping{out: l.rate, clock: t.clock}
	t.provisional = !l.o.Ours
	t.least, t.base = arrival, arrival
	l.now = t
	if l.anchor.set {
		l.Anchor(l.anchor.timestamp, l.anchor.at)
	}
}

// succeed begins a track that goes on with the timestamps of the one before, behind a
// long pause or loss: in silence it may move at once to where its clock has drifted.
func (l *Line) succeed(seq, timestamp, arrival int64) {
	before := l.now
	if !before.anchored || before.provisional {
		return // nobody knows yet where it lies
	}
	t := l.fresh()
	t.ssrc, t.clock, t.units = before.ssrc, before.clock, before.units
	t.newest, t.newest0 = before.newest, before.newest0
	t.first, t.start, t.joined, t.succeeds = seq, timestamp, true, true
	t.next, t.end = seq, seq
	t.began, t.last = arrival, arrival
	t.silence = arrival - before.last
	t.m, t.drift = before.m, before.drift
	t.m.at, t.m.by = t.m.at+t.m.by, 0
	t.anchored, t.provisional = true, !l.o.Ours
	if l.o.Ours {
		t.least = before.least
	}
	l.now = t
	if off := l.off(t, arrival); !l.o.Ours && (off > driftDeadZone || off < -driftDeadZone) {
		t.m.at += l.samples(off)
	}
}
