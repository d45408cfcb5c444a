package filter

import "math"

// filter writes n samples, stride apart, and returns where the next one begins.
func (d *design) filter(dst []int16, n, stride int, past []float32, at, phase int) (nextAt, nextPhase int) {
	step, rest := d.down/d.up, d.down%d.up
	for i := range n {
		x := past[at : at+d.taps]
		var v float32
		if d.blended {
			v = d.blend(x, phase)
		} else {
			v = dot(x, d.table[phase*d.taps:][:len(x)])
		}
		dst[i*stride] = round16(v)
		at += step
		if phase += rest; phase >= d.up {
			phase -= d.up
			at++
		}
	}
	return at, phase
}

// blend computes a phase that lies between two rows.
func (d *design) blend(x []float32, phase int) float32 {
	p := float64(phase) * float64(d.phases) / float64(d.up)
	row := int(p)
	f := float32(p - float64(row))
	a := dot(x, d.table[row*d.taps:][:len(x)])
	b := dot(x, d.table[(row+1)*d.taps:][:len(x)])
	return a + f*(b-a)
}

// Dot is the sum of the products of x and h, whose length is the same multiple of 8.
func Dot(x, h []float32) float32 { return dot(x, h) }

// round16 rounds to the nearest sample, limited to 16 bits.
func round16(v float32) int16 {
	const magic = 3 << 22 // adding it rounds a float32 to an integer, to even
	i := int32(math.Float32bits(v+magic)) - int32(math.Float32bits(magic))
	return int16(max(-32768, min(i, 32767)))
}

// dotGo is the sum of the products, in eight sums that do not wait for each other.
func dotGo(x, h []float32) float32 {
	var a, b, c, d float32
	for len(x) >= 8 && len(h) >= 8 {
		a += x[0]*h[0] + x[4]*h[4]
		b += x[1]*h[1] + x[5]*h[5]
		c += x[2]*h[2] + x[6]*h[6]
		d += x[3]*h[3] + x[7]*h[7]
		x, h = x[8:], h[8:]
	}
	return a + b + c + d
}
