package filter

import (
	"math"
	"time"

	"rms/media"
)

// Tone is a sine without end, the same on all channels.
type Tone struct {
	format media.Format
	peak   float64
	phase  float64 // of the next sample, in radians
	step   float64
	pcm    []int16
	out    media.Frame
}

// NewTone returns a source of a sine of freq Hz at a level in dBFS, where 0 is a
// sine that just fits into 16 bits. In PCMU that is +3.17 dBm0.
func NewTone(freq, dBFS float64, format media.Format) *Tone {
	f := &Tone{
		format: format,
		peak:   32767 * math.Pow(10, min(dBFS, 0)/20),
		step:   2 * math.Pi * freq / float64(format.Rate),
	}
	f.Prepare(media.DefaultTick)
	return f
}

// Name returns "tone".
func (f *Tone) Name() string { return "tone" }

// In returns the zero Format: a tone has no input.
func (f *Tone) In() media.Format { return media.Format{} }

// Out returns the tone's format.
func (f *Tone) Out() media.Format { return f.format }

// Prepare makes room for a tick.
func (f *Tone) Prepare(tick time.Duration) {
	f.pcm = make([]int16, f.format.Samples(tick))
	f.out = media.Frame{PCM: f.pcm, Format: f.format}
}

// Process writes a tick. The sine runs as a rotation that starts afresh from the
// exact phase each tick, so that it neither drifts nor fades.
func (f *Tone) Process(_, out []*media.Frame) {
	re, im := f.peak*math.Cos(f.phase), f.peak*math.Sin(f.phase)
	c, s := math.Cos(f.step), math.Sin(f.step)
	channels := f.format.Channels
	for i := 0; i < len(f.pcm); i += channels {
		v := int16(math.Round(im))
		for k := range channels {
			f.pcm[i+k] = v
		}
		re, im = re*c-im*s, re*s+im*c
	}
	f.phase = math.Mod(f.phase+float64(len(f.pcm)/channels)*f.step, 2*math.Pi)
	out[0] = &f.out
}
