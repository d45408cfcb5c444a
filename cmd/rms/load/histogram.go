package load

import (
	"math/bits"
	"time"
)

const (
	subBits = 6 // 64 steps an octave: a quantile is right to 1.6 %
	subSize = 1 << subBits
	octaves = 40 // up to about 20 hours in nanoseconds
)

// histogram counts durations in logarithmic buckets and never allocates.
// The maximum is exact. It is not safe for concurrent use.
type histogram struct {
	counts [octaves * subSize]uint64
	total  uint64
	max    int64
}

func bucketOf(v int64) int {
	if v < subSize {
		return int(max(v, 0))
	}
	shift := bits.Len64(uint64(v)) - subBits - 1
	return min((shift+1)*subSize+int(v>>shift)-subSize, octaves*subSize-1)
}

// upperOf returns the largest value that falls into a bucket.
func upperOf(bucket int) int64 {
	if bucket < subSize {
		return int64(bucket)
	}
	shift := bucket/subSize - 1
	return int64(bucket%subSize+subSize+1)<<shift - 1
}

func (h *histogram) add(d int64) {
	h.counts[bucketOf(d)]++
	h.total++
	h.max = max(h.max, d)
}

// quantile returns the duration that the share q (0..1) of all values does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	want := uint64(q*float64(h.total) + 0.999999)
	want = max(1, min(want, h.total))
	var seen uint64
	for i, n := range h.counts {
		seen += n
		if seen >= want {
			return time.Duration(min(upperOf(i), h.max))
		}
	}
	return time.Duration(h.max)
}

// Spread is a distribution of durations in milliseconds.
type Spread struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p99_9_ms"`
	Max   float64 `json:"max_ms"`
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (h *histogram) spread() Spread {
	return Spread{
		Count: h.total,
		P50:   milliseconds(h.quantile(0.50)),
		P99:   milliseconds(h.quantile(0.99)),
		P999:  milliseconds(h.quantile(0.999)),
		Max:   milliseconds(time.Duration(h.max)),
	}
}
