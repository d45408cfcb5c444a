package filter

import (
	"fmt"
	"time"

	"rms/media"
)

// NewResampler returns a filter that changes the sample rate, in Hz, of audio
// with this number of channels. Each tick of input gives exactly one tick of
// output, some 4 ms late (half the filter's length). At the first tick without
// audio it plays out what it holds, then it passes the silence on.
//
// Where a tick is not a whole number of samples (11025 Hz at 20 ms) the filter
// goes by the samples that a tick has in both formats.
func NewResampler(from, to, channels int) (media.Filter, error) {
	if err := checkRates(from, to, channels); err != nil {
		return nil, err
	}
	r := &resampler{
		in:  media.Format{Rate: from, Channels: channels},
		out: media.Format{Rate: to, Channels: channels},
	}
	r.Prepare(20 * time.Millisecond)
	return r, nil
}

// resampler is a Resampler as a filter. Its output waits in pcm, so that inputs
// which are longer or shorter than a tick even out.
type resampler struct {
	in, out media.Format
	rate    *Resampler
	silence []int16 // one tick of input
	pcm     []int16 // output; the first tick of it belongs to the frame
	want    int     // samples of a tick of output
	used    int     // samples of pcm that the last frame had
	tail    int     // ticks of silence until the filter is empty
	frame   media.Frame
}

func (r *resampler) In() media.Format  { return r.in }
func (r *resampler) Out() media.Format { return r.out }
func (r *resampler) Name() string      { return fmt.Sprintf("resampler %d>%d", r.in.Rate, r.out.Rate) }

// Late returns half the length of the filter.
func (r *resampler) Late() time.Duration {
	return time.Duration(r.rate.design.taps/2) * time.Second / time.Duration(r.in.Rate)
}

// Prepare makes room for ticks of this length. A change starts the filter anew.
func (r *resampler) Prepare(tick time.Duration) {
	n := r.in.Samples(tick)
	r.want = r.out.Samples(tick)
	if n == 0 || r.want == 0 || len(r.silence) == n {
		return
	}
	d := designFor(r.in.Rate, r.out.Rate)
	if int64(n)*int64(r.out.Rate) != int64(r.want)*int64(r.in.Rate) {
		d = newDesign(r.want/gcd(n, r.want), n/gcd(n, r.want))
	}
	r.rate = newResampler(d, r.in.Channels)
	r.rate.Stream()
	r.silence = make([]int16, n)
	r.pcm = make([]int16, 0, 3*r.want+r.rate.MaxOut(2*n))
	r.used, r.tail = 0, 0
}

// Process resamples one tick.
func (r *resampler) Process(in, out []*media.Frame) {
	src := r.silence
	switch f := in[0]; {
	case f != nil && len(f.PCM) > 0:
		src = f.PCM[:min(len(f.PCM), 2*len(r.silence))]
		r.tail = 1 + (2*r.rate.design.taps*r.in.Channels)/(2*len(r.silence))
	case r.tail > 0:
		r.tail--
	default:
		out[0] = nil
		return
	}
	out[0] = r.turn(src)
}

func (r *resampler) turn(src []int16) *media.Frame {
	n := copy(r.pcm, r.pcm[r.used:])
	if n > 2*r.want { // the input is longer than its ticks: catch up
		n = copy(r.pcm, r.pcm[n-r.want:n])
	}
	r.pcm = r.rate.Process(r.pcm[:n], src)
	for len(r.pcm) < r.want {
		r.pcm = append(r.pcm, r.hold())
	}
	r.used = r.want
	r.frame = media.Frame{PCM: r.pcm[:r.want], Format: r.out}
	return &r.frame
}

// hold repeats the last sample of the channel whose turn it is, for an input that
// is shorter than its tick.
func (r *resampler) hold() int16 {
	if n := len(r.pcm) - r.out.Channels; n >= 0 {
		return r.pcm[n]
	}
	return 0
}
