package call_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/sip"
)

func tone400(x *call.Exec) error {
	_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
	return err
}

func TestPlayGoesOnSilentlyDuringHold(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(e *ear) string{
		"inactive": func(e *ear) string { return e.offer("0", "inactive") },
		"zero address": func(e *ear) string {
			return strings.Replace(e.offer("0"), "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1)
		},
		"port 0": func(e *ear) string {
			_, rest, _ := strings.Cut(e.offer("0"), "m=audio ")
			port, _, _ := strings.Cut(rest, " ")
			return strings.Replace(e.offer("0"), "m=audio "+port, "m=audio 0", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, playing("a.wav", "played"))
			h.tone("a.wav", 8000, 440, time.Second)
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.run(300*time.Millisecond, e)
			c.Request("INVITE", hold(e))
			c.Expect(200)
			c.Ack()
			h.run(40*time.Millisecond, e)
			before := len(e.packets)
			h.until("played", func() bool { return len(h.seen("played")) > 0 }, e)
			if n := len(e.packets) - before; n != 0 {
				t.Errorf("%d packets during hold", n)
			}
			if ev := h.seen("played")[0]; ev.Get("reason") != call.ReasonDone || ev.Get("played_ms") != int64(1000) {
				t.Errorf("fields %v", ev.Fields)
			}
			if ev := h.wait("rms:update"); ev.Get("hold") != true || name != "inactive" && ev.Get("remote") != "" {
				t.Errorf("update %v", ev.Fields)
			}
			c.Request("INVITE", e.offer("0"))
			e.aim(c.Expect(200).Body)
			c.Ack()
			c.Bye()
			c.Expect(200)
		})
	}
}

func TestSilenceOfWhoHoldsUsIsNoTimeout(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"sendonly", "inactive", "recvonly"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, script{}, func(o *call.Options) { o.RTPTimeout = 2 * time.Second })
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.run(500*time.Millisecond, e)
			c.Request("INVITE", e.offer("0", way))
			c.Expect(200)
			c.Ack()
			h.run(3*time.Second, e)
			c.Request("INVITE", e.offer("0"))
			c.Expect(200)
			c.Ack()
			h.run(1500*time.Millisecond, e)
			if n := len(h.seen("rms:media_timeout")); n != 0 {
				t.Fatal("timed out")
			}
			h.until("timeout", func() bool { return len(h.seen("rms:media_timeout")) == 1 }, e)
			c.Reply(c.ExpectRequest("BYE"), 200, "", "")
			if ev := h.wait("rms:end"); ev.Get("by") != sip.ByTimeout {
				t.Errorf("ended %v", ev.Fields)
			}
		})
	}
}

func TestOfferInThe200OfAReinviteTakesItsAnswerFromTheAck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": tone400})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(200*time.Millisecond, e)
	c.Request("INVITE", "")
	ok := c.Expect(200)
	if !strings.Contains(ok.Body, "m=audio "+lastPort(t, e)+" RTP/AVP 0 ") {
		t.Errorf("the codec in use does not come first: %q", ok.Body)
	}
	c.Request("UPDATE", e.offer("8"))
	c.Expect(491)
	c.Ack(e.offer("8"))
	h.until("update", func() bool { return len(h.seen("rms:update")) == 1 })
	h.run(300*time.Millisecond, e)
	pitch(t, e.heard("PCMA", 8000, 8), 8000, 400)
	if n := len(h.seen("rms:ack")); n != 1 {
		t.Errorf("%d times rms:ack", n)
	}
	c.Bye()
	c.Expect(200)
}

func lastPort(t *testing.T, e *ear) string {
	t.Helper()
	_, port, _ := strings.Cut(e.to.String(), ":")
	return port
}

func TestBadAnswerInTheAckOfAReinviteEndsTheCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Request("INVITE", "")
	c.Expect(200)
	c.Ack(e.offer("18"))
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	if ev := h.wait("rms:end"); ev.Get("by") != sip.ByError {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestOfferWhileOursIsPendingIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.invite(e, "")
	e.aim(c.Expect(200).Body)
	c.Request("INVITE", e.offer("8"))
	c.Expect(491)
	c.AckRefusal()
	c.InviteSeq = 1
	c.Ack(e.offer("0"))
	if ev := h.wait("rms:start"); ev.Get("codec") != "PCMU/8000" {
		t.Errorf("fields %v", ev.Fields)
	}
	c.Bye()
	c.Expect(200)
}

func TestRefusedOfferLeavesOurDescriptionAsItWas(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	first := c.Expect(200)
	c.Ack()
	for _, bad := range []string{e.offer("18"), "hello", strings.Replace(e.offer("0"), "IP4 127.0.0.1\r\nt", "IP6 2001:db8::1\r\nt", 1)} {
		c.Request("INVITE", bad)
		c.Expect(map[bool]int{true: 400, false: 488}[bad == "hello"])
		c.AckRefusal()
	}
	c.Request("INVITE", e.offer("0"))
	if again := c.Expect(200); again.Body != first.Body {
		t.Errorf("the same offer got\n%s\nbefore it was\n%s", again.Body, first.Body)
	}
	c.Ack()
	c.Bye()
	c.Expect(200)
}

func TestA2xxToAnOfferIsForTheVerbThatAnswers(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 2)
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		switch x.Method() {
		case "UPDATE":
			errs <- x.Reply(200, "OK")
			_, err := do(x, "sip_request")
			errs <- err
		case "BYE":
			errs <- x.Reply(200, "Good Bye")
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Request("UPDATE", e.offer("8"))
	if m := c.Expect(200); !strings.Contains(m.Body, "PCMA") {
		t.Errorf("answer %q", m.Body)
	}
	if plain, verb := <-errs, <-errs; plain == nil || verb != nil {
		t.Errorf("send_reply: %v, rms_sip_request: %v", plain, verb)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestComfortNoiseIsHeardUntilTheFarEndSpeaks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error { _, err := do(x, "echo"); return err }})
	e := newEar(t)
	c := h.dial(e, e.offer("0 13"))
	h.wait("rms:start")
	tone := audiotest.Tone(8000, 700, -10, 500*time.Millisecond)
	for i := 0; i+160 <= len(tone); i += 160 {
		e.say(0, encodeMulaw(tone[i:i+160]), 160, i == 0)
		h.run(20*time.Millisecond, e)
	}
	e.say(13, []byte{30}, 8000, false) // noise at -30 dBov for a second
	h.run(200*time.Millisecond, e)
	before := len(e.packets)
	h.run(600*time.Millisecond, e)
	if n := len(e.packets) - before; n < 28 {
		t.Fatalf("%d packets of noise", n)
	}
	pcm := e.heard("PCMU", 8000, 0)
	if l := audiotest.RMS(pcm[len(pcm)-4000:]); l < -40 || l > -22 {
		t.Errorf("noise at %.1f dB, want -30", l)
	}
	c.Bye()
	c.Expect(200)
}
