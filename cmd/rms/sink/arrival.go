package sink

import (
	"math/bits"
	"time"
)

const (
	gapBits    = 5 // 32 steps an octave: a quantile is right to 3 %
	gapSteps   = 1 << gapBits
	gapOctaves = 28 // of microseconds: more than a minute
)

// arrivals counts the gaps between frames in logarithmic buckets of a microsecond
// and up. The greatest gap is exact.
type arrivals struct {
	first, last time.Time
	greatest    time.Duration
	gaps        uint64
	buckets     [gapOctaves * gapSteps]uint32
}

// arrive takes the time of a frame.
func (a *arrivals) arrive(at time.Time) {
	if a.first.IsZero() {
		a.first, a.last = at, at
		return
	}
	gap := max(0, at.Sub(a.last))
	a.last = at
	a.greatest = max(a.greatest, gap)
	a.gaps++
	a.buckets[gapBucket(gap)]++
}

func gapBucket(gap time.Duration) int {
	v := uint64(gap / time.Microsecond)
	if v < gapSteps {
		return int(v)
	}
	shift := bits.Len64(v) - gapBits - 1
	return min((shift+1)*gapSteps+int(v>>shift)-gapSteps, gapOctaves*gapSteps-1)
}

// gapUpper is the longest gap of a bucket.
func gapUpper(bucket int) time.Duration {
	if bucket < gapSteps {
		return time.Duration(bucket+1) * time.Microsecond
	}
	shift := bucket/gapSteps - 1
	return time.Duration((bucket%gapSteps+gapSteps+1)<<shift) * time.Microsecond
}

// quantile is what the share q of all gaps of several lanes does not exceed.
func quantile(q float64, lanes ...*arrivals) time.Duration {
	var total uint64
	var greatest time.Duration
	for _, a := range lanes {
		total += a.gaps
		greatest = max(greatest, a.greatest)
	}
	want := uint64(q*float64(total) + 0.999999)
	var seen uint64
	for i := range gapOctaves * gapSteps {
		for _, a := range lanes {
			seen += uint64(a.buckets[i])
		}
		if total > 0 && seen >= want {
			return min(gapUpper(i), greatest)
		}
	}
	return greatest
}
