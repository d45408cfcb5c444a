package filter

import (
	"fmt"
	"time"

	"rms/media"
)

// Channels changes the number of channels: to mono by the mean of all, from mono
// by copies. Else output k is the mean of the inputs k, k+n, k+2n..., where n is
// the number of outputs, and repeats them when there are more outputs.
type Channels struct {
	rate     int
	from, to int
	pcm      []int16
	out      media.Frame
}

// NewChannels returns a channel mixer for a sample rate in Hz, with 1 to 8
// channels on both sides.
func NewChannels(rate, from, to int) (*Channels, error) {
	if from < 1 || from > 8 || to < 1 || to > 8 {
		return nil, fmt.Errorf("%w: %d channels to %d, allowed are 1 to 8", media.ErrFormat, from, to)
	}
	return &Channels{rate: rate, from: from, to: to}, nil
}

// Name returns the numbers of channels, as in "channels 2>1".
func (f *Channels) Name() string { return fmt.Sprintf("channels %d>%d", f.from, f.to) }

// In returns the format before.
func (f *Channels) In() media.Format { return media.Format{Rate: f.rate, Channels: f.from} }

// Out returns the format after.
func (f *Channels) Out() media.Format { return media.Format{Rate: f.rate, Channels: f.to} }

// Prepare makes room for a tick.
func (f *Channels) Prepare(tick time.Duration) { f.pcm = room(f.pcm, f.Out().Samples(tick)) }

// Process changes a tick. Encoded audio passes unchanged.
func (f *Channels) Process(in, out []*media.Frame) {
	fr := in[0]
	if fr == nil || len(fr.PCM) == 0 || f.from == f.to {
		out[0] = fr
		return
	}
	n := len(fr.PCM) / f.from
	f.pcm = room(f.pcm, n*f.to)
	f.mix(fr.PCM, n)
	f.out = media.Frame{PCM: f.pcm, Format: f.Out(), Marker: fr.Marker}
	out[0] = &f.out
}

func (f *Channels) mix(src []int16, n int) {
	for i := range n {
		from, to := src[i*f.from:][:f.from], f.pcm[i*f.to:][:f.to]
		for k := range to {
			to[k] = mean(from, k%f.from, f.to)
		}
	}
}

// mean returns the mean of every step-th sample from first on.
func mean(src []int16, first, step int) int16 {
	sum, n := int32(0), int32(0)
	for i := first; i < len(src); i += step {
		sum += int32(src[i])
		n++
	}
	return int16(sum / n)
}
