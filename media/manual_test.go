package media_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
)

func TestManualClockTicksEachGraphAtItsOwnLength(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	var before, after int
	clock.Hooks(func(int) { before++ }, func(int) { after++ })
	counters := map[time.Duration]*counter{}
	for _, ms := range []time.Duration{5, 10, 20, 30, 60} {
		c := newCounter()
		g := media.NewGraph(media.GraphOptions{Tick: ms * time.Millisecond})
		_, _ = g.Add(c, 1)
		clock.Attach(g)
		counters[ms] = c
	}
	clock.Advance(300 * time.Millisecond)
	clock.Advance(300 * time.Millisecond)
	for ms, c := range counters {
		if want := int16(600 / ms); c.n != want {
			t.Errorf("tick of %d ms: %d ticks, want %d", ms, c.n, want)
		}
	}
	if before != 120 || after != 120 {
		t.Errorf("hooks ran %d and %d times, want 120", before, after)
	}
	if s := clock.Stats(); s.Graphs != 5 || s.Ticks != 120+60+30+20+10 || clock.Now() != 600*time.Millisecond {
		t.Errorf("stats %+v at %v", s, clock.Now())
	}
}

func TestAnHourOfAudioPassesAtOnce(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{})
	e := &ear{quiet: true}
	a, _ := g.Add(newCounter(), 1)
	_, _ = g.Add(e, 0, a)
	clock.Attach(g)
	clock.Advance(time.Hour)
	if got := clock.Stats().Ticks; got != 180000 {
		t.Errorf("%d ticks", got)
	}
}

func TestPanicDetachesOnlyItsGraph(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	var where []string
	var wrong error
	bad := media.NewGraph(media.GraphOptions{OnError: func(w string, err error) { where, wrong = append(where, w), err }})
	_, _ = bad.Add(&bomb{n: 3}, 0)
	good := media.NewGraph(media.GraphOptions{})
	c := newCounter()
	_, _ = good.Add(c, 1)
	clock.Attach(bad)
	clock.Attach(good)
	clock.Advance(200 * time.Millisecond)
	var p *media.PanicError
	if !errors.As(wrong, &p) || p.Value != "boom" || len(p.Stack) == 0 || !cmp.Equal(where, []string{"bomb"}) {
		t.Errorf("reported %v by %v", wrong, where)
	}
	if s := clock.Stats(); c.n != 10 || s.Graphs != 1 || s.Panics != 1 {
		t.Errorf("the other graph ticked %d times, %+v", c.n, s)
	}
	ran := false
	if err := bad.Do(func() { ran = true }); err != nil || !ran {
		t.Errorf("a graph without clock must run operations inline: %v", err)
	}
}

func TestPanicOfAnOperationIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	var where string
	g := media.NewGraph(media.GraphOptions{OnError: func(w string, _ error) { where = w }})
	clock.Attach(g)
	_ = g.Do(func() { panic("boom") })
	clock.Advance(20 * time.Millisecond)
	if where != "operation" || clock.Stats().Graphs != 0 {
		t.Errorf("reported %q, %+v", where, clock.Stats())
	}
}

func TestPanicOfAHookOrOfOnErrorStopsNothing(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	after := 0
	clock.Hooks(func(int) { panic("hook") }, nil)
	clock.Hooks(func(int) { after++ }, nil)
	bad := media.NewGraph(media.GraphOptions{OnError: func(string, error) { panic("again") }})
	_, _ = bad.Add(&bomb{}, 0)
	good := media.NewGraph(media.GraphOptions{})
	c := newCounter()
	_, _ = good.Add(c, 1)
	clock.Attach(bad)
	clock.Attach(good)
	clock.Advance(100 * time.Millisecond)
	if s := clock.Stats(); c.n != 5 || after != 5 || s.Panics != 6 {
		t.Errorf("%d ticks, %d hooks, %+v", c.n, after, s)
	}
}

func TestDetachedGraphIsNotTicked(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{})
	c := newCounter()
	_, _ = g.Add(c, 1)
	clock.Attach(g)
	clock.Attach(g)
	clock.Advance(40 * time.Millisecond)
	clock.Detach(g)
	clock.Detach(g)
	clock.Advance(40 * time.Millisecond)
	clock.Attach(g)
	clock.Advance(40 * time.Millisecond)
	if c.n != 4 {
		t.Errorf("%d ticks", c.n)
	}
}

func TestManualClockMayBeUsedFromSeveralGoroutines(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			g := media.NewGraph(media.GraphOptions{})
			c := newCounter()
			_, _ = g.Add(c, 1)
			clock.Attach(g)
			_ = g.Do(func() { c.n = 0 })
			clock.Detach(g)
			c.n++ // owned again
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			clock.Advance(20 * time.Millisecond)
		}
	}
}
