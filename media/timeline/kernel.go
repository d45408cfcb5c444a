package timeline

import (
	"math"
	"sync"

	"rms/media/filter"
)

// kernel interpolates audio at any fraction of a sample: a sinc under a Kaiser
// window, one row of taps for each of many fractions. Between equal rates row 0 is
// one sample as it is, so that a slew begins and ends without a seam.
type kernel struct {
	half  int // taps on each side
	rows  int
	table []float32 // rows+1 rows of 2*half
}

const (
	kernelHalf = 16 // taps on each side, at the lower rate
	kernelRows = 2048
	kernelBeta = 8.0 // 80 dB
	kernelEdge = 0.94
)

// kernels keeps those of usual rates, which all lines share.
var kernels struct {
	sync.Mutex
	by map[[2]int64]*kernel
}

const mostKernels = 64

// kernelReach is how many taps the kernel between two rates has on each side.
func kernelReach(from, to int64) int {
	return int(min(kernelHalf*max(1, (from+to-1)/to), kernelHalf*48))
}

func kernelFor(from, to int64) *kernel {
	if from == to {
		from, to = 1, 1
	}
	kernels.Lock()
	defer kernels.Unlock()
	if k := kernels.by[[2]int64{from, to}]; k != nil {
		return k
	}
	k := newKernel(from, to)
	if kernels.by == nil {
		kernels.by = map[[2]int64]*kernel{}
	}
	if len(kernels.by) < mostKernels {
		kernels.by[[2]int64{from, to}] = k
	}
	return k
}

func newKernel(from, to int64) *kernel {
	k := &kernel{half: kernelReach(from, to)}
	k.rows = max(128, kernelRows*kernelHalf/k.half)
	cut := 0.5
	if from != to {
		cut = 0.5 * kernelEdge * min(1, float64(to)/float64(from))
	}
	k.table = make([]float32, (k.rows+1)*2*k.half)
	for r := range k.rows + 1 {
		k.fill(k.row(r), float64(r)/float64(k.rows), cut)
	}
	return k
}

func (k *kernel) row(r int) []float32 { return k.table[r*2*k.half:][:2*k.half] }

func (k *kernel) fill(row []float32, fraction, cut float64) {
	h := make([]float64, len(row))
	sum := 0.0
	for i := range h {
		x := float64(i-(k.half-1)) - fraction
		if w := x / float64(k.half); w > -1 && w < 1 {
			h[i] = filter.Sinc(2*cut*x) * filter.Bessel(kernelBeta*math.Sqrt(1-w*w))
		}
		sum += h[i]
	}
	for i := range h {
		row[i] = float32(h[i] / sum)
	}
}

// at returns the sample a fraction behind the middle of past, 2*half samples.
func (k *kernel) at(past []float32, fraction float64) int16 {
	row := k.row(int(fraction*float64(k.rows) + 0.5))
	v := math.RoundToEven(float64(filter.Dot(past[:len(row)], row)))
	return int16(max(-32768, min(v, 32767)))
}
