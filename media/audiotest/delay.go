package audiotest

import "math"

// Delay returns by how many samples b lags behind a, between -most and most, and
// how much they are alike there: 1 is the same but for the level. The tone of a
// single frequency fits at every period; use Voice or Noise.
func Delay(a, b []int16, most int) (samples int, likeness float64) {
	n := 1
	for n < len(a)+len(b) {
		n *= 2
	}
	x, y := make([]complex128, n), make([]complex128, n)
	for i, s := range a {
		x[i] = complex(float64(s), 0)
	}
	for i, s := range b {
		y[i] = complex(float64(s), 0)
	}
	fft(x)
	fft(y)
	for i := range x { // conjugated, so that a second fft is the inverse one
		x[i] = complex(real(x[i]), imag(x[i])) * complex(real(y[i]), -imag(y[i]))
	}
	fft(x)
	best := math.Inf(-1)
	for lag := -most; lag <= most; lag++ {
		if v := real(x[(lag+n)%n]); v > best {
			best, samples = v, lag
		}
	}
	whole := math.Sqrt(power(a)*float64(len(a))) * math.Sqrt(power(b)*float64(len(b)))
	if whole == 0 {
		return 0, 0
	}
	return samples, best / float64(n) / whole
}
