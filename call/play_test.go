package call_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
)

// pitch fails unless the strongest frequency is hz, to 2 %.
func pitch(t *testing.T, pcm []int16, rate int, hz float64) {
	t.Helper()
	if got, _ := audiotest.Find(pcm, rate); math.Abs(got-hz) > hz/50 {
		t.Errorf("strongest at %.1f Hz, want %.1f", got, hz)
	}
}

// ivr is the script of the original's documentation: play, then hang up.
func ivr(file string) script {
	return script{
		"rms:start": func(x *call.Exec) error {
			_, err := do(x, "play", file, "rms:after_play")
			return err
		},
		"rms:after_play": func(x *call.Exec) error {
			_, err := do(x, "hangup")
			return err
		},
	}
}

func TestPromptIsHeardInFullAndThenTheCallIsHungUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ivr("a.wav"))
	h.tone("a.wav", 8000, 440, time.Second)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("after_play", func() bool { return len(h.seen("rms:after_play")) > 0 }, e)
	e.listen()
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	pcm := e.heard("PCMU", 8000, 0)
	if len(pcm) != 8000 {
		t.Errorf("heard %d samples, want 8000", len(pcm))
	}
	pitch(t, pcm, 8000, 440)
	e.gapless(160)
	if !e.packets[0].Marker || e.packets[1].Marker {
		t.Error("the marker belongs to the first packet of a talk spurt only")
	}
	end := h.seen("rms:after_play")[0]
	if end.Get("reason") != call.ReasonDone || end.Get("played_ms") != int64(1000) {
		t.Errorf("play ended with %v", end.Fields)
	}
}

func TestChainedPromptsGoOnWithoutAGapInTheTimeline(t *testing.T) {
	t.Parallel()
	n := 0
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error { _, err := do(x, "play", "a.wav", "next"); return err },
		"next": func(x *call.Exec) error {
			if n++; n == 3 {
				_, err := do(x, "hangup")
				return err
			}
			_, err := do(x, "play", "a.wav", "next")
			return err
		},
	})
	h.tone("a.wav", 8000, 440, 200*time.Millisecond)
	e := newEar(t)
	c := h.dial(e, e.offer("8"))
	h.until("third end", func() bool { return len(h.seen("next")) == 3 }, e)
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	e.gapless(160)
	for i, p := range e.packets {
		if p.Marker != (i == 0) {
			t.Errorf("marker of packet %d is %v", i, p.Marker)
		}
	}
	if len(e.packets) != 30 {
		t.Errorf("%d packets, want 30", len(e.packets))
	}
}

func TestStreamedFilesFollowEachOtherWithoutAGap(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 160*time.Millisecond)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "play", "a.wav", "played")
		for range 3 {
			_, more := do(x, "play", "b.wav", "played")
			err = errors.Join(err, more)
		}
		return err
	}, "played": nothing}, d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("8"))
	h.until("the last end", func() bool { return len(h.seen("played")) == 4 }, e)
	e.gapless(160)
	if len(e.packets) != 32 {
		t.Errorf("%d packets, want 32", len(e.packets))
	}
	for _, ev := range h.seen("played") {
		if ms := ev.Get("played_ms").(int64); ms != 160 {
			t.Errorf("played_ms %d, want 160", ms)
		}
	}
	c.Bye()
	c.Expect(200)
}

func TestQueueReplaceAndMix(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error {
			for _, p := range [][]any{{"a.wav", "end"}, {"b.wav", "end"}, {"c.wav", "end", "mix"}} {
				if _, err := do(x, "play", p...); err != nil {
					return err
				}
			}
			return nil
		},
		"end": func(*call.Exec) error { return nil },
		"rms:dtmf": func(x *call.Exec) error {
			_, err := named(x, "play", map[string]any{"file": "a.wav", "route": "end", "mode": "replace"})
			return err
		},
	})
	h.tone("a.wav", 8000, 400, 600*time.Millisecond)
	h.tone("b.wav", 8000, 1000, 10*time.Second)
	h.tone("c.wav", 16000, 2000, 300*time.Millisecond)
	e := newEar(t)
	c := h.dial(e, e.offer("0 101", "rtpmap:101 telephone-event/8000"))
	h.until("first end", func() bool { return len(h.seen("end")) == 2 }, e)
	pcm := e.heard("PCMU", 8000, 0)
	for _, hz := range []float64{400, 2000} {
		if l := audiotest.LevelAt(pcm[800:2000], 8000, hz); l < -20 {
			t.Errorf("%.0f Hz at %.1f dBFS while mixed", hz, l)
		}
	}
	h.run(400*time.Millisecond, e)
	all := e.heard("PCMU", 8000, 0)
	pitch(t, all[len(all)-1600:], 8000, 1000)
	c.Extra = []string{"Content-Type: application/dtmf"}
	c.Request("INFO", "1")
	c.Expect(200)
	h.wait("rms:dtmf")
	h.run(400*time.Millisecond, e)
	all = e.heard("PCMU", 8000, 0)
	pitch(t, all[len(all)-1600:], 8000, 400)
	ends := h.seen("end")
	if len(ends) != 3 || ends[2].Get("file") != "b.wav" || ends[2].Get("reason") != call.ReasonReplaced {
		t.Errorf("ends: %v", ends)
	}
	c.Bye()
	c.Expect(200)
}

