package call_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/target"
	"rms/sip"
)

func TestAConnectionThatComesAfterItsStreamWasBrokenOffIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	opening, closed := make(chan struct{}), make(chan struct{})
	var began, once sync.Once
	behaves(u, boothHooks{
		open: func(ctx context.Context) {
			began.Do(func() { close(opening) })
			<-ctx.Done()
			time.Sleep(2 * time.Second) // longer than a stream may take to end
		},
		close: func() { once.Do(func() { close(closed) }) },
	})
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	<-opening // else there is nothing to break off
	h.bye(c)
	<-closed
	if n := len(h.seen("rms:stream_connect")); n != 0 {
		t.Error("the stream was told of as connected after it was stopped")
	}
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != target.ByLocal {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestAPanicOfATargetCostsItsStreamOnly(t *testing.T) {
	t.Parallel()
	bug := func() { panic("a target with a bug") }
	for name, b := range map[string]boothHooks{
		"open":   {open: func(context.Context) { bug() }},
		"write":  {write: bug},
		"try":    {try: bug},
		"text":   {text: func(string) error { bug(); return nil }},
		"finish": {finish: bug},
		"close":  {close: bug},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, _ := h.newBooth()
			behaves(u, b)
			h.runs(starts(map[string]any{"url": strings.Replace(u, "booth", "wsbooth", 1)}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			if name != "open" {
				h.wait("rms:stream_connect")
			}
			h.run(100*time.Millisecond, e)
			if err := h.inScript(c, func(x *call.Exec) error {
				_, _ = do(x, "stream_send_text", "hello")
				_, _ = do(x, "stream_stop")
				_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
			h.run(200*time.Millisecond, e)
			if len(e.packets) < 8 {
				t.Errorf("%d packets: the call did not go on", len(e.packets))
			}
			if ev := h.bye(c); ev.Get("by") != sip.ByCaller {
				t.Errorf("ended %v", ev.Fields)
			}
		})
	}
}

func TestEventsOfAStreamKeepTheirOrderHoweverSlowTheScript(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	hold := make(chan struct{})
	h.runs(starts(map[string]any{"url": strings.Replace(u, "booth", "wsbooth", 1)}))
	for _, name := range []string{"rms:stream_connect", "rms:stream_json"} {
		h.on(name, func(*call.Exec) error { <-hold; return nil })
	}
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	b := far(0)
	go b.ear().Text(`{"a":1}`)
	eventually(t, "message", func() bool { return len(h.seen("rms:stream_json")) == 1 })
	c.Bye()
	c.Expect(200)
	h.wait("rms:stream_disconnect")
	close(hold)
	h.wait("rms:end")
	var got []string
	for _, n := range strings.Fields(h.names()) {
		if strings.Contains(n, "stream") || n == "rms:end" {
			got = append(got, n)
		}
	}
	want := "rms:stream_connect mod_audio_stream::connect rms:stream_json mod_audio_stream::json " +
		"rms:stream_disconnect mod_audio_stream::disconnect rms:end"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestManagerCloseMayComeTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	ctx, cancel := contextWithTimeout(5 * time.Second)
	defer cancel()
	h.calls.Close(ctx) // and the house closes it again
}

func TestAStreamThatNeverHadMediaIsToldOfWhenItsCallIsRejected(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := named(x, "stream_start", map[string]any{"url": u}); err != nil {
			return err
		}
		_, err := do(x, "reject", int64(486))
		return err
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(486)
	c.AckRefusal()
	h.wait("rms:end")
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != target.ByLocal || ev.Get("frames_out") != int64(0) {
		t.Errorf("ended %v", ev.Fields)
	}
	if !strings.HasSuffix(h.names(), "rms:end") {
		t.Errorf("events: %s", h.names())
	}
}

func TestMediaStopEndsTheStreamsWhileTheCallGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	if err := b.ear().Audio(audiotest.Tone(8000, 700, -12, 10*time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	h.run(100*time.Millisecond, e)
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "media_stop"); return err }); err != nil {
		t.Fatal(err)
	}
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != target.ByLocal {
		t.Errorf("ended %v", ev.Fields)
	}
	err := h.inScript(c, func(x *call.Exec) error {
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a stream of a call whose media was stopped: %v", err)
	}
	eventually(t, "ports free", func() bool { return h.ports.InUse() == 0 })
	h.bye(c)
}

func TestStreamOfAnOfferlessInviteBeginsWithTheAck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := named(x, "stream_start", map[string]any{"url": u, "name": "a"}); err != nil {
			return err
		}
		if _, err := do(x, "answer"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u, "name": "b"})
		return err
	}})
	e := newEar(t)
	c := h.invite(e, "")
	ok := c.Expect(200)
	e.aim(ok.Body)
	if n := len(h.seen("rms:stream_connect")); n != 0 {
		t.Error("the stream began before there was media")
	}
	c.Ack(e.offer("0"))
	far(1)
	h.run(200*time.Millisecond, e)
	h.drained(far(0), 1000)
	h.bye(c)
	if n := len(h.seen("rms:stream_disconnect")); n != 2 {
		t.Errorf("%d ends", n)
	}
}

