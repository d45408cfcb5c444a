package media_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
)

func TestFiltersRunInTheOrderOfTheAudio(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	a := pin(g.Add(newCounter(), 1))
	mixer := &ear{}
	m := pin(g.Add(mixer, 1, a))
	late := &ear{}
	pin(g.Chain(m, late))
	b := pin(g.Add(newCounter(), 1)) // after what it will feed
	if err := g.Connect(b, m); err != nil {
		t.Fatal(err)
	}
	g.Tick()
	g.Tick()
	if diff := cmp.Diff([][]int16{{1, 1}, {2, 2}}, mixer.heard); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]int16{{1}, {2}}, late.heard); diff != "" {
		t.Error(diff)
	}
}

func TestRemovedFeederLeavesAHoleThatConnectFills(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	a, b := pin(g.Add(newCounter(), 1)), pin(g.Add(newCounter(), 1))
	e := &ear{}
	m := pin(g.Add(e, 1, a, b))
	g.Tick()
	g.Remove(a)
	g.Tick()
	c := pin(g.Add(newCounter(), 1))
	if err := g.Connect(c, m); err != nil {
		t.Fatal(err)
	}
	g.Tick()
	g.Disconnect(c, m)
	g.Tick()
	want := [][]int16{{1, 1}, {-1, 2}, {1, 3}, {-1, 4}}
	if diff := cmp.Diff(want, e.heard); diff != "" {
		t.Error(diff)
	}
	if err := g.Connect(a, m); err == nil {
		t.Error("a removed pin was connected")
	}
}

func TestReplaceKeepsTheLinks(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	first, second, end := &ear{}, &ear{}, &ear{}
	p := pin(g.Add(first, 1, pin(g.Add(newCounter(), 1))))
	pin(g.Add(end, 0, p))
	g.Tick()
	if err := g.Replace(p, second); err != nil {
		t.Fatal(err)
	}
	g.Tick()
	if len(first.heard) != 1 || len(second.heard) != 1 || len(end.heard) != 2 {
		t.Errorf("heard %v, %v, then %v", first.heard, second.heard, end.heard)
	}
}

func TestAudioCannotRunInACircle(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	e := &ear{}
	a := pin(g.Add(e, 1))
	b := pin(g.Chain(a, &ear{}))
	if err := g.Connect(b, a); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("Connect: %v", err)
	}
	g.Tick()
	if diff := cmp.Diff([][]int16{{}}, e.heard); diff != "" {
		t.Errorf("the refused link is there: %s", diff)
	}
}

