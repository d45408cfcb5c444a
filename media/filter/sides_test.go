package filter_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

func pcmFrame(rate int, pcm ...int16) *media.Frame {
	return &media.Frame{PCM: pcm, Format: media.Format{Rate: rate, Channels: 1}}
}

// join gives f one tick with n samples of a (caller) and b (callee); 0 is no frame.
func join(f *filter.Sides, n int, a, b int16) *media.Frame {
	var in [2]*media.Frame
	for i, v := range []int16{a, b} {
		if v != 0 {
			in[i] = pcmFrame(8000, slices.Repeat([]int16{v}, n)...)
		}
	}
	out := make([]*media.Frame, 1)
	f.Process(in[:], out)
	return out[0]
}

func TestParseMixKnowsThreeNames(t *testing.T) {
	t.Parallel()
	for _, m := range []filter.Mix{filter.Mono, filter.Mixed, filter.Stereo} {
		if got, err := filter.ParseMix(m.String()); err != nil || got != m {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
	for _, bad := range []string{"", "Mono", "STEREO", "both", "mono "} {
		if m, err := filter.ParseMix(bad); err == nil {
			t.Errorf("%q is %v", bad, m)
		}
	}
}

// The rows of "mix | content" and of "missing side" in the table of mod_audio_stream.
func TestSidesContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		mix         filter.Mix
		caller      int16
		callee      int16
		left, right int16
	}{
		{"mono is the caller's audio only", filter.Mono, 6017, 3000, 6017, 6017},
		{"mono without caller is silence", filter.Mono, 0, 3000, 0, 0},
		{"mixed is the sum without attenuation", filter.Mixed, 6017, 3000, 9017, 9017},
		{"mixed is clipped", filter.Mixed, 30000, 30000, 32767, 32767},
		{"mixed is clipped below", filter.Mixed, -30000, -30000, -32768, -32768},
		{"mixed with nothing written is the caller", filter.Mixed, 6017, 0, 6017, 6017},
		{"mixed with nothing read is the callee", filter.Mixed, 0, 3000, 3000, 3000},
		{"mixed without both is silence", filter.Mixed, 0, 0, 0, 0},
		{"stereo left is the caller, right the callee", filter.Stereo, 6017, 3000, 6017, 3000},
		{"stereo with nothing written", filter.Stereo, 6017, 0, 6017, 0},
		{"stereo with nothing read", filter.Stereo, 0, 3000, 0, 3000},
		{"stereo without both is silence", filter.Stereo, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := filter.NewSides(c.mix, 8000)
			join(f, 160, 111, 222) // nothing of an earlier tick may be left
			fr := join(f, 160, c.caller, c.callee)
			if fr == nil || fr.Format != f.Out() || len(fr.PCM) != 160*c.mix.Channels() {
				t.Fatalf("frame %+v", fr)
			}
			for i, v := range fr.PCM {
				want := c.left
				if i%2 == 1 {
					want = c.right
				}
				if v != want {
					t.Fatalf("sample %d is %d, want %d", i, v, want)
				}
			}
		})
	}
}

func TestSidesHaveAFrameEachTickUnlessPaused(t *testing.T) {
	t.Parallel()
	f := filter.NewSides(filter.Stereo, 16000)
	for i, tick := range []time.Duration{20 * ms, 10 * ms} {
		f.Prepare(tick)
		if fr := join(f, 0, 0, 0); fr == nil || len(fr.PCM) != 640>>i {
			t.Errorf("%v: %+v", tick, fr)
		}
	}
	f.SetPaused(true)
	if join(f, 160, 1, 1) != nil {
		t.Error("audio while paused")
	}
	f.SetPaused(false)
	if join(f, 160, 1, 1) == nil {
		t.Error("no audio after the pause")
	}
}

func TestSidesCountFramesThatAreNoTickOfPCM(t *testing.T) {
	t.Parallel()
	f := filter.NewSides(filter.Stereo, 8000)
	out := make([]*media.Frame, 1)
	f.Process([]*media.Frame{encoded, pcmFrame(8000, 1, 2, 3)}, out)
	if audiotest.Peak(out[0].PCM) != 0 || f.Mismatched() != 2 {
		t.Errorf("a peak of %d, %d mismatched", audiotest.Peak(out[0].PCM), f.Mismatched())
	}
}

func TestSidesDoNotAllocate(t *testing.T) {
	for _, mix := range []filter.Mix{filter.Mono, filter.Mixed, filter.Stereo} {
		f := filter.NewSides(mix, 16000)
		a, b := pcmFrame(16000, make([]int16, 320)...), pcmFrame(16000, make([]int16, 320)...)
		in, out := []*media.Frame{a, b}, make([]*media.Frame, 1)
		if n := testing.AllocsPerRun(100, func() { f.Process(in, out) }); n != 0 {
			t.Errorf("%v: %v allocations", mix, n)
		}
	}
}

func TestSidesKeepTheirPlaceWhenOneIsTakenAway(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
	play := func(v int16) media.Pin {
		always := func(int) bool { return false }
		p, err := g.Add(&side{rate: 8000, pcm: slices.Repeat([]int16{v}, 80000), mute: always}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	caller, callee := play(1), play(2)
	sides, err := g.Add(filter.NewSides(filter.Stereo, 8000), 1, caller, callee)
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int16
	e := &lastFrame{}
	if _, err := g.Add(e, 0, sides); err != nil {
		t.Fatal(err)
	}
	turn := func() {
		g.Tick()
		got = append(got, [2]int16{e.pcm[0], e.pcm[1]})
	}
	connect := func(from media.Pin) {
		if err := g.Connect(from, sides); err != nil {
			t.Fatal(err)
		}
	}
	turn()
	g.Disconnect(caller, sides)
	turn()
	connect(caller)
	turn()
	g.Disconnect(callee, sides)
	turn()
	connect(callee)
	turn()
	g.Remove(caller)
	turn()
	if diff := cmp.Diff([][2]int16{{1, 2}, {0, 2}, {1, 2}, {1, 0}, {1, 2}, {0, 2}}, got); diff != "" {
		t.Error(diff)
	}
}

// lastFrame keeps what came last.
type lastFrame struct{ pcm []int16 }

func (l *lastFrame) Process(in, _ []*media.Frame) {
	if in[0] != nil {
		l.pcm = slices.Clone(in[0].PCM)
	}
}
func (l *lastFrame) Name() string { return "last" }
