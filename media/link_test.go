package media_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
)

// disk is a sink that keeps the first sample of each frame (-n for n lost ones)
// and, with a gate, waits for it before each.
type disk struct {
	gate   chan struct{}
	shut   chan struct{}
	broken error
	enter  chan struct{} // told at each Write when there is one

	mu     sync.Mutex
	heard  []int
	closed int
}

func newDisk(gate chan struct{}) *disk { return &disk{gate: gate, shut: make(chan struct{})} }

func (d *disk) Write(f *media.Frame) error {
	if d.enter != nil {
		d.enter <- struct{}{}
	}
	if d.gate != nil {
		select {
		case <-d.gate:
		case <-d.shut:
			return io.ErrClosedPipe
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case f.Lost:
		d.heard = append(d.heard, -f.Samples)
	case f.Payload != nil:
		d.heard = append(d.heard, int(f.Payload[0]))
	default:
		d.heard = append(d.heard, int(f.PCM[0]))
	}
	return d.broken
}

func (d *disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed++; d.closed == 1 {
		close(d.shut)
	}
	return nil
}

func (d *disk) got() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]int(nil), d.heard...)
}

func count(from, to int) []int {
	var list []int
	for ; from <= to; from++ {
		list = append(list, from)
	}
	return list
}

func spawned(t *testing.T, d media.Sink, o media.LinkOptions, g *media.Graph) *media.Link {
	t.Helper()
	pin := must[media.Pin](t)
	return must[*media.Link](t)(g.Spawn(pin(g.Add(newCounter(), 1)), d, o))
}

