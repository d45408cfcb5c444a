package timeline

import "time"

const (
	anchorWait   = int64(300 * time.Millisecond)
	anchorEarly  = int64(15 * time.Millisecond) // before the nominal place that is believed: half a tick, and a late one
	anchorLate   = int64(25 * time.Millisecond) // behind it
	anchorAbsurd = int64(5 * time.Second)
	trial        = int64(time.Second)
	trialDoubt   = 200 * time.Microsecond
	trialMost    = int64(2500 * time.Millisecond) // when jitter leaves doubt
	trialLongest = int64(4 * time.Second)         // when few packets come
	trialPackets = 50
	trialStep    = int64(250 * time.Microsecond) // that is not worth placing anew
	resumeStep   = int64(7 * time.Millisecond)   // that a pause is not blamed for
)

// Anchor says that the sample with this timestamp is at this position of the time
// line: a jitter buffer read it there. Only the first one after a start or restart of
// the stream counts.
func (l *Line) Anchor(timestamp uint32, at int64) {
	t := l.now
	if t == nil {
		l.anchor = anchor{timestamp: timestamp, at: at, set: true}
		return
	}
	l.anchor.set = false
	if t.anchored || at < -mostPosition || at > mostPosition {
		return
	}
	m := t.m
	m.at = 0
	m.at = at - m.position(t.timestamp(timestamp))
	if off := l.ns(m.at) - t.least - l.lag; off < -anchorAbsurd || off > anchorAbsurd {
		return // of another stream
	}
	t.m, t.anchored, t.byAnchor = m, true, true
}

// anchorByArrival places a track that no jitter buffer reads.
func (l *Line) anchorByArrival(t *track, all bool) bool {
	if !all && l.time()-t.began < anchorWait {
		return false
	}
	t.m.at = l.samples(t.least + l.lag)
	t.anchored = true
	return true
}

// learn takes a packet's time under way.
func (l *Line) learn(t *track, timestamp, arrival int64) {
	transit := arrival - t.nominal(timestamp)
	if t.stalled && l.behind(t, timestamp, arrival) < lateMost {
		t.stalled = false
	}
	t.last = max(t.last, arrival)
	switch {
	case l.o.Ours || t.stalled:
	case t.provisional:
		if t.packets == 0 && t.succeeds {
			t.base = transit
		}
		t.packets++
		t.least = min(t.least, transit)
		t.sum += transit - t.base
	case t.drift.observe(transit, arrival):
		l.follow(t, arrival)
	}
}

// spread is how much slower than the fastest packet those of the trial were, on
// average.
func (t *track) spread() float64 {
	return float64(t.sum)/float64(max(t.packets, 1)) + float64(t.base-t.least)
}

// tried tells whether enough is known to say where the track lies.
func (l *Line) tried(t *track) bool {
	age := l.time() - t.began
	switch {
	case age < trial || age >= trialLongest:
		return age >= trial
	case t.packets < trialPackets*9/10:
		return false
	}
	return age >= trialMost || luck(t.spread(), t.packets) < float64(trialDoubt)
}

// confirm ends the time in which a track may be placed anew.
func (l *Line) confirm(t *track, w *work) {
	t.provisional = false
	now := max(t.last, t.began)
	low := t.least - int64(luck(t.spread(), max(t.packets, 1)))
	if t.packets == 0 {
		low = l.ns(t.m.at) - l.lag
	}
	if t.succeeds {
		l.resume(t, low, now)
	} else {
		t.drift.start(low, now)
	}
	first := !l.lagKnown
	l.lagKnown = true
	if t.byAnchor && first {
		lag := l.ns(t.m.at) - t.least
		if lag >= l.delay-anchorEarly && lag <= l.delay+anchorLate {
			l.lag, t.learning = lag, true
			return
		}
		l.lag = l.delay
	}
	t.byAnchor = false
	if off := l.off(t, now); off > trialStep || off < -trialStep {
		l.move(t, w, l.samples(off))
	}
}

// resume learns what happened in the silence before a track: the clocks went on, or
// the network became another one.
func (l *Line) resume(t *track, low, now int64) {
	if t.packets == 0 {
		return
	}
	d := &t.drift
	behind := low - d.at(now)
	if limit := resumeStep + t.silence/4000; behind > limit || behind < -limit {
		l.lag -= behind
		d.low += float64(behind)
		d.open(now)
		return
	}
	d.least, d.leastAt, d.silence = float64(behind), now, t.silence
	d.correct()
	if t.silence > 6*driftWindow {
		d.low, d.since = float64(low), now
	}
	d.open(now)
}

// off is how far behind its place a track lies before where it should, in ns.
func (l *Line) off(t *track, now int64) int64 {
	return t.drift.at(now) + l.lag - l.ns(t.m.at+t.m.by)
}

// move places a provisional track anew.
func (l *Line) move(t *track, w *work, by int64) {
	t.main.live, t.ahead.live = false, false
	t.ahead.seq = -1
	for seq := t.next; seq < t.end; seq++ {
		if h := t.slot(seq); h.given {
			w.silence(t.m.position(h.timestamp), t.m.position(h.timestamp+int64(h.units)))
			h.given, h.exact = false, false
		}
	}
	t.m.at += by
	t.to = 0
}

// follow ends a window of the drift, and slews when the track is off its place.
func (l *Line) follow(t *track, now int64) {
	l.lag -= t.drift.close(now)
	if t.learning {
		t.learning = false
		l.lag = l.ns(t.m.at+t.m.by) - t.drift.at(now)
		return
	}
	off, dead := l.off(t, now), t.drift.deadZone()
	if t.m.by != 0 || (off <= dead && off >= -dead) {
		return
	}
	if by := max(-l.rate/10, min(l.samples(off), l.rate/10)); by != 0 {
		t.m.slew(max(t.main.n, t.to), by)
	}
}
