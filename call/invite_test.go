package call_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/sip"
	"rms/sip/siptest"
)

func TestInviteLeftAloneIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(*call.Exec) error { return nil }})
	e := newEar(t)
	c := h.dial(e, e.offer("8"))
	ev := h.wait("rms:start")
	if ev.Get("codec") != "PCMA/8000" || ev.Get("direction") != "sendrecv" {
		t.Errorf("fields %v", ev.Fields)
	}
	h.wait("rms:ack")
	c.Bye()
	c.Expect(200)
	end := h.wait("rms:end")
	if end.Get("by") != sip.ByCaller {
		t.Errorf("ended by %v", end.Get("by"))
	}
	if n := strings.Count(h.names(), "rms:end"); n != 1 {
		t.Errorf("%d times rms:end", n)
	}
}

func TestUnknownStartRouteIsRefusedBeforeAnyAnswer(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		_, err := do(x, "answer", "rms:nowhere")
		refused <- err
		return x.Reply(503, "server error")
	}})
	c := siptest.UDP(t, h.addr).Invite(siptest.Offer)
	if m := c.Expect(503); !strings.Contains(m.Start, "server error") {
		t.Errorf("status line %q", m.Start)
	}
	c.AckRefusal()
	if got := <-refused; got == nil || !strings.Contains(got.Error(), `event_route["rms:nowhere"]`) {
		t.Errorf("answer gave %v", got)
	}
	if ev := h.wait("rms:end"); ev.Get("code") != int64(503) {
		t.Errorf("rms:end %v", ev.Fields)
	}
}

func TestRouteMayRefuseOrRedirect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		route func(x *call.Exec) error
		code  int
	}{
		"reject":       {func(x *call.Exec) error { _, err := do(x, "reject", int64(603), "Not Today"); return err }, 603},
		"reply":        {func(x *call.Exec) error { return x.Reply(404, "Not Here") }, 404},
		"redirect":     {func(x *call.Exec) error { _, err := do(x, "redirect", "sip:else@192.0.2.1"); return err }, 302},
		"hangup":       {func(x *call.Exec) error { _, err := do(x, "hangup"); return err }, 480},
		"script error": {func(*call.Exec) error { return &call.ScriptError{Route: "route", Where: "x.lua:3", Text: "oops"} }, 500},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, script{"route": tc.route})
			c := siptest.UDP(t, h.addr).Invite(siptest.Offer)
			m := c.Expect(tc.code)
			c.AckRefusal()
			if name == "redirect" && !strings.Contains(m.Header("Contact"), "sip:else@192.0.2.1") {
				t.Errorf("Contact %q", m.Header("Contact"))
			}
			h.wait("rms:end")
			if name == "script error" {
				if ev := h.wait("rms:script_error"); ev.Get("where") != "x.lua:3" {
					t.Errorf("fields %v", ev.Fields)
				}
			}
			h.until("call gone", func() bool { return h.calls.Len() == 0 })
		})
	}
}

func TestRingThenAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"route": func(x *call.Exec) error {
			if _, err := do(x, "ring"); err != nil {
				return err
			}
			_, err := do(x, "answer")
			return err
		},
		"rms:start": func(*call.Exec) error { return nil },
	})
	c := siptest.UDP(t, h.addr).Invite(siptest.Offer)
	c.Expect(180)
	c.Expect(200)
	c.Ack()
	h.wait("rms:start")
	c.Bye()
	c.Expect(200)
}

func TestEarlyMediaGoesOnInTheAnsweredCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"route": func(x *call.Exec) error {
			if _, err := do(x, "progress"); err != nil {
				return err
			}
			_, err := do(x, "play", "a.wav", "played")
			return err
		},
		"played": func(x *call.Exec) error { _, err := do(x, "answer"); return err },
		"rms:start": func(x *call.Exec) error {
			_, err := do(x, "play", "a.wav", "rms:after_play")
			return err
		},
		"rms:after_play": func(x *call.Exec) error { _, err := do(x, "hangup"); return err },
	})
	h.tone("a.wav", 8000, 440, 400*time.Millisecond)
	e := newEar(t)
	c := siptest.UDP(t, h.addr).Invite(e.offer("0"))
	early := c.Expect(183)
	h.until("early prompt", func() bool { return len(h.seen("played")) > 0 }, e)
	if len(e.packets) != 20 {
		t.Errorf("%d packets of early media, want 20", len(e.packets))
	}
	ok := c.Expect(200)
	if ok.Body != early.Body {
		t.Errorf("the 200 has other SDP than the 183:\n%s\n%s", ok.Body, early.Body)
	}
	c.Ack()
	h.until("second prompt", func() bool { return len(h.seen("rms:after_play")) > 0 }, e)
	if len(e.packets) != 40 || e.packets[39].SSRC != e.packets[0].SSRC {
		t.Errorf("%d packets in all, want 40 of one source", len(e.packets))
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

func TestOfferlessInviteStartsWithTheAck(t *testing.T) {
	t.Parallel()
	h := newHouse(t, ivr("a.wav"))
	h.tone("a.wav", 8000, 440, 200*time.Millisecond)
	e := newEar(t)
	c := siptest.UDP(t, h.addr).Invite("")
	ok := c.Expect(200)
	if !strings.Contains(ok.Body, "m=audio ") || !strings.Contains(ok.Body, "telephone-event") {
		t.Fatalf("offer %q", ok.Body)
	}
	if len(h.seen("rms:start")) != 0 {
		t.Error("rms:start before there is an answer")
	}
	c.Ack(e.offer("8"))
	h.until("after_play", func() bool { return len(h.seen("rms:after_play")) > 0 }, e)
	if pcm := e.heard("PCMA", 8000, 8); len(pcm) != 1600 {
		t.Errorf("heard %d samples", len(pcm))
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

func TestBadAnswerInTheAckEndsTheCall(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"none": "", "no common codec": strings.Replace(siptest.Offer, "0 8 101", "18", 1), "garbage": "hello"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, script{})
			c := siptest.UDP(t, h.addr).Invite("")
			c.Expect(200)
			c.Ack(body)
			c.Reply(c.ExpectRequest("BYE"), 200, "", "")
			h.wait("rms:end")
		})
	}
}

func TestOfferThatDoesNotFitIsRefusedWithWarning(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := siptest.UDP(t, h.addr).Invite(strings.Replace(siptest.Offer, "0 8 101", "18 101", 1))
	if m := c.Expect(488); !strings.HasPrefix(m.Header("Warning"), "305") {
		t.Errorf("Warning %q", m.Header("Warning"))
	}
	c.AckRefusal()
	h.wait("rms:end")
}

func TestVerbsOfTheWrongMomentSayWhy(t *testing.T) {
	t.Parallel()
	got := make(chan map[string]error, 1)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		errs := map[string]error{}
		for verb, args := range map[string][]any{
			"answer": nil, "ring": nil, "progress": nil, "reject": nil, "redirect": {"sip:a@b"}, "dtmf": {"1"}, "get": {"nope"},
		} {
			_, errs[verb] = do(x, verb, args...)
		}
		got <- errs
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for verb, err := range <-got {
		var wrong *call.ArgError
		if err == nil || errors.As(err, &wrong) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	c.Bye()
	c.Expect(200)
}