func TestSinkGetsEverythingBeforeCloseReturns(t *testing.T) {
	t.Parallel()
	pool := media.NewBlockPool(0)
	g := media.NewGraph(media.GraphOptions{Pool: pool})
	d := newDisk(nil)
	spawned(t, d, media.LinkOptions{Size: time.Second, Name: "disk"}, g)
	for range 40 {
		g.Tick()
	}
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(count(1, 40), d.got()); diff != "" || d.closed != 1 {
		t.Errorf("closed %d times: %s", d.closed, diff)
	}
	if pool.Used() != 0 {
		t.Errorf("%d bytes of the pool are still lent", pool.Used())
	}
	if err := g.Close(context.Background()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestSlowSinkLosesByItsPolicyAndIsToldHowMuch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		full media.Policy
		want []int
	}{
		// Frame 1 is in Write; 100 ms hold 5 frames of the 10 that follow.
		"oldest": {media.DropOldest, []int{1, -5 * 160, 7, 8, 9, 10, 11, 12}},
		"newest": {media.DropNewest, []int{1, 2, 3, 4, 5, 6, -5 * 160, 12}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := media.NewGraph(media.GraphOptions{})
			d := newDisk(make(chan struct{}))
			d.enter = make(chan struct{}, 100)
			l := spawned(t, d, media.LinkOptions{Size: 100 * time.Millisecond, Full: c.full}, g)
			g.Tick()
			<-d.enter
			for range 10 {
				g.Tick()
			}
			if s := l.Stats(); s.Dropped != 5 || s.Queued != 100*time.Millisecond {
				t.Errorf("stats %+v", s)
			}
			close(d.gate)
			eventually(t, "an empty ring", func() bool { return l.Stats().Queued == 0 })
			g.Tick()
			if err := l.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, d.got()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSinkThatHangsIsLeftToTheReaper(t *testing.T) {
	t.Parallel()
	reaper := &media.Reaper{}
	g := media.NewGraph(media.GraphOptions{Reaper: reaper})
	d := newDisk(nil)
	d.enter = make(chan struct{}) // deaf to Close
	spawned(t, d, media.LinkOptions{Name: "deaf"}, g)
	g.Tick()
	g.Tick()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	err := g.Close(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "deaf") {
		t.Errorf("Close: %v", err)
	}
	if reaper.Left() != 1 {
		t.Errorf("%d left", reaper.Left())
	}
	<-d.enter
	if err := reaper.Wait(context.Background()); err != nil || reaper.Left() != 0 {
		t.Errorf("%v, %d left", err, reaper.Left())
	}
}

func TestSinkThatBlocksIsInterruptedByClose(t *testing.T) {
	t.Parallel()
	reaper := &media.Reaper{}
	g := media.NewGraph(media.GraphOptions{Reaper: reaper})
	d := newDisk(make(chan struct{}))
	l := spawned(t, d, media.LinkOptions{}, g)
	g.Tick()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := l.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	<-l.Done()
	if err := reaper.Wait(context.Background()); err != nil {
		t.Error(err)
	}
	g.Tick() // the link is out of the graph
}

func TestSinkThatBlocksForEverDelaysNobody(t *testing.T) {
	t.Parallel()
	reaper, pool := &media.Reaper{}, media.NewBlockPool(0)
	g := media.NewGraph(media.GraphOptions{Reaper: reaper, Pool: pool})
	deaf, ears := newDisk(nil), newDisk(nil)
	deaf.enter = make(chan struct{}) // deaf to Close
	stuck := spawned(t, deaf, media.LinkOptions{Name: "deaf"}, g)
	free := spawned(t, ears, media.LinkOptions{Size: time.Minute}, g)
	clock := media.NewManualClock()
	clock.Attach(g)
	clock.Advance(time.Minute)
	if s := stuck.Stats(); s.Queued > media.DefaultRing || s.Lost+s.Queued < time.Minute-40*time.Millisecond || pool.Used() > 4<<20 {
		t.Errorf("stats %+v, %d bytes lent", s, pool.Used())
	}
	eventually(t, "the other sink", func() bool { return len(ears.got()) == 3000 })
	if s := free.Stats(); s.Dropped != 0 {
		t.Errorf("the other sink: %+v", s)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := stuck.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || reaper.Left() != 1 {
		t.Errorf("%v, %d left", err, reaper.Left())
	}
	clock.Advance(time.Second)
	if err := g.Close(context.Background()); err != nil || reaper.Left() != 1 {
		t.Errorf("the graph waits for a sink that it gave up: %v, %d left", err, reaper.Left())
	}
	if s := stuck.Stats(); s.Lost < time.Minute-40*time.Millisecond || s.Queued != 0 {
		t.Errorf("after Close: %+v", s)
	}
	for running := true; running; {
		select {
		case <-deaf.enter:
		case <-stuck.Done():
			running = false
		}
	}
	if err := reaper.Wait(context.Background()); err != nil || pool.Used() != 0 {
		t.Errorf("%v, %d bytes lent", err, pool.Used())
	}
}

func TestSinkThatFailsIsReportedAndTheGraphGoesOn(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	reported := make(chan error, 1)
	g := media.NewGraph(media.GraphOptions{OnError: func(where string, err error) {
		if where == "disk" {
			reported <- err
		}
	}})
	d := newDisk(nil)
	d.broken = full
	l := spawned(t, d, media.LinkOptions{Name: "disk"}, g)
	g.Tick()
	if err := <-reported; !errors.Is(err, full) {
		t.Errorf("reported %v", err)
	}
	<-l.Done()
	g.Tick()
	if s := l.Stats(); s.Dropped == 0 || s.Queued != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestSinkThatPanicsIsReportedAndGivesItsBlockBack(t *testing.T) {
	t.Parallel()
	reported := make(chan error, 1)
	pool := media.NewBlockPool(0)
	g := media.NewGraph(media.GraphOptions{Pool: pool, OnError: func(_ string, err error) { reported <- err }})
	pin := must[media.Pin](t)
	l := must[*media.Link](t)(g.Spawn(pin(g.Add(newCounter(), 1)), mine{}, media.LinkOptions{}))
	g.Tick()
	var p *media.PanicError
	if err := <-reported; !errors.As(err, &p) {
		t.Errorf("reported %v", err)
	}
	<-l.Done()
	if pool.Used() != 0 {
		t.Errorf("%d bytes are still lent", pool.Used())
	}
}

// mine is a sink that panics.
type mine struct{}

func (mine) Write(*media.Frame) error { panic("boom") }
func (mine) Close() error             { return nil }

func TestSinkHearsSilenceWhenItAsks(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	nothing := pin(g.Add(&ear{quiet: true}, 1))
	loud, quiet := newDisk(nil), newDisk(nil)
	must[*media.Link](t)(g.Spawn(nothing, loud, media.LinkOptions{Silence: true, Format: mono8}))
	must[*media.Link](t)(g.Spawn(nothing, quiet, media.LinkOptions{Format: mono8}))
	g.Tick()
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(loud.got()) != 1 || len(quiet.got()) != 0 {
		t.Errorf("heard %v and %v", loud.got(), quiet.got())
	}
	if _, err := g.Spawn(nothing, loud, media.LinkOptions{Silence: true}); !errors.Is(err, media.ErrFormat) {
		t.Errorf("Silence without a format: %v", err)
	}
}

func TestPoolThatIsEmptyCostsFramesNotMemory(t *testing.T) {
	t.Parallel()
	pool := media.NewBlockPool(1100) // two frames of 160
	g := media.NewGraph(media.GraphOptions{Pool: pool})
	d := newDisk(make(chan struct{}))
	d.enter = make(chan struct{}, 100)
	l := spawned(t, d, media.LinkOptions{Size: time.Second}, g)
	g.Tick()
	<-d.enter
	for range 4 {
		g.Tick()
	}
	if s := l.Stats(); s.Dropped != 3 || pool.Used() > 1100 {
		t.Errorf("stats %+v, %d bytes lent", s, pool.Used())
	}
	close(d.gate)
	eventually(t, "an empty ring", func() bool { return pool.Used() == 0 })
	g.Tick()
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1, 2, -3 * 160, 6}, d.got()); diff != "" {
		t.Error(diff)
	}
}

func TestSinkDoesNotAllocate(t *testing.T) {
	g := media.NewGraph(media.GraphOptions{})
	d := newDisk(make(chan struct{}))
	l := spawned(t, d, media.LinkOptions{Size: 100 * time.Millisecond}, g)
	for range 20 {
		g.Tick()
	}
	if n := testing.AllocsPerRun(200, g.Tick); n >= 1 {
		t.Errorf("%v allocations a tick", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = g.Close(ctx)
	<-l.Done()
}

// TestEveryFrameArrivesOrIsCounted races a tick against a sink: what the sink
// hears and what it is told to be lost make up the whole, in order.
func TestEveryFrameArrivesOrIsCounted(t *testing.T) {
	t.Parallel()
	for name, full := range map[string]media.Policy{"oldest": media.DropOldest, "newest": media.DropNewest} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := media.NewBlockPool(8 * 512)
			g := media.NewGraph(media.GraphOptions{Pool: pool})
			d := newDisk(nil)
			l := spawned(t, d, media.LinkOptions{Size: 200 * time.Millisecond, Full: full}, g)
			const ticks = 20000
			for i := range ticks {
				g.Tick()
				if i%64 == 0 {
					runtime.Gosched()
				}
			}
			if err := g.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			next, lost := 1, 0
			for _, v := range d.got() {
				if v < 0 {
					next += -v / 160
					lost += -v / 160
					continue
				}
				if v != next {
					t.Fatalf("heard frame %d, want %d", v, next)
				}
				next++
			}
			if pool.Used() != 0 {
				t.Errorf("%d bytes are still lent", pool.Used())
			}
			if s := l.Stats(); next != ticks+1 || s.Dropped != uint64(lost) || s.Lost != time.Duration(lost)*20*time.Millisecond {
				t.Errorf("%d of %d frames are accounted for, %d lost, %+v", next-1, ticks, lost, s)
			}
		})
	}
}
