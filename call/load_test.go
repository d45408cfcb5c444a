package call_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/rtp"
)

// streamed is the limit above which the files of these tests are streamed.
const streamed = 1000

func playing(file, route string) script {
	return script{
		"rms:start": func(x *call.Exec) error { _, err := do(x, "play", file, route); return err },
		route:       func(*call.Exec) error { return nil },
	}
}

func TestHangupWhileAFileIsReadSendsItsEventOnceAndBeforeTheEnd(t *testing.T) {
	t.Parallel()
	d := newDisk(t, time.Second)
	d.gate = make(chan struct{})
	h := newHouse(t, playing("a.wav", "played"), d.use(t, 0))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	close(d.gate)
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	if got := h.names(); !strings.HasSuffix(got, "played rms:end") || strings.Count(got, "played") != 1 {
		t.Errorf("events: %s", got)
	}
	if ev := h.wait("played"); ev.Get("reason") != call.ReasonStopped {
		t.Errorf("fields %v", ev.Fields)
	}
}

func TestStopWhileAFileIsReadKeepsTheOrderOfTheQueue(t *testing.T) {
	t.Parallel()
	d := newDisk(t, time.Second)
	d.gate = make(chan struct{})
	nop := func(*call.Exec) error { return nil }
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error {
			_, _ = do(x, "play", "a.wav", "one")
			_, _ = do(x, "play", "silence:5s", "two")
			_, err := do(x, "stop")
			return err
		}, "one": nop, "two": nop,
	}, d.use(t, 0))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("one")
	h.wait("two")
	if got := h.names(); !strings.Contains(got, "one two") {
		t.Errorf("events: %s", got)
	}
	close(d.gate)
	c.Bye()
	c.Expect(200)
}

func TestCodecChangeWhileAFileIsReadPlaysItInTheNewCodec(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 400*time.Millisecond)
	d.gate = make(chan struct{})
	h := newHouse(t, playing("a.wav", "played"), d.use(t, 0))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:start")
	c.Request("INVITE", e.offer("8"))
	c.Expect(200)
	c.Ack()
	close(d.gate)
	h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
	if pcm := e.heard("PCMA", 8000, 8); len(pcm) != 3200 || len(e.packets) != 20 {
		t.Errorf("heard %d samples in %d packets", len(pcm), len(e.packets))
	}
	if n := len(h.seen("rms:play_start")); n != 1 {
		t.Errorf("%d times rms:play_start", n)
	}
	c.Bye()
	c.Expect(200)
}

