package timeline

import (
	"math"

	"rms/media"
)

// pipe decodes packets in sequence and brings them to the time line's rate.
type pipe struct {
	coding  *coding
	decoder media.Decoder
	kernel  *kernel
	seq     int64 // that it expects next
	rate    int64 // of the decoded audio

	live bool
	n    int64   // next position that it gives out
	have int64   // index of the next sample that it takes, at rate
	past []int16 // the samples before that, as many as the kernel has taps
}

// use makes the pipe ready for a coding.
func (p *pipe) use(k *coding, out int64) {
	if p.coding == k {
		return
	}
	p.release()
	p.coding, p.decoder, p.rate = k, k.decoder(), int64(k.codec.Rate)
	p.kernel, p.live = nil, false
	n := 2 * kernelReach(p.rate, out)
	if cap(p.past) < n {
		p.past = make([]int16, n)
	}
	p.past = p.past[:n]
}

func (p *pipe) release() {
	if p.coding != nil {
		p.coding.giveBack(p.decoder)
	}
	p.coding, p.decoder, p.live = nil, nil, false
}

// begin aligns the pipe to the sample with this index.
func (p *pipe) begin(m *mapping, index int64) {
	p.live = true
	clear(p.past)
	p.have, p.n = index, m.of(index, p.rate)
}

// index is that of a timestamp's sample in the decoded audio.
func (p *pipe) index(m *mapping, timestamp int64) int64 {
	return floorDiv(timestamp*p.rate, m.clock)
}

// feed decodes one packet and places its audio.
func (p *pipe) feed(w *work, m *mapping, timestamp int64, payload []byte) {
	index := p.index(m, timestamp)
	if !p.live || index > p.have {
		p.drain(w, m)
		p.begin(m, index)
	}
	w.in = append(w.in[:0], p.past...)
	w.in = p.coding.decode(p.decoder, w.in, payload)
	if twice := p.have - index; twice > 0 { // timestamps overlap: what came first counts
		had := len(p.past)
		rest := w.in[min(had+int(min(twice, 1<<20)), len(w.in)):]
		w.in = append(w.in[:had], rest...)
	}
	p.run(w, m, 1<<62)
}

// pass takes a packet whose audio lies where it belongs already; false: it must be
// fed.
func (p *pipe) pass(w *work, m *mapping, timestamp, length int64, payload []byte) bool {
	index := p.index(m, timestamp)
	if p.live && index < p.have {
		return false
	}
	if count, distance := m.exact(p.n, p.rate); p.live && (count == 0 || p.n != p.have+distance) {
		return false // it is still slewing
	}
	end := p.coding.end(payload, len(p.past))
	if end == nil {
		return false
	}
	if !p.live || index > p.have {
		p.begin(m, index)
	}
	p.have += length
	p.n = m.of(p.have, p.rate)
	w.in = p.coding.decode(nil, w.in[:0], end)
	copy(p.past, w.in)
	return true
}

// drain gives out what waits for audio that does not come.
func (p *pipe) drain(w *work, m *mapping) {
	if !p.live {
		return
	}
	p.live = false
	limit := m.of(p.have, p.rate)
	if p.n >= limit {
		return
	}
	w.in = append(w.in[:0], p.past...)
	for range len(p.past)/2 + 1 {
		w.in = append(w.in, 0)
	}
	p.run(w, m, limit)
}

// run gives out what can be made of w.in, which begins with past.
func (p *pipe) run(w *work, m *mapping, limit int64) {
	base := p.have - int64(len(p.past))
	end := base + int64(len(w.in))
	w.smooth = w.smooth[:0]
	for p.n < limit {
		count, distance := m.exact(p.n, p.rate)
		if count == 0 {
			if !p.interpolate(w, m, base, end, limit) {
				break
			}
			continue
		}
		from := p.n - distance - base
		if from < 0 {
			p.n -= from
			continue
		}
		count = min(count, int64(len(w.in))-from, limit-p.n)
		if count <= 0 {
			break
		}
		w.place(p.n, w.in[from:from+count])
		p.n += count
	}
	p.have = end
	copy(p.past, w.in[len(w.in)-len(p.past):])
}

// interpolate gives out samples between those that came, until the audio is copied as
// it is again; false: what comes behind it is not there yet.
func (p *pipe) interpolate(w *work, m *mapping, base, end, limit int64) bool {
	if p.kernel == nil {
		p.kernel = kernelFor(p.rate, m.out)
	}
	if len(w.smooth) == 0 {
		for _, s := range w.in {
			w.smooth = append(w.smooth, float32(s))
		}
	}
	half := int64(p.kernel.half)
	index, fraction := m.source(p.n, p.rate)
	if index < base { // nothing of it is kept
		p.n = max(p.n+1, m.of(base+half, p.rate))
		return true
	}
	count, step := m.uneven(p.n, p.rate)
	count = min(count, limit-p.n)
	for range count {
		if index+half >= end {
			return false
		}
		if from := index - half + 1 - base; from >= 0 {
			w.one(p.n, p.kernel.at(w.smooth[from:from+2*half], fraction))
		}
		p.n++
		fraction += step
		whole := math.Floor(fraction)
		index, fraction = index+int64(whole), fraction-whole
	}
	return true
}