func TestMissingFileIsAnEvent(t *testing.T) {
	t.Parallel()
	nop := func(*call.Exec) error { return nil }
	play := func(route string) func(x *call.Exec) error {
		return func(x *call.Exec) error {
			_, err := do(x, "play", "nope.wav", map[bool]any{true: nil, false: route}[route == ""])
			return err
		}
	}
	tests := map[string]struct {
		script script
		want   string // the last route that runs
		hungUp bool
	}{
		"play_error is bound":   {script{"rms:start": play("end"), "end": nop, "rms:play_error": nop}, "rms:play_error", false},
		"only the play's own":   {script{"rms:start": play("end"), "end": nop}, "end", false},
		"no route: as a script": {script{"rms:start": play("")}, "rms:end", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, tc.script)
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			if tc.hungUp {
				bye := c.ExpectRequest("BYE")
				c.Reply(bye, 200, "", "")
			}
			ev := h.wait(tc.want)
			if tc.want == "end" && (ev.Get("reason") != call.ReasonError || ev.Get("error") == "") {
				t.Errorf("fields %v", ev.Fields)
			}
			if !tc.hungUp {
				c.Bye()
				c.Expect(200)
			}
			h.wait("rms:end")
			if bound := tc.want == "rms:play_error"; bound && len(h.seen("end")) != 0 {
				t.Error("both routes ran")
			}
		})
	}
}

func TestStopEndsAllPlaysInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error {
			_, _ = do(x, "play", "a.wav", "end")
			_, err := do(x, "play", "b.wav", "end")
			return err
		},
		"rms:dtmf": func(x *call.Exec) error { _, err := do(x, "stop"); return err },
		"end":      func(*call.Exec) error { return nil },
	})
	h.tone("a.wav", 8000, 440, 5*time.Second)
	h.tone("b.wav", 8000, 440, 5*time.Second)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(500*time.Millisecond, e)
	c.Extra = []string{"Content-Type: application/dtmf-relay"}
	c.Request("INFO", "Signal=5\r\nDuration=100\r\n")
	c.Expect(200)
	h.until("two ends", func() bool { return len(h.seen("end")) == 2 }, e)
	for i, ev := range h.seen("end") {
		if ev.Get("reason") != call.ReasonStopped || ev.Get("file") != []string{"a.wav", "b.wav"}[i] {
			t.Errorf("end %d: %v", i, ev.Fields)
		}
	}
	before := len(e.packets)
	h.run(200*time.Millisecond, e)
	if got := len(e.packets) - before; got > 0 {
		t.Errorf("%d packets after the stop", got)
	}
	c.Bye()
	c.Expect(200)
}

func TestLoopForEverHasNoSeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
		return err
	}})
	for _, pt := range []string{"0", "9"} {
		e := newEar(t)
		c := h.dial(e, e.offer(pt))
		h.run(3500*time.Millisecond, e)
		name, rate, clock := "PCMU", 8000, 8000
		if pt == "9" {
			name, rate = "G722", 16000
		}
		pcm := e.heard(name, clock, map[string]uint8{"0": 0, "9": 9}[pt])
		if len(pcm) < 3*rate {
			t.Fatalf("%s: heard %d samples", name, len(pcm))
		}
		pitch(t, pcm, rate, 400)
		if at := audiotest.Clicks(pcm[rate/2:], rate); len(at) > 0 {
			t.Errorf("%s: clicks at %v", name, at)
		}
		c.Bye()
		c.Expect(200)
	}
}

func TestARouteWhosePlaysAllFailIsSlowedDown(t *testing.T) {
	t.Parallel()
	pauses := make(chan time.Duration, 16)
	again := func(x *call.Exec) error { _, err := do(x, "play", "missing.wav", "again"); return err }
	h := newHouse(t, script{"rms:start": again, "again": again}, func(o *call.Options) {
		o.AfterFunc = func(d time.Duration, _ func()) call.Timer {
			pauses <- d
			return time.AfterFunc(time.Hour, func() {})
		}
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if d := <-pauses; d < 100*time.Millisecond {
		t.Errorf("a pause of %s", d)
	}
	// Nothing goes on in the pause: without it more would have failed.
	eventually(t, "three plays", func() bool { return len(h.seen("again")) >= 3 })
	if n := len(h.seen("again")); n != 3 {
		t.Errorf("%d plays failed before the pause, want 3", n)
	}
	h.bye(c)
}
