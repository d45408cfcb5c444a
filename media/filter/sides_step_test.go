package filter_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

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
