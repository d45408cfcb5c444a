package media_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
)

// tape is a source of the samples 1, 2, 3... in frames of the given lengths.
type tape struct {
	lengths []int
	format  media.Format
	end     error
	bytes   bool
	panics  bool
	next    int16
	hang    chan struct{} // when set, Read blocks at the end until Close
	closed  int
}

func (s *tape) Read(f *media.Frame) error {
	if s.panics {
		panic("boom")
	}
	if len(s.lengths) == 0 {
		if s.hang != nil {
			<-s.hang
			return io.ErrClosedPipe
		}
		return s.end
	}
	n := s.lengths[0]
	s.lengths = s.lengths[1:]
	if s.bytes {
		s.next++
		f.Payload, f.Encoding, f.Samples = append(f.Payload, byte(s.next)), "PCMU/8000", n
		return nil
	}
	f.Format = s.format
	for range n {
		s.next++
		f.PCM = append(f.PCM, s.next)
	}
	return nil
}

func (s *tape) Close() error {
	s.closed++
	if s.hang != nil {
		close(s.hang)
	}
	return nil
}

// play feeds s and ticks until it has ended; it returns the frames and the error.
func play(t *testing.T, s *tape, o media.LinkOptions) (frames [][]int16, late uint64, ended error) {
	t.Helper()
	g := media.NewGraph(media.GraphOptions{})
	done := false
	at := 0 // ticks with audio when it ended; the one that ends it may carry the last
	pin, err := g.Feed(s, o, func(err error) { done, ended, at = true, err, len(frames) })
	if err != nil {
		t.Fatal(err)
	}
	c := &collect{}
	_, _ = g.Add(c, 0, pin)
	eventually(t, "the end of the source", func() bool {
		g.Tick()
		frames = c.frames
		return done
	})
	if more := len(frames) - at; more > 1 {
		t.Errorf("ended after %d frames, then %d more came", at, more)
	}
	late = g.Link(pin).Stats().Starved
	if g.Tick(); len(c.frames) != len(frames) {
		t.Errorf("%d frames after the end", len(c.frames)-len(frames))
	}
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s.closed != 1 {
		t.Errorf("source closed %d times", s.closed)
	}
	return frames, late, ended
}

// collect keeps copies of all frames.
type collect struct{ frames [][]int16 }

func (c *collect) Process(in, _ []*media.Frame) {
	if f := in[0]; f != nil {
		pcm := append([]int16(nil), f.PCM...)
		for _, b := range f.Payload {
			pcm = append(pcm, int16(b))
		}
		c.frames = append(c.frames, pcm)
	}
}

func TestSourceIsCutIntoTicksAndItsEndFilledUp(t *testing.T) {
	t.Parallel()
	frames, _, err := play(t, &tape{lengths: []int{1, 159, 400, 16000, 7}, format: mono8, end: io.EOF},
		media.LinkOptions{Format: mono8})
	if err != nil {
		t.Errorf("ended with %v", err)
	}
	next := int16(0)
	for i, f := range frames {
		if len(f) != 160 {
			t.Fatalf("frame %d has %d samples", i, len(f))
		}
		for k, v := range f {
			if next < 16567 {
				next++
				if v != next {
					t.Fatalf("frame %d sample %d is %d, want %d", i, k, v, next)
				}
			} else if v != 0 {
				t.Fatalf("frame %d sample %d is %d after the end", i, k, v)
			}
		}
	}
	if len(frames) != 104 || next != 16567 {
		t.Errorf("%d frames with %d samples", len(frames), next)
	}
}

// signalling says when it was closed: its end is known to the graph by then.
type signalling struct {
	tape
	closed chan struct{}
}

func (s *signalling) Close() error {
	close(s.closed)
	return nil
}

