package filter

import (
	"fmt"
	"sync/atomic"
	"time"

	"rms/media"
)

// Mix says what of the two sides of a call goes into one stream.
type Mix int

// The mixes, in the words of mod_audio_stream.
const (
	// Mono is the caller alone.
	Mono Mix = iota
	// Mixed is the sum of both sides on one channel, without attenuation.
	Mixed
	// Stereo has the caller on the left channel and the callee on the right.
	Stereo
)

var mixNames = [...]string{Mono: "mono", Mixed: "mixed", Stereo: "stereo"}

// ParseMix returns the mix named mono, mixed or stereo, in lower case.
func ParseMix(name string) (Mix, error) {
	for m, n := range mixNames {
		if n == name {
			return Mix(m), nil
		}
	}
	return Mono, fmt.Errorf("mix %q: allowed are mono, mixed, stereo", name)
}

// String returns the name of the mix.
func (m Mix) String() string {
	if m < 0 || int(m) >= len(mixNames) {
		return fmt.Sprintf("mix(%d)", int(m))
	}
	return mixNames[m]
}

// Channels returns how many channels a stream of this mix has.
func (m Mix) Channels() int {
	if m == Stereo {
		return 2
	}
	return 1
}

// Sides joins the two sides of a call: input 0 is the caller, input 1 the callee. It
// has audio in every tick, unless it is paused: a side that is silent, or is not
// there, is zeros, so that what listens needs no clock of its own. Both sides stay in
// step: one without a resampler waits for the other's.
type Sides struct {
	mix      Mix
	rate     int // in Hz
	need     int // samples of a tick
	paused   atomic.Bool
	mismatch atomic.Uint64
	lines    [2]sideLine
	pcm      []int16
	out      media.Frame
}

// NewSides returns the filter for a stream at a rate in Hz.
func NewSides(mix Mix, rate int) *Sides {
	f := &Sides{mix: mix, rate: rate}
	f.Prepare(media.DefaultTick)
	return f
}

// SetPaused stops the audio, or lets it go on, from the next tick; any goroutine may
// call it.
func (f *Sides) SetPaused(on bool) { f.paused.Store(on) }

// Mismatched counts frames that were taken for silence because they were encoded or
// not of a tick's length; any goroutine may ask.
func (f *Sides) Mismatched() uint64 { return f.mismatch.Load() }

// Name returns "sides" and the mix.
func (f *Sides) Name() string { return "sides " + f.mix.String() }

// In returns mono audio of the rate.
func (f *Sides) In() media.Format { return media.Format{Rate: f.rate, Channels: 1} }

// Out returns the same, with two channels for Stereo.
func (f *Sides) Out() media.Format { return media.Format{Rate: f.rate, Channels: f.mix.Channels()} }

// Prepare sets the length of a tick.
func (f *Sides) Prepare(tick time.Duration) {
	f.need = f.In().Samples(tick)
	f.pcm = room(f.pcm, f.need*f.mix.Channels())
	f.out = media.Frame{PCM: f.pcm, Format: f.Out()}
	for i := range f.lines {
		f.lines[i].set(f.lines[i].late, f.need)
	}
}

// Align lets the side that comes earlier wait for the other. The caller alone waits
// for nobody.
func (f *Sides) Align(late []time.Duration) {
	var latest time.Duration
	for i, d := range late {
		if i == 0 || f.mix != Mono {
			latest = max(latest, d)
		}
	}
	for i := range f.lines {
		wait := time.Duration(0)
		if i < len(late) {
			wait = max(latest-late[i], 0)
		}
		f.lines[i].set(f.In().Samples(wait+time.Second/time.Duration(2*f.rate)), f.need)
	}
}

// Process joins one tick.
func (f *Sides) Process(in, out []*media.Frame) {
	if f.paused.Load() {
		out[0] = nil
		return
	}
	caller := f.side(in, 0)
	switch f.mix {
	case Mono:
		put(f.pcm, caller)
	case Mixed:
		f.sum(caller, f.side(in, 1))
	default:
		spread(f.pcm, caller)
		spread(f.pcm[1:], f.side(in, 1))
	}
	out[0] = &f.out
}

// side returns a tick of an input, nil for silence.
func (f *Sides) side(in []*media.Frame, i int) []int16 {
	var pcm []int16
	switch {
	case i >= len(in) || in[i] == nil:
	case len(in[i].PCM) != f.need:
		f.mismatch.Add(1)
	default:
		pcm = in[i].PCM
	}
	return f.lines[i].turn(pcm)
}

func (f *Sides) sum(a, b []int16) {
	switch {
	case a == nil:
		put(f.pcm, b)
	case b == nil:
		put(f.pcm, a)
	default:
		add(f.pcm, a, b)
	}
}

// put copies src, or zeros for nil.
func put(dst, src []int16) {
	clear(dst[copy(dst, src):])
}

// spread writes src to every second sample of dst, or zeros for nil.
func spread(dst, src []int16) {
	if src == nil {
		for i := 0; i < len(dst); i += 2 {
			dst[i] = 0
		}
		return
	}
	for i, v := range src {
		dst[2*i] = v
	}
}
