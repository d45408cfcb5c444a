package filter

import (
	"math"
	"sync/atomic"

	"rms/media"
)

// unity is a factor of 1 in the fixed point of Gain: 16 bits behind the point.
const unity = 1 << 16

// MaxGain is the most that a Gain raises the level, in dB.
const MaxGain = 40

// Gain changes the level. A change glides over one tick, so that it does not
// click; 0 dB passes frames through.
type Gain struct {
	want atomic.Int64
	have int64
	pcm  []int16
	out  media.Frame
}

// NewGain returns a filter that raises the level by dB (lowers it when negative).
func NewGain(dB float64) *Gain {
	f := &Gain{}
	f.Set(dB)
	f.have = f.want.Load()
	return f
}

// Set changes the gain, in dB, at most MaxGain; -100 and less is silence. Any
// goroutine may call it.
func (f *Gain) Set(dB float64) {
	v := int64(0)
	if dB > -100 {
		v = int64(math.Round(unity * math.Pow(10, min(dB, MaxGain)/20)))
	}
	f.want.Store(v)
}

// Name returns "gain".
func (f *Gain) Name() string { return "gain" }

// Process changes the level of a tick. Encoded audio passes unchanged.
func (f *Gain) Process(in, out []*media.Frame) {
	fr := in[0]
	want := f.want.Load()
	if fr == nil || len(fr.PCM) == 0 || (want == unity && f.have == unity) {
		f.have = want
		out[0] = fr
		return
	}
	f.pcm = room(f.pcm, len(fr.PCM))
	if want == f.have {
		scale(f.pcm, fr.PCM, want)
	} else {
		glide(f.pcm, fr.PCM, f.have, want)
		f.have = want
	}
	f.out = media.Frame{PCM: f.pcm, Format: fr.Format, Marker: fr.Marker}
	out[0] = &f.out
}

// scale writes src times k, in fixed point, to dst of the same length.
func scale(dst, src []int16, k int64) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = int16(max(-32768, min((int64(v)*k+unity/2)>>16, 32767)))
	}
}

// glide is scale with a factor that goes from one to the other.
func glide(dst, src []int16, from, to int64) {
	dst = dst[:len(src)]
	step := (to - from) * unity / int64(len(src))
	k := from * unity
	for i, v := range src {
		k += step
		dst[i] = int16(max(-32768, min((int64(v)*(k>>16)+unity/2)>>16, 32767)))
	}
}

// room returns a slice of length n, the old one when it is long enough.
func room(pcm []int16, n int) []int16 {
	if cap(pcm) >= n {
		return pcm[:n]
	}
	return make([]int16, n)
}
