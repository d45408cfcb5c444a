package vorbis

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestInverseIsTheSumOfCosines compares with the transform as it is defined.
func TestInverseIsTheSumOfCosines(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{64, 128, 512} {
		x, y := make([]float32, n/2), make([]float32, n)
		for i := range x {
			x[i] = random.Float32()*2 - 1
		}
		newMDCT(n).inverse(x, y)
		for i := range y {
			want := 0.0
			for k, v := range x {
				want += float64(v) * math.Cos(math.Pi/float64(2*n)*float64(2*i+1+n/2)*float64(2*k+1))
			}
			if math.Abs(want-float64(y[i])) > 1e-4 {
				t.Fatalf("%d: %d is %v, want %v", n, i, y[i], want)
			}
		}
	}
}
