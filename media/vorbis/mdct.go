package vorbis

import (
	"math"
	mathbits "math/bits"
	"math/cmplx"
)

// mdct is the inverse transform for blocks of one size: half as many values of a
// spectrum become a block of samples that overlaps with its neighbours (section
// 4.3.7). It is a cosine transform of type IV, unfolded, and that in turn a
// Fourier transform of a quarter of the block with a twist before and after it.
type mdct struct {
	twist []complex128 // quarter of the block
	turn  []complex128 // eighth of the block
	x     []complex128 // quarter of the block
}

func newMDCT(block int) *mdct {
	quarter := block / 4
	m := &mdct{twist: make([]complex128, quarter), turn: make([]complex128, quarter/2), x: make([]complex128, quarter)}
	for i := range m.twist {
		m.twist[i] = cmplx.Rect(1, -math.Pi*float64(8*i+1)/float64(16*quarter))
	}
	for i := range m.turn {
		m.turn[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(quarter))
	}
	return m
}

// inverse turns a spectrum into a block of twice its size.
func (m *mdct) inverse(spectrum, block []float32) {
	half, quarter := len(spectrum), len(m.twist)
	shift := 64 - mathbits.TrailingZeros(uint(quarter))
	for i, w := range m.twist {
		v := complex(float64(spectrum[2*i]), float64(spectrum[half-1-2*i])) * w
		m.x[mathbits.Reverse64(uint64(i))>>shift] = v
	}
	m.transform()
	for i, w := range m.twist {
		v := m.x[i] * w
		m.unfold(block, 2*i, float32(real(v)))
		m.unfold(block, half-1-2*i, float32(-imag(v)))
	}
}

// unfold puts one value of the cosine transform where it is in the block: the
// second half of the values first, then all of them backwards and with the sign
// turned, then the first half with the sign turned.
func (m *mdct) unfold(block []float32, i int, v float32) {
	quarter := len(m.twist)
	if i >= quarter {
		block[i-quarter] = v
	} else {
		block[i+3*quarter] = -v
	}
	block[3*quarter-1-i] = -v
}

// transform is the Fourier transform of x, whose values are in the order of their
// reversed numbers.
func (m *mdct) transform() {
	n := len(m.x)
	for size := 1; size < n; size *= 2 {
		step := n / (2 * size)
		for at := 0; at < n; at += 2 * size {
			a, b := m.x[at:at+size], m.x[at+size:at+2*size]
			for i := range a {
				v := b[i] * m.turn[i*step]
				a[i], b[i] = a[i]+v, a[i]-v
			}
		}
	}
}