func TestLongFileGoesOnFromItsPlaceAfterACodecChange(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	h := newHouse(t, playing("a.wav", "played"), d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("sound", func() bool { return len(e.packets) > 0 }, e)
	h.run(time.Second, e)
	c.Request("INVITE", e.offer("9"))
	c.Expect(200)
	c.Ack()
	h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
	first, second := e.heard("PCMU", 8000, 0), e.heard("G722", 8000, 9)
	total := float64(len(first))/8000 + float64(len(second))/16000
	if len(first) < 6000 || total < 2.95 || total > 3.1 {
		t.Errorf("heard %.2f s of a file of 3 s, %d samples in the first codec", total, len(first))
	}
	pitch(t, second[1600:], 16000, 440)
	if ms := h.seen("played")[0].Get("played_ms").(int64); ms < 2990 || ms > 3100 {
		t.Errorf("played_ms %d", ms)
	}
	if n := d.opened(); n != 0 {
		t.Errorf("%d files are open", n)
	}
	c.Bye()
	c.Expect(200)
}

func TestLongFileThatIsStoppedSaysHowMuchWasHeard(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	h := newHouse(t, playing("a.wav", "played"), d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("sound", func() bool { return len(e.packets) > 0 }, e)
	h.run(time.Second, e)
	heard := len(e.packets) * 20
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	if ms := h.seen("played")[0].Get("played_ms").(int64); heard < 500 || ms < int64(heard)-20 || ms > int64(heard)+20 {
		t.Errorf("played_ms %d, heard %d ms", ms, heard)
	}
	h.until("file closed", func() bool { return d.opened() == 0 })
}

func TestLongFileThatBreaksIsAnError(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	d.broken = 20000
	h := newHouse(t, playing("a.wav", "played"), d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
	ev := h.seen("played")[0]
	if text, _ := ev.Get("error").(string); ev.Get("reason") != call.ReasonError || !strings.Contains(text, "the disk is broken") {
		t.Errorf("fields %v", ev.Fields)
	}
	if ms, _ := ev.Get("played_ms").(int64); ms < 1000 || ms > 1300 {
		t.Errorf("played_ms %d of 1.25 s", ms)
	}
	if len(h.seen("rms:play_error")) != 1 {
		t.Errorf("events: %s", h.names())
	}
	c.Bye()
	c.Expect(200)
}

func TestLongFileThatBreaksEndsACallWithoutARoute(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	d.broken = 20000
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error { _, err := do(x, "play", "a.wav"); return err }}, d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("end of the play", func() bool { return len(h.seen("rms:play_error")) > 0 }, e)
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	h.wait("rms:end")
}

func TestStuckDiskKeepsNeitherPortNorCall(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	d.broken, d.stall = 20000, make(chan struct{})
	h := newHouse(t, playing("a.wav", "played"), d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(2*time.Second, e)
	h.until("a reader that the disk holds", d.holds, e) // it reads on as the file is played
	began := time.Now()
	c.Bye()
	c.Expect(200)
	for h.ports.InUse() > 0 && time.Since(began) < 5*time.Second {
		time.Sleep(time.Millisecond)
	}
	if len(h.seen("rms:end")) > 0 || h.calls.Len() == 0 {
		t.Error("the ports waited for the disk")
	}
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	if n := h.calls.Stats().Stuck; n != 1 {
		t.Errorf("%d goroutines are stuck", n)
	}
	close(d.stall)
	h.until("nothing stuck", func() bool { return h.calls.Stats().Stuck == 0 })
}

func TestPanicWhileAFileIsReadCostsThePlayOnly(t *testing.T) {
	t.Parallel()
	d := newDisk(t, time.Second)
	d.panics = true
	h := newHouse(t, playing("a.wav", "played"), d.use(t, 0))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	ev := h.wait("played")
	if text, _ := ev.Get("error").(string); !strings.Contains(text, "a decoder with a bug") {
		t.Errorf("fields %v", ev.Fields)
	}
	c.Bye()
	c.Expect(200)
}

func TestPlayBeforeTheAnswerIsKnownIsHeard(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"route": func(x *call.Exec) error {
			if x.Method() != "INVITE" {
				return nil
			}
			if _, err := do(x, "answer"); err != nil {
				return err
			}
			_, err := do(x, "play", "a.wav", "played")
			return err
		},
		"played": func(*call.Exec) error { return nil },
	})
	h.tone("a.wav", 8000, 440, 200*time.Millisecond)
	e := newEar(t)
	c := h.invite(e, "")
	ok := c.Expect(200)
	e.aim(ok.Body)
	c.Ack(e.offer("8"))
	h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
	if pcm := e.heard("PCMA", 8000, 8); len(pcm) != 1600 {
		t.Errorf("heard %d samples", len(pcm))
	}
	c.Bye()
	c.Expect(200)
}

func TestLoopsGoOnFromTheirPassAfterACodecChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error {
			_, err := named(x, "play", map[string]any{"file": "a.wav", "route": "played", "loop": int64(3)})
			return err
		},
		"played": func(*call.Exec) error { return nil },
	})
	h.tone("a.wav", 8000, 440, 500*time.Millisecond)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(800*time.Millisecond, e)
	c.Request("INVITE", e.offer("8"))
	c.Expect(200)
	c.Ack()
	h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
	if ms := len(e.packets) * 20; ms < 1480 || ms > 1560 {
		t.Errorf("heard %d ms of 3 times 500 ms", ms)
	}
	if ms := h.seen("played")[0].Get("played_ms").(int64); ms < 1480 || ms > 1520 {
		t.Errorf("played_ms %d", ms)
	}
	if n := len(h.seen("rms:play_start")); n != 1 {
		t.Errorf("%d times rms:play_start", n)
	}
	c.Bye()
	c.Expect(200)
}

func TestManyPlaysAtOnceAreAllHeardAndAllStopped(t *testing.T) {
	t.Parallel()
	const plays = 64
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error {
			for range plays {
				if _, err := named(x, "play", map[string]any{"file": "a.wav", "route": "played", "mode": "mix", "loop": true}); err != nil {
					return err
				}
			}
			return nil
		},
		"rms:dtmf": func(x *call.Exec) error { _, err := do(x, "stop"); return err },
		"played":   func(*call.Exec) error { return nil },
	})
	h.tone("a.wav", 8000, 440, time.Second)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(200*time.Millisecond, e)
	if n := len(h.seen("rms:play_start")); n != plays || len(h.seen("rms:play_error")) != 0 {
		t.Fatalf("%d plays began, errors: %v", n, h.seen("rms:play_error"))
	}
	c.Extra = []string{"Content-Type: application/dtmf"}
	c.Request("INFO", "5")
	c.Expect(200)
	h.until("all ends", func() bool { return len(h.seen("played")) == plays }, e)
	h.run(40*time.Millisecond, e)
	before := len(e.packets)
	h.run(200*time.Millisecond, e)
	if n := len(e.packets) - before; n != 0 {
		t.Errorf("%d packets after the stop", n)
	}
	c.Bye()
	c.Expect(200)
}

