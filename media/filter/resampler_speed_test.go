package filter

import (
	"fmt"
	"math"
	"testing"
)

func TestDotOfTheProcessorEqualsThatOfGo(t *testing.T) {
	t.Parallel()
	for n := 8; n < 400; n += 8 {
		x, h := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i] = float32(i*i%701) - 350
			h[i] = float32(i*37%211)/211 - 0.5
		}
		got, want := dot(x, h), dotGo(x, h)
		if math.Abs(float64(got-want)) > 0.02 {
			t.Fatalf("%d taps: %v, want %v", n, got, want)
		}
	}
}

func BenchmarkResampler(b *testing.B) {
	for _, pair := range [][2]int{{8000, 16000}, {16000, 8000}, {44100, 8000}, {48000, 8000}, {11025, 8000}, {8000, 48000}} {
		b.Run(fmt.Sprintf("%d-%d", pair[0], pair[1]), func(b *testing.B) {
			r, _ := NewRate(pair[0], pair[1], 1)
			src := make([]int16, pair[0]/50)
			for i := range src {
				src[i] = int16(i * 3000)
			}
			dst := make([]int16, 0, r.MaxOut(len(src)))
			for b.Loop() {
				dst = r.Process(dst[:0], src)
			}
			b.ReportMetric(float64(r.design.taps), "taps")
		})
	}
}
