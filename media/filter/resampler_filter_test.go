package filter_test

import (
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

const resamplerTick = 20 * time.Millisecond

// resampleTick runs one tick through a filter with one input and one output.
func resampleTick(f media.Filter, in *media.Frame) *media.Frame {
	out := []*media.Frame{nil}
	f.Process([]*media.Frame{in}, out)
	return out[0]
}

func newResampler(t *testing.T, from, to, channels int, tick time.Duration) media.Filter {
	t.Helper()
	f, err := filter.NewResampler(from, to, channels)
	if err != nil {
		t.Fatal(err)
	}
	f.(media.Preparer).Prepare(tick)
	return f
}

func TestResamplerFilterGivesOneTickForATick(t *testing.T) {
	t.Parallel()
	for _, p := range ratePairs() {
		for _, tick := range []time.Duration{resamplerTick, resamplerTick / 2} {
			in, out := media.Format{Rate: p[0], Channels: 2}, media.Format{Rate: p[1], Channels: 2}
			f := newResampler(t, p[0], p[1], 2, tick)
			frame := &media.Frame{PCM: make([]int16, in.Samples(tick)), Format: in}
			for i := range 30 {
				got := resampleTick(f, frame)
				if got == nil || len(got.PCM) != out.Samples(tick) || got.Format != out {
					t.Fatalf("%v, tick %d of %v: %+v", p, i, tick, got)
				}
			}
		}
	}
}

func TestResamplerFilterPassesATone(t *testing.T) {
	t.Parallel()
	for _, p := range [][2]int{{8000, 16000}, {16000, 8000}, {48000, 8000}, {8000, 48000}, {11025, 8000}} {
		f := newResampler(t, p[0], p[1], 1, resamplerTick)
		format := media.Format{Rate: p[0], Channels: 1}
		n := format.Samples(resamplerTick)
		in := audiotest.Tone(n*50, 1000, -3, time.Second) // as many samples a second as 50 ticks have
		var out []int16
		for ; len(in) >= n; in = in[n:] {
			out = append(out, resampleTick(f, &media.Frame{PCM: in[:n], Format: format}).PCM...)
		}
		if snr := audiotest.SNR(steady(out), p[1], 1000); snr < 90 {
			t.Errorf("%v: SNR %.1f dB", p, snr)
		}
		if at := audiotest.Clicks(out, p[1]); len(at) != 0 {
			t.Errorf("%v: clicks at %v", p, at)
		}
	}
}

func TestResamplerFilterPlaysOutItsTailThenPassesSilence(t *testing.T) {
	t.Parallel()
	format := media.Format{Rate: 16000, Channels: 1}
	f := newResampler(t, 16000, 8000, 1, resamplerTick)
	if resampleTick(f, nil) != nil {
		t.Fatal("audio before there was any")
	}
	for range 2 { // the second burst must not hear the first
		burst := audiotest.Tone(16000, 500, -6, resamplerTick)
		first := resampleTick(f, &media.Frame{PCM: burst, Format: format})
		all := append([]int16(nil), first.PCM...)
		ticks := 1
		for out := resampleTick(f, nil); out != nil; out = resampleTick(f, nil) {
			all = append(all, out.PCM...)
			if ticks++; ticks > 5 {
				t.Fatal("the tail does not end")
			}
		}
		lag, like := audiotest.Delay(audiotest.Tone(8000, 500, -6, resamplerTick), all, 200)
		if lag != 36 || like < 0.99 {
			t.Errorf("burst %d samples late, likeness %.3f", lag, like)
		}
		if p := audiotest.Peak(all[300:]); p != 0 {
			t.Errorf("the last tick ends with %d", p)
		}
	}
}

func TestResamplerFilterBearsFramesOfWrongLength(t *testing.T) {
	t.Parallel()
	format := media.Format{Rate: 16000, Channels: 1}
	f := newResampler(t, 16000, 8000, 1, resamplerTick)
	for i := range 200 {
		frame := &media.Frame{PCM: make([]int16, i*37%2000), Format: format}
		if out := resampleTick(f, frame); out != nil && len(out.PCM) != 160 {
			t.Fatalf("%d samples in, %d out", len(frame.PCM), len(out.PCM))
		}
	}
}

func TestResamplerFilterDoesNotAllocate(t *testing.T) {
	format := media.Format{Rate: 16000, Channels: 1}
	f := newResampler(t, 16000, 8000, 1, resamplerTick)
	in, out := []*media.Frame{{PCM: make([]int16, 320), Format: format}}, []*media.Frame{nil}
	if n := testing.AllocsPerRun(100, func() { f.Process(in, out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	in[0] = &media.Frame{PCM: make([]int16, 5000), Format: format}
	if n := testing.AllocsPerRun(100, func() { f.Process(in, out) }); n != 0 {
		t.Errorf("%v allocations for long frames", n)
	}
}
