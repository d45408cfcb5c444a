package codec

// g722Band is the state of one half of the band: an adaptive predictor of two
// poles and six zeros, and the adaptive scale of the quantizer. Encoder and
// decoder run it alike, so it never differs between them. Names follow the
// Recommendation: a, b coefficients; d quantized difference; p partial and r
// full reconstruction; s prediction, sz its part from the zeros.
type g722Band struct {
	s, sz  int32
	a1, a2 int32
	p1, p2 int32 // only their signs matter
	r1     int32 // the last r, doubled and limited
	b      [6]int32
	d      [6]int32
	scale  int32 // logarithm of delta, 2048 an octave
	delta  int32 // quantizer step
}

const (
	g722LowStart  = 32 // step sizes in the reset state
	g722HighStart = 8
)

func newG722Band(delta int32) g722Band { return g722Band{delta: delta} }

// encodeLow returns the 6 bit code of a sample of the lower band.
func (b *g722Band) encodeLow(x int32) int32 {
	e := clamp16(x - b.s)
	negative := e >> 31
	// The code is the first interval whose end, end*delta/4096, lies above |e|.
	// Turned round: the first end of at least (|e|+1)*4096/delta.
	u := (uint32(e^negative+1)<<12 + uint32(b.delta) - 1) / uint32(b.delta)
	i := g722Interval[min(u, g722LastEnd+1)]
	code := g722LowCode[i&31][negative&1]
	b.adaptLow(code >> 2)
	return code
}

// decodeLow returns the sample of the lower band for a 6 bit code.
func (b *g722Band) decodeLow(code int32) int32 {
	x := clamp15(b.s + (b.delta*g722Out6[code&63])>>15)
	b.adaptLow(code >> 2)
	return x
}

// adaptLow uses the upper four bits only, so that a network may take the others.
func (b *g722Band) adaptLow(code int32) {
	d := (b.delta * g722Out4[code&15]) >> 15
	b.scale = min(max((b.scale*127)>>7+g722Step4[code&15], 0), 18432)
	b.delta = g722LowDelta[b.scale>>6]
	b.predict(d)
}

// encodeHigh returns the 2 bit code of a sample of the upper band.
func (b *g722Band) encodeHigh(x int32) int32 {
	e := clamp16(x - b.s)
	negative := e >> 31
	outer := int32(0)
	if e^negative >= (564*b.delta)>>12 {
		outer = 1
	}
	code := (2 &^ negative) + 1 - outer
	b.adaptHigh(code)
	return code
}

// decodeHigh returns the sample of the upper band for a 2 bit code.
func (b *g722Band) decodeHigh(code int32) int32 {
	s := b.s
	return clamp15(s + b.adaptHigh(code))
}

func (b *g722Band) adaptHigh(code int32) int32 {
	d := (b.delta * g722Out2[code&3]) >> 15
	b.scale = min(max((b.scale*127)>>7+g722Step2[code&3], 0), 22528)
	b.delta = g722HighDelta[b.scale>>6]
	b.predict(d)
	return d
}
