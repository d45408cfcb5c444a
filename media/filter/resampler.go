package filter

import (
	"fmt"

	"rms/media"
)

// Resampler changes the sample rate of a stream by a polyphase filter with a
// Kaiser window: flat to 0.1 dB up to 0.425 of the lower rate (3.4 kHz for
// 8 kHz), and 96 dB down from half of it on. Blocks may have any length; several
// channels are interleaved. Process does not allocate when dst has room for
// MaxOut samples. It is used by one goroutine at a time.
//
// A new Resampler is aligned: its first sample belongs to the first one of the
// input, output comes Delay later than input, and Flush brings the rest. After
// Stream it answers each block at once, Delay samples late.
//
//	r, err := filter.NewRate(44100, 8000, 1)
//	out := r.Process(nil, pcm)
//	out = r.Flush(out)
type Resampler struct {
	design   *design
	channels int
	past     [][]float32 // by channel: the filter's reach, then what has not been used
	have     int         // samples in past, per channel
	at       int         // of the next output: index of the first tap in past
	phase    int         // of the next output: 0 to up-1
	taken    int64       // samples of input, per channel
	given    int64       // samples of output, per channel
	late     int         // samples of silence that Stream put before the input
}

// resampleBlock is how many samples per channel are taken in at once.
const resampleBlock = 512

// NewRate returns an aligned Resampler between two sample rates in Hz. Rates
// go from 1000 to 384000, channels from 1 to 8.
func NewRate(from, to, channels int) (*Resampler, error) {
	if err := checkRates(from, to, channels); err != nil {
		return nil, err
	}
	return newResampler(designFor(from, to), channels), nil
}

func checkRates(from, to, channels int) error {
	for _, rate := range []int{from, to} {
		if rate < 1000 || rate > 384000 {
			return fmt.Errorf("resample %d Hz to %d Hz: %w: a rate must be 1000 to 384000 Hz",
				from, to, media.ErrFormat)
		}
	}
	if err := (media.Format{Rate: from, Channels: channels}).Check(); err != nil {
		return fmt.Errorf("resample %d Hz to %d Hz: %w", from, to, err)
	}
	return nil
}

func newResampler(d *design, channels int) *Resampler {
	r := &Resampler{design: d, channels: channels}
	r.past = make([][]float32, channels)
	for c := range r.past {
		r.past[c] = make([]float32, r.design.taps+resampleBlock)
	}
	r.Reset()
	return r
}

// Reset forgets the stream and aligns again.
func (r *Resampler) Reset() {
	for _, p := range r.past {
		clear(p)
	}
	r.have = r.design.taps/2 - 1
	r.at, r.phase, r.taken, r.given, r.late = 0, 0, 0, 0, 0
}

// Stream makes a new or reset Resampler answer at once: each block of n samples
// brings n*to/from, Delay samples late. It begins with silence.
func (r *Resampler) Stream() {
	r.late = r.design.taps / 2
	r.have += r.late
}

// Delay returns by how much the output lags behind the input, in samples of the
// output per channel, rounded up.
func (r *Resampler) Delay() int {
	d := r.design
	return (d.taps/2*d.up + d.down - 1) / d.down
}

// MaxOut returns how many int16, all channels together, Process appends at most
// for n int16 of input.
func (r *Resampler) MaxOut(n int) int {
	d := r.design
	return (n/r.channels*d.up/d.down + 2) * r.channels
}

// Process appends the output for src to dst. A rest of src that is not a sample
// of every channel is left out.
func (r *Resampler) Process(dst, src []int16) []int16 {
	r.taken += int64(len(src) / r.channels)
	return r.process(dst, src)
}

func (r *Resampler) process(dst, src []int16) []int16 {
	for len(src) >= r.channels {
		n := min(len(src)/r.channels, resampleBlock)
		for c, p := range r.past {
			take(p[r.have:r.have+n], src[c:], r.channels)
		}
		r.have += n
		src = src[n*r.channels:]
		dst = r.run(dst, r.ready())
		r.drop()
	}
	return dst
}

// Flush appends what is still inside the filter, so that all output together has
// the length of all input times to/from, rounded up, plus Delay after Stream. The
// Resampler is reset afterwards.
func (r *Resampler) Flush(dst []int16) []int16 {
	d := r.design
	total := ((r.taken+int64(r.late))*int64(d.up) + int64(d.down) - 1) / int64(d.down)
	for left := total - r.given; left > 0; left = total - r.given {
		n := min(resampleBlock, d.taps)
		for _, p := range r.past {
			clear(p[r.have : r.have+n])
		}
		r.have += n
		dst = r.run(dst, int(min(left, int64(r.ready()))))
		r.drop()
	}
	r.Reset()
	return dst
}

// ready returns how many samples can be made of what is in past.
func (r *Resampler) ready() int {
	room := r.have - r.design.taps - r.at
	if room < 0 {
		return 0
	}
	d := r.design
	return ((room+1)*d.up - r.phase + d.down - 1) / d.down
}

// run appends n samples of each channel.
func (r *Resampler) run(dst []int16, n int) []int16 {
	if n <= 0 {
		return dst
	}
	had := len(dst)
	if need := had + n*r.channels; need > cap(dst) {
		dst = append(dst, make([]int16, n*r.channels)...)
	} else {
		dst = dst[:need]
	}
	var at, phase int
	for c, p := range r.past {
		at, phase = r.design.filter(dst[had+c:], n, r.channels, p, r.at, r.phase)
	}
	r.at, r.phase = at, phase
	r.given += int64(n)
	return dst
}

// drop moves what the next outputs still need to the front of past.
func (r *Resampler) drop() {
	gone := min(r.at, r.have)
	for _, p := range r.past {
		copy(p, p[gone:r.have])
	}
	r.have -= gone
	r.at -= gone
}

// take copies one channel of interleaved samples.
func take(dst []float32, src []int16, channels int) {
	if channels == 1 {
		for i, s := range src[:len(dst)] {
			dst[i] = float32(s)
		}
		return
	}
	for i := range dst {
		dst[i] = float32(src[i*channels])
	}
}
