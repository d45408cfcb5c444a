package sink

import "math"

// floorDBFS is the level of silence in figures: JSON has no infinity.
const floorDBFS = -120.0

// level measures one side of a stream. 0 dBFS is a sine that just fits.
type level struct {
	squares float64 // of all samples
	samples int64
	peak    int

	recentSquares float64 // since the last look
	recentSamples int64
}

// add measures one channel of interleaved samples.
func (l *level) add(pcm []int16, channel, channels int) {
	var sum uint64
	peak, n := 0, 0
	for i := channel; i < len(pcm); i += channels {
		v := int(pcm[i])
		sum += uint64(v * v)
		peak = max(peak, v, -v)
		n++
	}
	l.squares += float64(sum)
	l.samples += int64(n)
	l.recentSquares += float64(sum)
	l.recentSamples += int64(n)
	l.peak = max(l.peak, peak)
}

// whole is the level of everything so far.
func (l *level) whole() float64 { return dBFS(2*l.squares, l.samples) }

// top is the level of the largest sample.
func (l *level) top() float64 { return dBFS(float64(l.peak)*float64(l.peak), 1) }

// recent is the level since the last call.
func (l *level) recent() float64 {
	v := dBFS(2*l.recentSquares, l.recentSamples)
	l.recentSquares, l.recentSamples = 0, 0
	return v
}

func dBFS(squares float64, samples int64) float64 {
	if samples == 0 || squares == 0 {
		return floorDBFS
	}
	return max(floorDBFS, 10*math.Log10(squares/float64(samples)/(32767*32767)))
}
