package filter_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
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

// side is a source that plays a clip from a sample of the graph's time on, with
// pauses of whole ticks: those in which mute says so.
type side struct {
	rate int
	pcm  []int16 // the audio of the whole time
	mute func(tick int) bool
	at   int
	need int
	out  media.Frame
}

func (s *side) In() media.Format        { return media.Format{} }
func (s *side) Out() media.Format       { return media.Format{Rate: s.rate, Channels: 1} }
func (s *side) Prepare(d time.Duration) { s.need = s.Out().Samples(d) }
func (s *side) Name() string            { return "side" }
func (s *side) Process(_, out []*media.Frame) {
	from := s.at * s.need
	s.at++
	out[0] = nil
	if s.mute(s.at-1) || from+s.need > len(s.pcm) {
		return
	}
	s.out = media.Frame{PCM: s.pcm[from : from+s.need], Format: s.Out()}
	out[0] = &s.out
}

// deck is a sink that keeps the audio.
type deck struct {
	mu  sync.Mutex
	pcm []int16
}

func (d *deck) Write(f *media.Frame) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.Lost {
		d.pcm = append(d.pcm, make([]int16, f.Samples)...)
		return nil
	}
	d.pcm = append(d.pcm, f.PCM...)
	return nil
}
func (d *deck) Close() error { return nil }

// channel returns one channel of two.
func channel(pcm []int16, k int) []int16 {
	var one []int16
	for i := k; i < len(pcm); i += 2 {
		one = append(one, pcm[i])
	}
	return one
}

var sideRates = [][2]int{{8000, 8000}, {8000, 16000}, {16000, 8000}, {8000, 24000}, {8000, 48000}, {16000, 24000}, {16000, 48000}, {48000, 8000}, {24000, 16000}}

// TestSidesStayInStep plays the same sound on both sides: one from the beginning,
// the other seconds later, each with pauses of its own. Where both are heard they
// must be the same to the sample.
func TestSidesStayInStep(t *testing.T) {
	t.Parallel()
	for _, pair := range sideRates {
		for _, tick := range []time.Duration{10 * ms, 20 * ms} {
			if tick == 10*ms && pair[0]*2 != pair[1] {
				continue
			}
			t.Run(fmt.Sprintf("%d to %d, %v", pair[0], pair[1], tick), func(t *testing.T) {
				t.Parallel()
				pcm := audiotest.Noise(pair[0]*5, -20, 7)
				per := int(time.Second / tick)
				caller := &side{rate: pair[0], pcm: pcm, mute: func(i int) bool { return i > 3*per && i < 3*per+17 }}
				callee := &side{rate: pair[0], pcm: pcm, mute: func(i int) bool {
					return i < 2*per+1 || i > 4*per && i < 4*per+3
				}}
				heard := hearSides(t, caller, callee, filter.Stereo, pair[1], tick, 5*per)
				left, right := channel(heard, 0), channel(heard, 1)
				second := pair[1]
				for _, from := range []int{2*second + second/10, 3*second + second/2, 4*second + second/4} {
					n := second / 8
					a, b := left[from:from+n], right[from:from+n]
					if audiotest.RMS(a) < -30 {
						t.Fatalf("nothing is heard at %d", from)
					}
					if lag, alike := audiotest.Delay(a, b, second/50); lag != 0 || alike < 0.9999 {
						t.Errorf("from sample %d: %d samples apart, %.5f alike", from, lag, alike)
					}
				}
			})
		}
	}
}

// hearSides runs a graph of both sides for some ticks and returns what a sink gets.
func hearSides(t *testing.T, caller, callee media.Filter, mix filter.Mix, rate int, tick time.Duration, ticks int) []int16 {
	t.Helper()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{Tick: tick, Convert: filter.Convert})
	a, err := g.Add(caller, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := g.Add(callee, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := filter.NewSides(mix, rate)
	p, err := g.Add(f, 1, a, b)
	if err != nil {
		t.Fatal(err)
	}
	d := &deck{}
	if _, err := g.Spawn(p, d, media.LinkOptions{Size: time.Minute, Format: f.Out()}); err != nil {
		t.Fatal(err)
	}
	clock.Attach(g)
	clock.Advance(time.Duration(ticks) * tick)
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := ticks * f.Out().Samples(tick); len(d.pcm) != n {
		t.Fatalf("%d samples were heard, want %d", len(d.pcm), n)
	}
	return d.pcm
}

// TestSidesOfTwoRatesStayInStep has a side that needs no resampler beside one that
// does.
func TestSidesOfTwoRatesStayInStep(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]int{{16000, 8000, 16000}, {8000, 16000, 8000}, {8000, 16000, 24000}, {48000, 8000, 8000}, {8000, 48000, 48000}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			never := func(int) bool { return false }
			tone := func(rate int) *side {
				return &side{rate: rate, pcm: audiotest.Tones(rate, 3*time.Second, -20, 437, 1011, 2203, 2909), mute: never}
			}
			heard := hearSides(t, tone(c[0]), tone(c[1]), filter.Stereo, c[2], 20*ms, 150)
			left, right := channel(heard, 0)[c[2]:2*c[2]], channel(heard, 1)[c[2]:2*c[2]]
			if lag, alike := audiotest.Delay(left, right, c[2]/50); lag != 0 || alike < 0.85 {
				t.Errorf("%d samples apart, %.4f alike", lag, alike)
			}
		})
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
