package phone

import (
	"math"
	"math/cmplx"
)

// dominant returns the strongest frequency in Hz of mono audio: the peak of a
// windowed spectrum, refined by a parabola through its neighbours. 0: there is
// none.
func dominant(pcm []int16, rate int) float64 {
	size := 1
	for size*2 <= len(pcm) && size < earMost {
		size *= 2
	}
	if size < 256 {
		return 0
	}
	x := make([]complex128, size)
	for i := range x {
		window := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(size))
		x[i] = complex(float64(pcm[i])*window, 0)
	}
	x = transform(x)
	best, power := 0, 0.0
	for i := 2; i < size/2-1; i++ {
		if p := cmplx.Abs(x[i]); p > power {
			best, power = i, p
		}
	}
	if best == 0 || power < 1 {
		return 0
	}
	a, b, c := logAbs(x[best-1]), logAbs(x[best]), logAbs(x[best+1])
	shift := 0.0
	if curve := a - 2*b + c; curve < 0 {
		shift = 0.5 * (a - c) / curve
	}
	return (float64(best) + shift) * float64(rate) / float64(size)
}

func logAbs(v complex128) float64 { return math.Log(cmplx.Abs(v) + 1e-12) }

// transform is a Fourier transform by decimation in time; the length is a power
// of two.
func transform(x []complex128) []complex128 {
	n := len(x)
	if n == 1 {
		return x
	}
	even, odd := make([]complex128, n/2), make([]complex128, n/2)
	for i := range even {
		even[i], odd[i] = x[2*i], x[2*i+1]
	}
	even, odd = transform(even), transform(odd)
	out := make([]complex128, n)
	for i := range even {
		turn := cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n)) * odd[i]
		out[i], out[i+n/2] = even[i]+turn, even[i]-turn
	}
	return out
}