func TestFirstAudioIsHeardOnTheFirstTickAndTheEndIsKnownOnTheLast(t *testing.T) {
	t.Parallel()
	first := make([]int16, 400) // two ticks and a half
	for i := range first {
		first[i] = int16(i + 1)
	}
	g := media.NewGraph(media.GraphOptions{})
	s := &signalling{tape: tape{lengths: []int{240}, format: mono8, end: io.EOF}, closed: make(chan struct{})}
	at := 0
	c := &collect{}
	pin, err := g.Feed(s, media.LinkOptions{Format: mono8, First: first}, func(error) { at = len(c.frames) + 1 })
	if err != nil {
		t.Fatal(err)
	}
	_, _ = g.Add(c, 0, pin)
	g.Tick()
	g.Tick()
	if len(c.frames) != 2 || c.frames[1][159] != 320 {
		t.Fatalf("%d frames in two ticks", len(c.frames))
	}
	<-s.closed
	g.Tick()
	g.Tick()
	if len(c.frames) != 4 || at != 4 || c.frames[2][0] != 321 || c.frames[2][80] != 1 || c.frames[3][159] != 240 {
		t.Errorf("%d frames, ended on the %d.: %v", len(c.frames), at, c.frames[2:])
	}
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestSourceOfPayloadsDeliversOneEachTick(t *testing.T) {
	t.Parallel()
	frames, _, err := play(t, &tape{lengths: []int{160, 160, 160}, bytes: true, end: io.EOF}, media.LinkOptions{})
	if diff := cmp.Diff([][]int16{{1}, {2}, {3}}, frames); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

func TestSourceThatFailsEndsWithItsError(t *testing.T) {
	t.Parallel()
	bad := errors.New("bad sector")
	frames, _, err := play(t, &tape{lengths: []int{160}, format: mono8, end: bad}, media.LinkOptions{Format: mono8})
	if !errors.Is(err, bad) || len(frames) != 1 {
		t.Errorf("%d frames, then %v", len(frames), err)
	}
	_, _, err = play(t, &tape{panics: true}, media.LinkOptions{Format: mono8})
	var p *media.PanicError
	if !errors.As(err, &p) {
		t.Errorf("a panic ended it with %v", err)
	}
	_, _, err = play(t, &tape{lengths: []int{160}, format: media.Format{Rate: 16000, Channels: 1}}, media.LinkOptions{Format: mono8})
	if !errors.Is(err, media.ErrFormat) {
		t.Errorf("a wrong format ended it with %v", err)
	}
}

func TestSourceIsReadNoFasterThanItPlays(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	s := &tape{format: mono8, end: io.EOF}
	for range 1000 {
		s.lengths = append(s.lengths, 160)
	}
	pin, err := g.Feed(s, media.LinkOptions{Format: mono8, Size: 100 * time.Millisecond}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := g.Link(pin)
	eventually(t, "a full ring", func() bool { return l.Stats().Queued == 100*time.Millisecond })
	if n := l.Stats().Frames; n != 5 {
		t.Errorf("%d frames were read into a ring of 5", n)
	}
	g.Remove(pin)
	<-l.Done()
	g.Tick()
	if s.closed != 1 {
		t.Errorf("removed source closed %d times", s.closed)
	}
}

func TestSourceThatIsLateCostsTicksNotSamples(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	s := &tape{lengths: []int{240}, format: mono8, hang: make(chan struct{})}
	pin, err := g.Feed(s, media.LinkOptions{Format: mono8}, func(error) { t.Error("ended was called") })
	if err != nil {
		t.Fatal(err)
	}
	c := &collect{}
	_, _ = g.Add(c, 0, pin)
	eventually(t, "the first frame", func() bool { g.Tick(); return len(c.frames) > 0 })
	for range 3 {
		g.Tick()
	}
	if n := g.Link(pin).Stats().Starved; n != 3 || len(c.frames) != 1 {
		t.Errorf("starved %d times, %d frames", n, len(c.frames))
	}
	if err := g.Close(context.Background()); err != nil { // interrupts Read
		t.Error(err)
	}
}

func TestSourceKeepsItsSamplesWhenTheTickChanges(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	s := &tape{lengths: []int{1000}, format: mono8, end: io.EOF}
	done := false
	pin, err := g.Feed(s, media.LinkOptions{Format: mono8}, func(error) { done = true })
	if err != nil {
		t.Fatal(err)
	}
	c := &collect{}
	_, _ = g.Add(c, 0, pin)
	ticks := []time.Duration{10, 30, 20, 5}
	i := 0
	eventually(t, "the end", func() bool {
		g.SetTick(ticks[i%4] * time.Millisecond)
		i++
		g.Tick()
		return done
	})
	next := int16(0)
	for _, f := range c.frames {
		for _, v := range f {
			if next++; v != next && next <= 1000 {
				t.Fatalf("sample %d is %d", next, v)
			}
		}
	}
	if next < 1000 {
		t.Errorf("%d samples came", next)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestFormatWithoutWholeTicksIsRefused(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	_, err := g.Feed(&tape{}, media.LinkOptions{Name: "x", Format: media.Format{Rate: 11025, Channels: 1}}, nil)
	if !errors.Is(err, media.ErrFormat) {
		t.Errorf("Feed: %v", err)
	}
}
