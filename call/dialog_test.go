package call_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/sip"
	"rms/sip/siptest"
)

func TestHoldStopsOurAudioAndResumeGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(300*time.Millisecond, e)
	for _, way := range []string{"inactive", "sendonly"} {
		c.Request("INVITE", e.offer("0", way))
		ok := c.Expect(200)
		c.Ack()
		want := map[string]string{"inactive": "a=inactive", "sendonly": "a=recvonly"}[way]
		if !strings.Contains(ok.Body, want) {
			t.Errorf("%s answered with %q", way, ok.Body)
		}
		h.run(100*time.Millisecond, e)
		before := len(e.packets)
		h.run(300*time.Millisecond, e)
		if n := len(e.packets) - before; n != 0 {
			t.Errorf("%s: %d packets during hold", way, n)
		}
	}
	before := len(e.packets)
	c.Request("INVITE", e.offer("0"))
	c.Expect(200)
	c.Ack()
	h.run(300*time.Millisecond, e)
	if n := len(e.packets) - before; n < 13 {
		t.Errorf("%d packets after resume", n)
	}
	if !e.packets[before].Marker {
		t.Error("no marker on the first packet after hold")
	}
	h.until("updates", func() bool { return len(h.seen("rms:update")) == 3 })
	for i, hold := range []bool{true, true, false} {
		if got := h.seen("rms:update")[i].Get("hold"); got != hold {
			t.Errorf("update %d: hold %v", i, got)
		}
	}
	c.Bye()
	c.Expect(200)
}

func TestCodecChangeKeepsPitchAndPlace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ivr("a.wav"))
	h.tone("a.wav", 16000, 440, 3*time.Second)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(time.Second, e)
	for _, f := range []struct{ pt, attr, name string }{{"9", "rtpmap:9 G722/8000", "G722"}, {"8", "rtpmap:8 PCMA/8000", "PCMA"}} {
		c.Request("INVITE", e.offer(f.pt, f.attr))
		c.Expect(200)
		c.Ack()
		h.run(800*time.Millisecond, e)
	}
	h.until("after_play", func() bool { return len(h.seen("rms:after_play")) > 0 }, e)
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	total := 0.0
	for _, f := range []struct {
		name string
		pt   uint8
		rate int
	}{{"PCMU", 0, 8000}, {"G722", 9, 16000}, {"PCMA", 8, 8000}} {
		pcm := e.heard(f.name, 8000, f.pt)
		if len(pcm) < f.rate/2 {
			t.Fatalf("%s: heard %d samples", f.name, len(pcm))
		}
		pitch(t, pcm[f.rate/10:], f.rate, 440)
		total += float64(len(pcm)) / float64(f.rate)
	}
	if total < 2.95 || total > 3.1 {
		t.Errorf("heard %.2f s of a prompt of 3 s", total)
	}
	for i := 1; i < len(e.packets); i++ {
		if e.packets[i].SSRC != e.packets[0].SSRC || e.packets[i].SequenceNumber != e.packets[i-1].SequenceNumber+1 {
			t.Fatalf("packet %d breaks the stream", i)
		}
	}
}

func TestPtimeChangeKeepsThePrompt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ivr("a.wav"))
	h.tone("a.wav", 8000, 440, 1200*time.Millisecond)
	e := newEar(t)
	c := h.dial(e, e.offer("0", "ptime:30"))
	h.run(600*time.Millisecond, e)
	c.Request("INVITE", e.offer("0", "ptime:20"))
	c.Expect(200)
	c.Ack()
	h.until("after_play", func() bool { return len(h.seen("rms:after_play")) > 0 }, e)
	sizes := map[int]int{}
	for _, p := range e.packets {
		sizes[len(p.Payload)]++
	}
	if sizes[240] < 15 || sizes[160] < 20 {
		t.Errorf("packets by size: %v", sizes)
	}
	pitch(t, e.heard("PCMU", 8000, 0), 8000, 440)
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

func TestRefusedReinviteLeavesTheCallAsItWas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Request("INVITE", e.offer("18"))
	c.Expect(488)
	c.AckRefusal()
	h.run(300*time.Millisecond, e)
	if len(e.packets) < 13 {
		t.Errorf("%d packets after the refusal", len(e.packets))
	}
	c.Bye()
	c.Expect(200)
}

func TestKeysComeOncePerKeyFromRTPAndInfo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0 101", "rtpmap:101 telephone-event/8000"))
	event := func(code byte) {
		for i := range 6 {
			end := byte(10)
			if i >= 3 {
				end |= 0x80
			}
			e.ts -= 0
			e.say(101, []byte{code, end, byte((160 * (i + 1)) >> 8), byte(160 * (i + 1))}, 0, i == 0)
			h.run(20*time.Millisecond, e)
		}
		e.ts += 1600
	}
	event(5)
	event(11)
	h.until("two keys", func() bool { return len(h.seen("rms:dtmf")) == 2 })
	c.Extra = []string{"Content-Type: application/dtmf-relay"}
	c.Request("INFO", "Signal= A\r\nDuration= 250\r\n")
	c.Expect(200)
	h.until("three keys", func() bool { return len(h.seen("rms:dtmf")) == 3 })
	for i, want := range []struct{ digit, source string }{{"5", "rtp"}, {"#", "rtp"}, {"A", "info"}} {
		ev := h.seen("rms:dtmf")[i]
		if ev.Get("digit") != want.digit || ev.Get("source") != want.source {
			t.Errorf("key %d: %v", i, ev.Fields)
		}
	}
	if ms := h.seen("rms:dtmf")[2].Get("duration_ms"); ms != int64(250) {
		t.Errorf("INFO of 250 ms reported as %v", ms)
	}
	c.Bye()
	c.Expect(200)
}

func TestKeysAreSentAsTelephoneEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error { _, err := do(x, "dtmf", "1#"); return err }})
	e := newEar(t)
	c := h.dial(e, e.offer("0 101", "rtpmap:101 telephone-event/8000"))
	h.run(time.Second, e)
	var keys []byte
	last := uint32(0)
	for _, p := range e.packets {
		if p.PayloadType == 101 && (len(keys) == 0 || p.Timestamp != last) {
			keys, last = append(keys, p.Payload[0]), p.Timestamp
		}
	}
	if string(keys) != "\x01\x0b" {
		t.Errorf("events %v, want 1 and 11", keys)
	}
	c.Bye()
	c.Expect(200)
}

func TestEchoSendsTheCallersVoiceBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error { _, err := do(x, "echo"); return err }})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:start")
	tone := audiotest.Tone(8000, 700, -10, 2*time.Second)
	for i := 0; i+160 <= len(tone); i += 160 {
		e.say(0, encodeMulaw(tone[i:i+160]), 160, i == 0)
		h.run(20*time.Millisecond, e)
	}
	pcm := e.heard("PCMU", 8000, 0)
	if len(pcm) < 8000 {
		t.Fatalf("heard %d samples: %+v", len(pcm), h.calls.RTP())
	}
	pitch(t, pcm[1600:], 8000, 700)
	if at := audiotest.Clicks(pcm[1600:], 8000); len(at) > 0 {
		t.Errorf("clicks at %v", at)
	}
	c.Bye()
	c.Expect(200)
}

func TestSilentFarEndIsHungUpWithReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.RTPTimeout = 5 * time.Second })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("timeout", func() bool { return len(h.seen("rms:media_timeout")) == 1 }, e)
	if at := h.clock.Now(); at < 4900*time.Millisecond || at > 5500*time.Millisecond {
		t.Errorf("timed out at %v", at)
	}
	bye := c.ExpectRequest("BYE")
	if !strings.Contains(bye.Header("Reason"), "408") {
		t.Errorf("Reason %q", bye.Header("Reason"))
	}
	c.Reply(bye, 200, "", "")
	if ev := h.wait("rms:end"); ev.Get("by") != sip.ByTimeout {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestReasonsOfTheFarEndAreInTheRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Bye(`Reason: Q.850;cause=16;text="Normal"`, `Reason: SIP;cause=200`)
	c.Expect(200)
	want := `Q.850;cause=16;text="Normal", SIP;cause=200`
	if ev := h.wait("rms:end"); ev.Get("reason") != want {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestCallOfMaximumLengthIsHungUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.MaxDuration = 50 * time.Millisecond })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	if ev := h.wait("rms:end"); ev.Get("by") != sip.ByTimeout || !strings.Contains(ev.Get("cause").(string), "max_duration") {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestRequestsOutsideADialogAreRouted(t *testing.T) {
	t.Parallel()
	var methods []string
	done := make(chan string, 8)
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		done <- x.Method()
		switch x.Method() {
		case "BYE":
			_, err := do(x, "media_stop")
			if err == nil {
				t.Error("media_stop of an unknown BYE gave no reason")
			}
		case "MESSAGE":
			return x.Reply(202, "Accepted")
		}
		return nil
	}})
	p := siptest.UDP(t, h.addr)
	c := p.NewCall()
	for method, code := range map[string]int{"OPTIONS": 200, "MESSAGE": 202} {
		c.RemoteTag = "" // of the answer before: it would name a dialog
		c.Request(method, "")
		c.Expect(code)
		methods = append(methods, <-done)
	}
	c.RemoteTag = "nobody"
	c.Request("BYE", "")
	c.Expect(481)
	if methods = append(methods, <-done); len(methods) != 3 {
		t.Errorf("routed %v", methods)
	}
}

func encodeMulaw(pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		out[i] = mulaw(s)
	}
	return out
}

func TestHeldCallDoesNotTimeOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.RTPTimeout = 2 * time.Second })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for _, hold := range []string{e.offer("0", "sendonly"), strings.Replace(e.offer("0"), "IP4 127.0.0.1\r\nt", "IP4 0.0.0.0\r\nt", 1), e.offer("0", "inactive")} {
		c.Request("INVITE", hold)
		c.Expect(200)
		c.Ack()
		h.run(5*time.Second, e)
		if len(h.seen("rms:media_timeout")) > 0 {
			t.Fatalf("timed out while held by %q", hold)
		}
	}
	c.Request("INVITE", e.offer("0"))
	c.Expect(200)
	c.Ack()
	began := h.clock.Now()
	h.until("timeout", func() bool { return len(h.seen("rms:media_timeout")) == 1 }, e)
	if d := h.clock.Now() - began; d < 1900*time.Millisecond || d > 10*time.Second {
		t.Errorf("timed out %v after the resume", d)
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}
