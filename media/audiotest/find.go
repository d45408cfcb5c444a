package audiotest

import "math"

// findMost is how many samples Find looks at.
const findMost = 1 << 17

// Find returns the dominant frequency of mono pcm in Hz and its level in dBFS. It
// is exact to a thousandth of rate/len(pcm) for a clean tone. Silence and fewer
// than 16 samples give 0 and -Inf. Of very long audio the middle 131072 samples
// count.
func Find(pcm []int16, rate int) (freq, dBFS float64) {
	if n := len(pcm); n > findMost {
		pcm = pcm[(n-findMost)/2:][:findMost]
	}
	if len(pcm) < 16 {
		return 0, math.Inf(-1)
	}
	x := windowed(pcm)
	spec := spectrum(x)
	best := 1
	for i := range spec {
		if i > 0 && spec[i] > spec[best] {
			best = i
		}
	}
	if spec[best] == 0 {
		return 0, math.Inf(-1)
	}
	bin := math.Pi / float64(len(spec))
	step := climb(x, float64(best)*bin, bin)
	return step * float64(rate) / (2 * math.Pi), level(goertzel(x, step))
}

// climb narrows the peak down between the neighbours of a bin, by golden section.
// Frequencies are in radians a sample.
func climb(x []float64, at, bin float64) float64 {
	const golden = 0.6180339887498949
	low, high := max(at-bin, 0), min(at+bin, math.Pi)
	a, b := high-golden*(high-low), low+golden*(high-low)
	levelA, levelB := goertzel(x, a), goertzel(x, b)
	for range 24 {
		if levelA > levelB {
			high, b, levelB = b, a, levelA
			a = high - golden*(high-low)
			levelA = goertzel(x, a)
		} else {
			low, a, levelA = a, b, levelB
			b = low + golden*(high-low)
			levelB = goertzel(x, b)
		}
	}
	return (low + high) / 2
}

// spectrum returns the power in each of n/2 bins, padded to a power of two.
func spectrum(pcm []float64) []float64 {
	n := 1
	for n < len(pcm) {
		n *= 2
	}
	x := make([]complex128, n)
	for i, v := range pcm {
		x[i] = complex(v, 0)
	}
	fft(x)
	p := make([]float64, n/2)
	for i := range p {
		p[i] = real(x[i])*real(x[i]) + imag(x[i])*imag(x[i])
	}
	return p
}
