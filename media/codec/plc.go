package codec

// concealer hides lost packets of a mono stream by waveform substitution, in the
// manner of G.711 Appendix I but without its delay: the last pitch period of what
// was heard is repeated, unchanged for 10 ms, then fading to silence at 60 ms. The
// first packet after the gap is faded in over the continued repetition. Storage is
// made once, with the first audio: most calls that play a prompt hear nothing.
type concealer struct {
	ms   int     // samples in a millisecond
	past []int16 // the last 40 ms played, newest last

	cycle  []int16 // the period that is repeated; its end leads into its start
	period int     // length of cycle in use
	at     int     // next sample of cycle
	lost   int     // samples concealed since the last packet, 0: no gap
	step   int32   // jump between the past and the cycle, worn off over stepMs
}

const (
	plcPastMs  = 40
	plcMinLag  = 5 // shortest period that is repeated: shorter ones go in multiples
	plcMaxLag  = 18
	plcMatchMs = 16 // stretch that is compared to find the period
	plcHoldMs  = 10
	plcFadeMs  = 60
	stepMs     = 2
)

func newConcealer(rate int) concealer {
	ms := rate / 1000
	return concealer{ms: ms}
}

// equip makes the storage.
func (c *concealer) equip() {
	past := plcPastMs * c.ms
	room := make([]int16, past+plcMaxLag*c.ms)
	c.past, c.cycle = room[:past:past], room[past:]
}

func (c *concealer) reset() {
	clear(c.past)
	c.lost, c.period, c.at, c.step = 0, 0, 0, 0
}

// heard takes what a packet was decoded to, and smooths its beginning when it
// ends a gap.
func (c *concealer) heard(pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	if c.past == nil {
		c.equip()
	}
	if c.lost > 0 {
		c.reenter(pcm)
	}
	c.remember(pcm)
}

// reenter fades from the repetition to pcm, the longer the longer the gap was.
func (c *concealer) reenter(pcm []int16) {
	n := min(4*c.ms+c.lost/4, 10*c.ms, len(pcm))
	for i := range n {
		good := int32(pcm[i])
		pcm[i] = int16((good*int32(i+1) + c.next()*int32(n-i)) / int32(n+1))
	}
	c.lost = 0
}

// conceal appends n samples.
func (c *concealer) conceal(dst []int16, n int) []int16 {
	if n <= 0 {
		return dst
	}
	if c.past == nil {
		c.equip()
	}
	if c.lost == 0 {
		c.begin()
	}
	dst, out := extend(dst, n)
	for i := range out {
		out[i] = int16(c.next())
	}
	c.remember(out)
	return dst
}

// next returns the next sample of the fading repetition.
func (c *concealer) next() int32 {
	n := c.lost
	c.lost++
	if n >= plcFadeMs*c.ms {
		return 0
	}
	v := int32(c.cycle[c.at])
	if c.at++; c.at == c.period {
		c.at = 0
	}
	if wear := int32(stepMs * c.ms); int32(n) < wear {
		v = clamp16(v + c.step*(wear-int32(n))/(wear+1))
	}
	if n > plcHoldMs*c.ms {
		v = v * int32(plcFadeMs*c.ms-n) / int32((plcFadeMs-plcHoldMs)*c.ms)
	}
	return v
}

// begin cuts the period out of the past. The last quarter of it is faded into
// what came before it, so that end and start of the cycle fit.
func (c *concealer) begin() {
	end := len(c.past)
	p := findPeriod(c.past, c.ms)
	c.period, c.at = p, 0
	copy(c.cycle, c.past[end-p:])
	n := p / 4
	for i := range n {
		before := int32(c.past[end-p-n+i])
		c.cycle[p-n+i] = int16((int32(c.past[end-n+i])*int32(n-i) + before*int32(i+1)) / int32(n+1))
	}
	c.step = int32(c.past[end-1]) - int32(c.past[end-p-1])
}

// remember keeps the newest of the past and pcm.
func (c *concealer) remember(pcm []int16) {
	if n := len(pcm); n < len(c.past) {
		copy(c.past, c.past[n:])
		copy(c.past[len(c.past)-n:], pcm)
		return
	}
	copy(c.past, pcm[len(pcm)-len(c.past):])
}
