package timeline

// Take gives out what begins before the position until, which is the time line's now.
// What comes late is given out by a later Take, at its older position. Packets are
// given out whole.
func (l *Line) Take(until int64, s Sink) { l.take(until, s, false) }

// Finish gives out everything, and waits for nothing more.
func (l *Line) Finish(until int64, s Sink) {
	l.believe()
	l.take(until, s, true)
}

func (l *Line) take(until int64, s Sink, all bool) {
	l.until = max(l.until, max(-mostPosition, min(until, mostPosition)))
	l.decide()
	w := works.Get().(*work)
	w.sink, w.least = s, l.floor
	if l.old != nil {
		l.turn(l.old, w, all)
		if l.drained(all) {
			l.handOver()
		}
	}
	if l.now != nil {
		l.turn(l.now, w, all)
	}
	w.flush()
	w.sink = nil
	works.Put(w)
	l.floor = max(l.floor, l.reached())
}

// turn gives out what a track has.
func (l *Line) turn(t *track, w *work, all bool) {
	if !t.anchored && !l.anchorByArrival(t, all) {
		return
	}
	if t.provisional && (all || l.tried(t)) {
		l.confirm(t, w)
	}
	if !t.provisional && (t == l.old || l.old == nil) {
		l.settle(t, w, all)
	}
	if t.next < t.end {
		l.speculate(t, w, all)
	}
	t.tidy(w)
	t.shrink()
}

// settle gives out for good what has no hole before it, or only final ones.
func (l *Line) settle(t *track, w *work, all bool) {
	now := l.time()
	for t.next < t.end {
		h := t.slot(t.next)
		switch h.kind {
		case nothing:
			if !l.lose(t, now, all) {
				return
			}
			continue
		case audio:
			at := t.m.position(h.timestamp)
			if at >= l.until && !all {
				return
			}
			l.give(t, w, h, at)
		case quiet:
			t.hushed = true
		case other:
		}
		t.release()
	}
	p := &t.main
	if p.live && (all || l.until-p.n > l.rate/10) {
		p.drain(w, &t.m)
	}
}

// lose gives up the hole at the front when nothing can come any more that fills it.
func (l *Line) lose(t *track, now int64, all bool) bool {
	seq := t.next
	for t.slot(seq).kind == nothing {
		seq++
	}
	if !all && now-t.slot(seq).arrival <= l.window {
		return false
	}
	l.missed(t, seq-t.next)
	t.next = seq
	return true
}

func (l *Line) missed(t *track, n int64) {
	t.missed += int(n)
	l.stats.Lost += uint64(n)
}

// give settles one packet of audio.
func (l *Line) give(t *track, w *work, h *held, at int64) {
	end := t.m.position(h.timestamp + int64(h.units))
	if end <= l.floor {
		if l.floor > 0 && end > 0 {
			l.stats.Late++
			l.note(Gap{At: at, Length: end - at, Packets: 1, Reason: Late})
		}
		t.settled = true
		return
	}
	l.gap(t, at)
	l.end, l.heard, t.settled = max(l.end, end), true, true
	p := &t.main
	p.use(h.coding, l.rate)
	payload := t.store.get(h)
	if !h.exact || !p.pass(w, &t.m, h.timestamp, int64(h.units), payload) {
		p.feed(w, &t.m, h.timestamp, payload)
	}
	t.m.fold(p.n)
}

// speculate gives out what lies behind a hole, or may be placed anew, for the time
// being.
func (l *Line) speculate(t *track, w *work, all bool) {
	p := &t.ahead
	for seq := t.next; seq < t.end; seq++ {
		h := t.slot(seq)
		if h.kind != audio || h.given {
			continue
		}
		at := t.m.position(h.timestamp)
		if at >= l.until && !all {
			break
		}
		if seq != p.seq || h.coding != p.coding {
			p.drain(w, &t.m)
			p.release()
			p.use(h.coding, l.rate)
		}
		p.feed(w, &t.m, h.timestamp, t.store.get(h))
		p.seq = seq + 1
		h.given, h.exact = true, l.stays(t, h, at)
		t.to = max(t.to, p.n)
	}
}

// stays tells whether a packet's audio is the same wherever it is decoded.
func (l *Line) stays(t *track, h *held, at int64) bool {
	if h.coding.plain == plainNone || at < l.floor {
		return false
	}
	count, _ := t.m.exact(at, int64(h.coding.codec.Rate))
	return count >= int64(h.units)
}

// drained tells whether nothing is expected any more of the track before this one.
func (l *Line) drained(all bool) bool {
	t := l.old
	if !t.anchored || t.provisional || t.next < t.end {
		return false
	}
	return all || (l.now.joined && l.now.first <= t.end) || l.time()-l.now.began > l.window
}

// handOver lets the present track settle.
func (l *Line) handOver() {
	t, now := l.old, l.now
	now.missed, now.hushed = t.missed, t.hushed
	if now.joined && now.first > t.end {
		l.missed(now, now.first-t.end)
	}
	if now.succeeds && now.main.coding == nil {
		now.main.coding, t.main.coding = t.main.coding, nil
		now.main.decoder, t.main.decoder = t.main.decoder, nil
		now.main.rate = t.main.rate
		now.main.past, t.main.past = t.main.past, now.main.past
	}
	now.main.n = t.main.n
	t.reset()
	l.spare, l.old = t, nil
}

// reached is where Settled may go.
func (l *Line) reached() int64 {
	silent := l.until - l.samples(l.window)
	t := l.old
	if t == nil {
		t = l.now
	}
	switch {
	case t == nil:
		return silent
	case !t.anchored || t.provisional:
		return l.floor
	case t.next < t.end || t == l.old:
		if t.settled {
			return t.main.n
		}
		return l.floor
	case t.settled:
		return max(silent, t.main.n)
	}
	return silent
}