func TestReplaceIsAllowedWhenTheQueueIsFull(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 2)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		for range 64 {
			if _, err := do(x, "play", "silence:1s", "played"); err != nil {
				return err
			}
		}
		_, err := do(x, "play", "silence:1s", "played")
		errs <- err
		_, err = do(x, "play", "silence:1s", "played", "replace")
		errs <- err
		return nil
	}, "played": func(*call.Exec) error { return nil }})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if more, replaced := <-errs, <-errs; more == nil || replaced != nil {
		t.Errorf("the 65th: %v; in place of all: %v", more, replaced)
	}
	c.Bye()
	c.Expect(200)
}

func TestSecondQueuedFileIsHeardBeforeTheCallHangsUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, _ = do(x, "play", "a.wav")
		_, err := do(x, "play", "a.wav")
		return err
	}})
	h.tone("a.wav", 8000, 440, 200*time.Millisecond)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("both", func() bool { return len(e.packets) >= 20 || h.calls.Len() == 0 }, e)
	h.until("leaving", func() bool { return h.ports.InUse() == 0 }, e)
	if len(e.packets) != 20 {
		t.Errorf("%d packets, want 20", len(e.packets))
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

func TestPortsAndFilesComeBackOnEveryWayOut(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	early := func(last func(x *call.Exec) error) script {
		return script{"route": func(x *call.Exec) error {
			if x.Method() != "INVITE" {
				return nil
			}
			if _, err := do(x, "progress"); err != nil {
				return err
			}
			if _, err := do(x, "play", "a.wav", "played"); err != nil {
				return err
			}
			return last(x)
		}, "played": func(*call.Exec) error { return nil }}
	}
	reject := func(x *call.Exec) error { _, err := do(x, "reject"); return err }
	again := func(x *call.Exec) error {
		if _, err := do(x, "media_stop"); err != nil {
			return err
		}
		_, err := do(x, "answer")
		return err
	}
	tests := map[string]struct {
		script script
		way    func(h *house, e *ear)
	}{
		"reject after progress": {early(reject), func(h *house, e *ear) {
			c := h.invite(e, e.offer("0"))
			c.Expect(183)
			c.Expect(486)
			c.AckRefusal()
		}},
		"CANCEL during early media": {early(func(*call.Exec) error { return nil }), func(h *house, e *ear) {
			c := h.invite(e, e.offer("0"))
			c.Expect(183)
			h.until("play", func() bool { return len(h.seen("rms:play_start")) > 0 }, e)
			h.run(100*time.Millisecond, e)
			c.Cancel()
			c.Expect(200)
			c.Expect(487)
			c.AckRefusal()
		}},
		"new media after the first": {early(again), func(h *house, e *ear) {
			c := h.invite(e, e.offer("0"))
			c.Expect(183)
			c.Expect(200)
			c.Ack()
			c.Bye()
			c.Expect(200)
		}},
		"hang-up before the ACK": {script{"rms:start": func(x *call.Exec) error {
			_, _ = do(x, "play", "a.wav", "rms:start")
			_, err := do(x, "hangup")
			return err
		}}, func(h *house, e *ear) {
			c := h.invite(e, e.offer("0"))
			c.Expect(200)
			h.until("media gone", func() bool { return h.ports.InUse() == 0 })
			if h.calls.Len() != 1 {
				h.t.Error("the call ended before the ACK")
			}
			c.Ack()
			c.Reply(c.ExpectRequest("BYE"), 200, "", "")
		}},
		"hang-up while a long file plays": {playing("a.wav", "played"), func(h *house, e *ear) {
			c := h.dial(e, e.offer("0"))
			h.run(300*time.Millisecond, e)
			c.Bye()
			c.Expect(200)
		}},
		"refused offer": {script{}, func(h *house, e *ear) {
			c := h.invite(e, e.offer("18"))
			c.Expect(488)
			c.AckRefusal()
		}},
		"panic": {script{"rms:start": func(x *call.Exec) error { _, _ = do(x, "test_panic"); return nil }}, func(h *house, e *ear) {
			c := h.dial(e, e.offer("0"))
			c.Reply(c.ExpectRequest("BYE"), 200, "", "")
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pool *rtp.Ports
			h := newHouse(t, tc.script, d.use(t, streamed), func(o *call.Options) { pool = o.Ports })
			tc.way(h, newEar(t))
			h.until("call gone", func() bool { return h.calls.Len() == 0 })
			if n := pool.InUse(); n != 0 {
				t.Errorf("%d port pairs in use", n)
			}
			if got := h.names(); strings.Count(got, "rms:end") != 1 || !strings.HasSuffix(got, "rms:end") {
				t.Errorf("events: %s", got)
			}
		})
	}
	t.Cleanup(func() {
		if n := d.opened(); n != 0 {
			t.Errorf("%d files are open", n)
		}
	})
}
