package filter

// fill writes n samples from a position on to the tick, and what fades out over them.
func (p *Playout) fill(at int64, n int) {
	t := &p.turn
	pcm := t.pcm[:n]
	t.copy(pcm, at)
	clear(t.pcm[n:])
	if n > 0 {
		if t.seam && (len(t.tail) > 0 || pcm[0] > playQuiet || pcm[0] < -playQuiet) {
			fadeIn(pcm[:min(n, cap(t.tail))])
		}
		t.seam = false
		t.remember(pcm)
	}
	t.addTail(0)
}

// copy reads samples that are published and not given back.
func (t *playoutTurn) copy(dst []int16, at int64) {
	b, start := t.front, t.start
	for len(dst) > 0 {
		for at >= start+playBlockSize {
			b, start = b.next, start+playBlockSize
		}
		n := copy(dst, b.pcm[at-start:])
		dst, at = dst[n:], at+int64(n)
	}
}

// fadeOut lets the samples from a position on fade out in the ticks to come; where
// they end, they are made up.
func (t *playoutTurn) fadeOut(at, written int64) {
	t.tail = t.tail[:cap(t.tail)]
	n := int(min(written-at, int64(len(t.tail))))
	t.copy(t.tail[:n], at)
	if n < len(t.tail) {
		t.remember(t.tail[:n])
		t.goOn(t.tail[n:])
	}
	for i, v := range t.tail {
		t.tail[i] = int16(float32(v) * ramp(len(t.tail)-i, len(t.tail)+1))
	}
}

// remember keeps the last samples, so that the sound can end softly.
func (t *playoutTurn) remember(pcm []int16) {
	pcm = pcm[max(0, len(pcm)-len(t.past)):]
	copy(t.past, t.past[len(pcm):])
	copy(t.past[len(t.past)-len(pcm):], pcm)
}

// goOn makes up what follows the past: the swing of the one tone that fits it best,
// no louder than it was.
func (t *playoutTurn) goOn(dst []int16) {
	var product, square, peak float32
	for i := 2; i < len(t.past); i++ {
		a, b, c := float32(t.past[i-2]), float32(t.past[i-1]), float32(t.past[i])
		product += b * (a + c)
		square += b * b
		peak = max(peak, a, -a, b, -b, c, -c)
	}
	if square == 0 {
		clear(dst)
		return
	}
	k := max(-2, min(product/square, 2))
	before, last := float32(t.past[len(t.past)-2]), float32(t.past[len(t.past)-1])
	for i := range dst {
		before, last = last, max(-peak, min(k*last-before, peak))
		dst[i] = int16(last)
	}
}

// runDry ends the sound n samples into the tick, softly; false when nothing is heard
// in the tick. sound says that it was written already.
func (p *Playout) runDry(n int, sound bool) bool {
	t := &p.turn
	p.starved.Add(1)
	t.playing, t.waited, t.seam = false, 0, true
	if n == 0 && !sound {
		clear(t.pcm)
	}
	t.fadeOut(t.next, t.next)
	clear(t.past)
	if audible(t.tail) {
		t.addTail(n)
		return true
	}
	t.tail = t.tail[:0]
	return sound
}

// audible reports whether pcm is not all zeros.
func audible(pcm []int16) bool {
	for _, v := range pcm {
		if v != 0 {
			return true
		}
	}
	return false
}

// addTail adds what fades out to the tick, from a sample on. What does not fit waits
// for the next tick.
func (t *playoutTurn) addTail(from int) {
	pcm := t.pcm[from:]
	n := min(len(t.tail), len(pcm))
	if n == 0 {
		return
	}
	add(pcm[:n], pcm[:n], t.tail[:n])
	t.tail = t.tail[:copy(t.tail, t.tail[n:])]
}

// fadeIn lets pcm begin softly.
func fadeIn(pcm []int16) {
	for i, v := range pcm {
		pcm[i] = int16(float32(v) * ramp(i+1, len(pcm)+1))
	}
}

// ramp is the i-th of n steps from 0 to 1, with level ends.
func ramp(i, n int) float32 {
	x := float32(i) / float32(n)
	return x * x * (3 - 2*x)
}

// tidy gives storage back, lets writers know of room, and keeps a live queue short.
func (p *Playout) tidy() {
	t := &p.turn
	written := p.written.Load()
	for t.front != nil && t.start+playBlockSize <= t.next && t.start+playBlockSize < written {
		t.front = p.store.free(t.front)
		t.start += playBlockSize
	}
	if p.store.held.Load() > 0 && written == p.head.Load() {
		p.giveBack()
	}
	if p.o.DropOldest {
		p.trim(written)
	}
	if p.waiting.Load() > 0 && p.roomy() {
		p.signal()
	}
}

// giveBack frees the whole chain, unless somebody writes to it right now.
func (p *Playout) giveBack() {
	if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	s, t := &p.store, &p.turn
	if p.written.Load() != p.head.Load() || t.next != p.head.Load() {
		return
	}
	b := t.front
	if b == nil {
		b = s.first
	}
	for b != nil {
		b = s.free(b)
	}
	s.tail, s.first, t.front = nil, nil, nil
}

// trim cuts a queue that was too long for a while.
func (p *Playout) trim(written int64) {
	t := &p.turn
	if !t.playing {
		t.since = 0
		return
	}
	queued := written - t.next
	if t.since == 0 || queued < t.low {
		t.low = queued
	}
	if t.since += t.tick; t.since < trimTime {
		return
	}
	t.since = 0
	most := p.prebuffer + int64(len(t.pcm))
	if t.low <= most || !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	p.drop(t.next + t.low - p.prebuffer)
}