func TestStreamOnEarlyMediaGoesOnWithTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := do(x, "progress"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	}, "rms:stream_json": func(x *call.Exec) error { _, err := do(x, "answer"); return err }})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	e.aim(c.Expect(183).Body)
	b := far(0)
	h.talk(e, 1000, 500*time.Millisecond)
	early := len(h.drained(b, 3200))
	b.ear().Text("now")
	c.Expect(200)
	c.Ack()
	h.talk(e, 1000, 500*time.Millisecond)
	pcm := h.drained(b, early+3900)
	if hz := strongest(pcm[early:], 8000); hz < 990 || hz > 1010 {
		t.Errorf("strongest at %.0f Hz after the answer", hz)
	}
	if n := len(h.seen("rms:stream_connect")); n != 1 {
		t.Errorf("%d connections", n)
	}
	h.bye(c)
}

func TestStoppingOneOfSeveralStreamsLeavesTheOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u1, far1 := h.newBooth()
	u2, far2 := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		_, err1 := named(x, "stream_start", map[string]any{"url": u1, "name": "one", "mix": "stereo"})
		_, err2 := named(x, "stream_start", map[string]any{"url": u2, "name": "two", "rate": "16k"})
		return errors.Join(err1, err2)
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	one, two := far1(0), far2(0)
	h.talk(e, 1000, 300*time.Millisecond)
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_stop", "one"); return err }); err != nil {
		t.Fatal(err)
	}
	h.until("end of the first", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	if ev := h.wait("rms:stream_disconnect"); ev.Get("name") != "one" {
		t.Errorf("ended %v", ev.Fields)
	}
	stopped, before := len(one.heard()), len(two.heard())
	h.talk(e, 1000, 500*time.Millisecond)
	pcm := h.drained(two, before+7800)
	if hz := strongest(pcm[before:], 16000); hz < 990 || hz > 1010 {
		t.Errorf("the other stream has %.0f Hz", hz)
	}
	if n := len(one.heard()); n != stopped {
		t.Errorf("%d samples went to the stopped stream", n-stopped)
	}
	err := h.inScript(c, func(x *call.Exec) error {
		list, err := do(x, "streams")
		all, _ := list.([]any)
		if len(all) != 1 || all[0].(map[string]any)["name"] != "two" || all[0].(map[string]any)["state"] != "connected" {
			t.Errorf("streams: %v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.bye(c)
}

func TestStreamsListsWhatEachIsDoing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := named(x, "stream_start", map[string]any{"url": u + "?key=secret"}); err != nil {
			return err
		}
		list, err := do(x, "streams")
		if all, _ := list.([]any); len(all) != 1 || all[0].(map[string]any)["state"] != "waiting" {
			t.Errorf("before the media: %v", list)
		}
		if err != nil {
			return err
		}
		_, err = do(x, "answer")
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := far(0).ear().Audio(make([]int16, 8000), 8000); err != nil {
		t.Fatal(err)
	}
	h.run(200*time.Millisecond, e)
	err := h.inScript(c, func(x *call.Exec) error {
		if _, err := do(x, "stream_pause"); err != nil {
			return err
		}
		list, err := do(x, "streams")
		m := list.([]any)[0].(map[string]any)
		if m["state"] != "paused" || m["mix"] != "mono" || m["name"] != "stream" || strings.Contains(m["url"].(string), "secret") {
			t.Errorf("streams: %v", m)
		}
		if p, q := m["played_ms"].(int64), m["playing_ms"].(int64); p < 100 || p+q != 1000 || m["frames_out"].(int64) < 5 {
			t.Errorf("played %d, queued %d, frames %v", p, q, m["frames_out"])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.bye(c)
}

func TestAudioOfAFarEndIsHeardAfterAChangeOfCodec(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := far(0).ear().Audio(audiotest.Tone(16000, 700, -12, 3*time.Second), 16000); err != nil {
		t.Fatal(err)
	}
	h.run(time.Second, e)
	pitch(t, e.heard("PCMU", 8000, 0), 8000, 700)
	c.Request("INVITE", e.offer("9"))
	e.aim(c.Expect(200).Body)
	c.Ack()
	h.run(2500*time.Millisecond, e)
	pcm := e.heard("G722", 8000, 9)
	pitch(t, pcm, 16000, 700)
	if n := len(pcm); n < 30000 || n > 33500 {
		t.Errorf("%d samples at 16 kHz of the 2 s that were left", n)
	}
	h.bye(c)
}

// A tail is the audio of a far end that has gone.
func TestTheTailOfAStreamCanBeStopped(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"stream_stop", "stream_clear"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, far := h.newBooth()
			h.runs(starts(map[string]any{"url": u}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:stream_connect")
			b := far(0)
			if err := b.ear().Audio(audiotest.Tone(8000, 700, -12, 10*time.Second), 8000); err != nil {
				t.Fatal(err)
			}
			h.run(100*time.Millisecond, e)
			b.end(target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure"})
			h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
			if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, verb); return err }); err != nil {
				t.Fatal(err)
			}
			before := len(e.packets)
			h.run(300*time.Millisecond, e)
			if n := len(e.packets) - before; n > 1 {
				t.Errorf("%d packets after it was stopped", n)
			}
			if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, verb); return err }); err == nil {
				t.Error("stopped once more without an error")
			}
			h.bye(c)
		})
	}
}

func TestManyStoppedStreamsOfOneCallAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	behaves(u, boothHooks{open: func(ctx context.Context) { <-ctx.Done() }})
	started := make(chan int, 1)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		n := 0
		for range 200 {
			if _, err := named(x, "stream_start", map[string]any{"url": u}); err == nil {
				n++
			}
			_, _ = do(x, "stream_stop")
		}
		started <- n
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if n := <-started; n > 100 {
		t.Errorf("%d streams began in one moment", n)
	}
	h.until("ends", func() bool { return len(h.seen("rms:stream_disconnect")) > 0 }, e)
	h.bye(c)
}

func TestACallWhoseStereoStreamWasStoppedSharesPacketsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "mix": "stereo"}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := h.inScript(c, tone400); err != nil {
		t.Fatal(err)
	}
	h.run(100*time.Millisecond, e)
	if h.calls.Encodes() {
		t.Error("packets are shared while a stream listens")
	}
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_stop"); return err }); err != nil {
		t.Fatal(err)
	}
	if !h.calls.Encodes() {
		t.Error("packets are not shared after the stream")
	}
	h.bye(c)
}