func TestFormatsThatDifferAreAnErrorWithoutConverter(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	a, err := g.Add(newCounter(), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Add(&fixed{format: media.Format{Rate: 4000, Channels: 1}}, 0, a)
	if !errors.Is(err, media.ErrFormat) || !strings.Contains(err.Error(), "8000 Hz x1 into 4000 Hz x1") {
		t.Errorf("Add: %v", err)
	}
	g.Tick() // the graph is as before
	var b strings.Builder
	if err := g.Dot(&b); err != nil || strings.Contains(b.String(), "ear") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestFormatsThatDifferGetAConverter(t *testing.T) {
	t.Parallel()
	made := 0
	g := media.NewGraph(media.GraphOptions{Convert: func(_, to media.Format) (media.Filter, error) {
		made++
		return &halve{to: to}, nil
	}})
	pin := must[media.Pin](t)
	half := &fixed{format: media.Format{Rate: 4000, Channels: 1}}
	through := pin(g.Chain(pin(g.Add(newCounter(), 1)), &ear{})) // without a format of its own
	f := pin(g.Add(half, 1, through))
	pin(g.Add(&ear{}, 0, f)) // builds again
	g.Tick()
	if made != 1 || len(half.heard) != 1 || half.heard[0][0] != 1 {
		t.Errorf("made %d converters, heard %v", made, half.heard)
	}
	if err := g.Replace(f, &fixed{format: mono8}); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := g.Dot(&b); err != nil || strings.Contains(b.String(), "halve") {
		t.Errorf("the converter outlived its need: %v\n%s", err, b.String())
	}
}

func TestDotDrawsFiltersFormatsAndConverters(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{Convert: func(_, to media.Format) (media.Filter, error) {
		return &halve{to: to}, nil
	}})
	pin := must[media.Pin](t)
	a := pin(g.Add(newCounter(), 1))
	pin(g.Add(&ear{}, 0, a))
	pin(g.Add(&fixed{format: media.Format{Rate: 4000, Channels: 1}}, 0, a))
	var b strings.Builder
	if err := g.Dot(&b); err != nil {
		t.Fatal(err)
	}
	want := `digraph rms {
	rankdir=LR;
	node [shape=box];
	n0 [label="counter"];
	n1 [label="ear"];
	n2 [label="ear"];
	n0 -> n1 [label="8000 Hz x1"];
	n0 -> n2 [label="8000 Hz x1 -> 4000 Hz x1 (halve)"];
}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDoRunsBetweenTicksAndInlineWithoutClock(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{Ops: 2})
	var log []string
	do := func(s string) error { return g.Do(func() { log = append(log, s) }) }
	check := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	check(do("inline"), nil)
	clock.Attach(g)
	check(do("a"), nil)
	check(do("b"), nil)
	check(do("c"), media.ErrBusy)
	if len(log) != 1 {
		t.Errorf("before the tick: %v", log)
	}
	clock.Advance(20 * time.Millisecond)
	check(do("left"), nil)
	clock.Detach(g)
	check(do("after"), nil)
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	check(do("closed"), media.ErrClosed)
	if diff := cmp.Diff([]string{"inline", "a", "b", "left", "after"}, log); diff != "" {
		t.Error(diff)
	}
}

func TestOperationThatQueuesAnotherDoesNotHoldUpTheTick(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{})
	clock.Attach(g)
	n := 0
	var again func()
	again = func() {
		n++
		_ = g.Do(again)
	}
	_ = g.Do(again)
	clock.Advance(60 * time.Millisecond)
	if n != 3 {
		t.Errorf("ran %d times in 3 ticks", n)
	}
}

func TestSetTickPreparesTheFilters(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{Tick: 20 * time.Millisecond})
	c := newCounter()
	if _, err := g.Add(c, 1); err != nil {
		t.Fatal(err)
	}
	clock.Attach(g)
	clock.Advance(100 * time.Millisecond)
	if err := g.Do(func() { g.SetTick(10 * time.Millisecond) }); err != nil {
		t.Fatal(err)
	}
	clock.Advance(100 * time.Millisecond)
	if c.prepare != 10*time.Millisecond || len(c.out.PCM) != 80 || c.n != 5+9 {
		t.Errorf("prepared for %v, frames of %d, %d ticks", c.prepare, len(c.out.PCM), c.n)
	}
	for in, want := range map[time.Duration]time.Duration{0: 20, 1: 5, 12: 15, 60: 60} {
		if got := media.NewGraph(media.GraphOptions{Tick: in * time.Millisecond}).TickLength(); got != want*time.Millisecond {
			t.Errorf("tick %d ms became %v", in, got)
		}
	}
}

func TestFilterAddedLateIsPlaced(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{})
	early, late := newCounter(), newCounter()
	_, _ = g.Add(early, 1)
	clock.Attach(g)
	if early.shard != -1 {
		t.Error("placed before the first tick")
	}
	clock.Advance(20 * time.Millisecond)
	_ = g.Do(func() { _, _ = g.Add(late, 1) })
	clock.Advance(20 * time.Millisecond)
	clock.Skip(3)
	if early.shard != 0 || late.shard != 0 || early.skipped != 3 {
		t.Errorf("shards %d and %d, skipped %d", early.shard, late.shard, early.skipped)
	}
}

func TestPinsOfOtherGraphsAreRefused(t *testing.T) {
	t.Parallel()
	g, other := media.NewGraph(media.GraphOptions{}), media.NewGraph(media.GraphOptions{})
	p, _ := other.Add(newCounter(), 1)
	q, _ := g.Add(&ear{}, 1)
	for i, err := range []error{
		addErr(g.Add(&ear{}, 0, p)), addErr(g.Add(&ear{}, 0, media.Pin{})), addErr(g.Add(&ear{}, 0, q.Output(1))),
		g.Connect(p, q), g.Connect(q, p), g.Replace(p, &ear{}),
	} {
		if err == nil {
			t.Errorf("case %d was accepted", i)
		}
	}
	g.Remove(p)
	g.Disconnect(p, q)
	other.Tick()
}

func addErr(_ media.Pin, err error) error { return err }

func TestTickDoesNotAllocate(t *testing.T) {
	g := media.NewGraph(media.GraphOptions{})
	a, _ := g.Add(newCounter(), 1)
	_, _ = g.Add(&ear{quiet: true}, 0, a)
	if n := testing.AllocsPerRun(100, g.Tick); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkTickOfSteps(b *testing.B) {
	for _, steps := range []int{2, 8, 32} {
		b.Run(fmt.Sprint(steps), func(b *testing.B) {
			g := media.NewGraph(media.GraphOptions{})
			p, _ := g.Add(&ear{quiet: true}, 1)
			for range steps - 1 {
				p, _ = g.Chain(p, &ear{quiet: true})
			}
			b.ReportAllocs()
			for b.Loop() {
				g.Tick()
			}
		})
	}
}

// BenchmarkBuild is what a call pays for its graph of six filters.
func BenchmarkBuild(b *testing.B) {
	pool := media.NewBlockPool(0)
	b.ReportAllocs()
	for b.Loop() {
		g := media.NewGraph(media.GraphOptions{Pool: pool})
		p, _ := g.Add(&ear{}, 1)
		_, _ = g.Chain(p, &ear{}, &ear{}, &ear{}, &ear{}, &ear{})
	}
}
