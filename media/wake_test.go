package media_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"rms/media"
)

func TestSinksAreWokenWhenThePacketsOfThePhaseAreOut(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{})
	d := newDisk(nil)
	l := spawned(t, d, media.LinkOptions{}, g)
	clock.Hooks(nil, func(int) {
		for range 100 {
			runtime.Gosched()
		}
		if q := l.Stats().Queued; q != 20*time.Millisecond {
			t.Errorf("%v wait while the packets leave, want a tick", q)
		}
	})
	clock.Attach(g)
	for i := range 5 {
		eventually(t, "a sink that waits", l.Idle)
		clock.Advance(20 * time.Millisecond)
		eventually(t, "the frame", func() bool { return len(d.got()) == i+1 })
	}
	clock.Detach(g)
	eventually(t, "a sink that waits", l.Idle)
	g.Tick()
	eventually(t, "the frame of a graph without a clock", func() bool { return len(d.got()) == 6 })
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestDisconnectedFilterHearsNothing(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	pin := must[media.Pin](t)
	source := pin(g.Add(newCounter(), 1))
	d := newDisk(nil)
	l := must[*media.Link](t)(g.Spawn(source, d, media.LinkOptions{Silence: true, Format: mono8}))
	g.Tick()
	g.Disconnect(source, l.Pin())
	g.Tick()
	if err := g.Connect(source, l.Pin()); err != nil {
		t.Fatal(err)
	}
	g.Tick()
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := d.got(); len(got) != 3 || got[0] != 1 || got[1] != 0 || got[2] != 3 {
		t.Errorf("heard %v", got)
	}
}
