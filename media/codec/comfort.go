package codec

import "math"

// comfortOrder is the highest order of the noise's spectrum that is used.
const comfortOrder = 16

// ComfortNoise makes noise from the payloads of RFC 3389: a level and a spectrum
// as reflection coefficients. Its level glides to that of a new payload within
// some 10 ms. The zero value is silent and ready.
type ComfortNoise struct {
	gain, target float32 // of the excitation, in units of PCM
	order        int
	k            [comfortOrder]float32 // reflection coefficients
	past         [comfortOrder + 1]float32
	seed         uint32
}

// Update takes a payload: the level in -dBov, then any number of reflection
// coefficients in steps of 1/127 (RFC 3389 section 3). Coefficients beyond the
// sixteenth are left out; an empty payload changes nothing.
func (c *ComfortNoise) Update(payload []byte) {
	if len(payload) == 0 {
		return
	}
	c.order = min(len(payload)-1, comfortOrder)
	power := 1.0 // by which the filter would raise the excitation
	for i, q := range payload[1 : 1+c.order] {
		k := max(-126, min(int(q)-127, 126))
		c.k[i] = float32(k) / 127
		power /= 1 - float64(c.k[i])*float64(c.k[i])
	}
	clear(c.past[c.order:])
	level := 32768 * math.Pow(10, -float64(payload[0]&127)/20)
	c.target = float32(level * math.Sqrt(3/power)) // uniform noise has 1/3 of its peak's power
}

// Generate appends n samples of noise to dst.
func (c *ComfortNoise) Generate(dst []int16, n int) []int16 {
	dst, out := extend(dst, n)
	for i := range out {
		c.gain += (c.target - c.gain) / 64
		v := c.shape(c.gain * c.white())
		out[i] = int16(max(-32768, min(v, 32767)))
	}
	return dst
}

// shape runs one sample through the all-pole lattice of the coefficients.
func (c *ComfortNoise) shape(v float32) float32 {
	for i := c.order - 1; i >= 0; i-- {
		v -= c.k[i] * c.past[i]
		c.past[i+1] = c.past[i] + c.k[i]*v
	}
	c.past[0] = v
	return v
}

// white returns uniform noise between -1 and 1.
func (c *ComfortNoise) white() float32 {
	c.seed = c.seed*1664525 + 1013904223
	return float32(int32(c.seed)) / (1 << 31)
}

// Reset returns to silence.
func (c *ComfortNoise) Reset() { *c = ComfortNoise{} }
