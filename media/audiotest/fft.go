package audiotest

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fft is the discrete Fourier transform in place; the length is a power of two.
func fft(x []complex128) {
	n := len(x)
	if n < 2 {
		return
	}
	shift := 64 - bits.Len(uint(n-1))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); j > i {
			x[i], x[j] = x[j], x[i]
		}
	}
	turn := make([]complex128, n/2)
	for i := range turn {
		turn[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n))
	}
	for half := 1; half < n; half *= 2 {
		for start := 0; start < n; start += 2 * half {
			butterflies(x[start:start+half], x[start+half:start+2*half], turn, n/(2*half))
		}
	}
}

func butterflies(a, b, turn []complex128, step int) {
	for i := range a {
		t := b[i] * turn[i*step]
		a[i], b[i] = a[i]+t, a[i]-t
	}
}
