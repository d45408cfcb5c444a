package call_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/filter"
	"rms/media/target"
)

func TestAtMost30MarksWaitAndTheyAreClearedWhenTheStreamIsStopped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := far(0).ear().Audio(make([]int16, 80000), 8000); err != nil {
		t.Fatal(err)
	}
	err := h.inScript(c, func(x *call.Exec) error {
		for i := range 30 {
			if _, err := do(x, "stream_mark", fmt.Sprint("m", i)); err != nil {
				return err
			}
		}
		if _, err := do(x, "stream_mark", "one too many"); !errors.Is(err, filter.ErrMarks) {
			t.Errorf("mark 31: %v", err)
		}
		_, err := do(x, "stream_stop")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	marks := h.seen("rms:stream_mark")
	for i, ev := range marks {
		if ev.Get("mark") != fmt.Sprint("m", i) || ev.Get("state") != call.MarkCleared {
			t.Errorf("mark %d: %v", i, ev.Fields)
		}
	}
	if len(marks) != 30 {
		t.Errorf("%d marks were told of", len(marks))
	}
	h.bye(c)
}

func TestMarksBehindTheTailOfAStreamAreReached(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{500 * time.Millisecond, 505 * time.Millisecond} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, far := h.newBooth()
			h.runs(starts(map[string]any{"url": u}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:stream_connect")
			b := far(0)
			if err := b.ear().Audio(audiotest.Tone(8000, 700, -12, d), 8000); err != nil {
				t.Fatal(err)
			}
			if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_mark", "end"); return err }); err != nil {
				t.Fatal(err)
			}
			b.end(target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure"})
			h.until("mark", func() bool { return len(h.seen("rms:stream_mark")) == 1 }, e)
			if ev := h.wait("rms:stream_mark"); ev.Get("state") != call.MarkPlayed || ev.Get("seq") == nil {
				t.Errorf("mark %v", ev.Fields)
			}
			h.bye(c)
		})
	}
}

func TestMarksBehindATailAreClearedWhenTheCallEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	if err := b.ear().Audio(make([]int16, 80000), 8000); err != nil {
		t.Fatal(err)
	}
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_mark", "end"); return err }); err != nil {
		t.Fatal(err)
	}
	b.end(target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure"})
	h.wait("rms:stream_disconnect")
	h.bye(c)
	if ev := h.wait("rms:stream_mark"); ev.Get("state") != call.MarkCleared {
		t.Errorf("mark %v", ev.Fields)
	}
	if !strings.HasSuffix(h.names(), "rms:end") {
		t.Errorf("events: %s", h.names())
	}
}

// A far end sets marks as fast as it can, while the script is slow.
func TestAFloodOfMarksWaitsForTheScript(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	hold := make(chan struct{})
	h.runs(starts(map[string]any{"url": u}))
	h.on("rms:stream_mark", func(*call.Exec) error { <-hold; return nil })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 500 {
			b.ear().Mark(fmt.Sprint(i))
			time.Sleep(time.Millisecond) // a tick: the mark is reached
		}
	}()
	told := 0
	for calm := 0; calm < 100; calm++ { // the script stands still: settle would wait for it
		h.clock.Advance(10 * time.Millisecond)
		time.Sleep(time.Millisecond)
		if n := len(h.seen("rms:stream_mark")); n != told {
			told, calm = n, 0
		}
	}
	if told > 100 {
		t.Errorf("%d events of marks wait for the script", told)
	}
	close(hold)
	h.pump("marks", func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	// Each was reached or, one of more than 30 that wait, refused.
	h.until("marks", func() bool { return len(h.seen("rms:stream_mark"))+len(h.seen("rms:stream_error")) == 500 }, e)
	h.bye(c)
}

func TestAMarkOfAFarEndIsAnsweredAlsoWhenItIsCleared(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	if err := b.ear().Audio(make([]int16, 80000), 8000); err != nil {
		t.Fatal(err)
	}
	b.ear().Mark("here")
	h.run(50*time.Millisecond, e)
	b.ear().Clear(true)
	h.until("answer", func() bool { return len(b.said()) == 1 }, e)
	if want := `{"type":"mark","data":{"name":"here","event":"cleared"}}`; b.said()[0] != want {
		t.Errorf("answer %s", b.said()[0])
	}
	h.bye(c)
}

func TestPlayoutDoneIsSaidEachTimeAllWasPlayed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "playout_done": true}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	for i := range 2 {
		if err := b.ear().Audio(make([]int16, 1600), 8000); err != nil {
			t.Fatal(err)
		}
		h.until("done", func() bool { return len(b.said()) == i+1 }, e)
	}
	if !slices.Equal(b.said(), []string{`{"type":"playoutDone"}`, `{"type":"playoutDone"}`}) {
		t.Errorf("texts %q", b.said())
	}
	h.bye(c)
}
