package record

import (
	"rms/media/filter"
	"rms/media/timeline"
)

// pcmLine places the audio of a side that has no RTP. Blocks that follow each other are
// one stretch; one that does not begins another.
type pcmLine struct {
	rate  int
	rates *filter.Resampler
	next  int64 // where the next block is expected, in samples of rate
	at    int64 // position of pend[0]
	pend  []int16
	used  bool
}

// jitter is how far, in parts of a second, a block may lie off where the one before it
// ended and still follow it.
const pcmJitter = 20 // 50 ms

func (p *pcmLine) take(c *work, i *item) {
	rate := int(i.ssrc)
	at := int64(i.at) / 1000 * int64(rate) / 1e6
	if !p.used || rate != p.rate || at-p.next > int64(rate/pcmJitter) || p.next-at > int64(rate/pcmJitter) {
		p.begin(c, i, rate)
	}
	n := len(i.payload) / 2
	if cap(c.w.side) < n {
		c.w.side = make([]int16, 512)
	}
	pcm := c.w.side[:n]
	for k := range pcm {
		pcm[k] = int16(uint16(i.payload[2*k]) | uint16(i.payload[2*k+1])<<8) //nolint:gosec // the bits are kept
	}
	p.next += int64(n)
	if p.rates != nil {
		p.pend = p.rates.Process(p.pend, pcm)
		return
	}
	p.pend = append(p.pend, pcm...)
}

// begin starts a stretch at the block's place.
func (p *pcmLine) begin(c *work, i *item, rate int) {
	if p.used {
		p.flush()
		c.lanes[i.side].Place(p.at, p.pend)
	}
	if at := c.samples(i.at); p.used && at > p.at+int64(len(p.pend)) {
		end := p.at + int64(len(p.pend))
		c.gap(int(i.side), timeline.Gap{At: end, Length: at - end, Reason: timeline.Silent})
	}
	p.used, p.rate, p.rates, p.pend = true, rate, nil, p.pend[:0]
	p.at = c.samples(i.at)
	p.next = int64(i.at) / 1000 * int64(rate) / 1e6
	if rate != c.format.Rate {
		p.rates, _ = filter.NewRate(rate, c.format.Rate, 1) // both rates were checked
	}
}

func (p *pcmLine) flush() {
	if p.rates != nil {
		p.pend = p.rates.Flush(p.pend)
	}
}

// give places what is before a position.
func (p *pcmLine) give(l *lane, until int64) {
	n := min(int64(len(p.pend)), until-p.at)
	if n <= 0 {
		return
	}
	l.Place(p.at, p.pend[:n])
	p.pend = p.pend[:copy(p.pend, p.pend[n:])]
	p.at += n
}
