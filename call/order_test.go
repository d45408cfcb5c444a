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

func nothing(*call.Exec) error { return nil }

// lua is the error of a script's route.
func lua(route string) error {
	return &call.ScriptError{Route: route, Where: "ivr.lua:7", Text: "oops"}
}

func TestEndIsTheLastEventAlsoWhenARouteFailsLate(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	h := newHouse(t, script{
		"rms:start": func(x *call.Exec) error { _, err := do(x, "play", "silence:5s", "played"); return err },
		"played":    func(*call.Exec) error { <-release; return lua("played") },
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:play_start")
	c.Bye()
	c.Expect(200)
	h.wait("played")
	close(release)
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	if got := h.names(); !strings.HasSuffix(got, "played rms:script_error rms:end") {
		t.Errorf("events: %s", got)
	}
}

func TestRouteThatFailsInTheEndIsOnlyLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:end": func(*call.Exec) error { return lua("rms:end") }, "rms:script_error": nothing})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Bye()
	c.Expect(200)
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	if got := h.names(); !strings.HasSuffix(got, " rms:end") || strings.Contains(got, "script_error") {
		t.Errorf("events: %s", got)
	}
}

func TestRouteOfAScriptErrorThatFailsEndsTheCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{
		"rms:start":        func(*call.Exec) error { return lua("rms:start") },
		"rms:script_error": func(*call.Exec) error { return lua("rms:script_error") },
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	h.wait("rms:end")
	if n := len(h.seen("rms:script_error")); n != 1 {
		t.Errorf("%d times rms:script_error", n)
	}
}

func TestEndCannotBeTheEventOfAPlay(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 2)
	h := newHouse(t, script{"rms:end": nothing, "rms:start": func(x *call.Exec) error {
		_, err := do(x, "play", "silence:1s", "rms:end")
		errs <- err
		return nil
	}, "route": func(x *call.Exec) error {
		if x.Method() == "INVITE" {
			_, err := do(x, "answer", "rms:end")
			errs <- err
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for range 2 {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), "last event") {
			t.Error(err)
		}
	}
	c.Bye()
	c.Expect(200)
}

func TestPanickingWatcherDoesNotKeepACall(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"rms:invite", "rms:start", "played", "rms:end", ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, playing("silence:5s", "played"), func(o *call.Options) {
				o.Watch = func(ev *call.Event) {
					if ev.Name == name || name == "" {
						panic("a watcher with a bug")
					}
				}
			})
			p := siptest.UDP(t, h.addr)
			e := newEar(t)
			c := p.Invite(e.offer("0"))
			m, ok := p.Next(siptest.Patience)
			for ok && m.Code() < 200 {
				m, ok = p.Next(siptest.Patience)
			}
			c.RemoteTag = m.Tag("To")
			if m.Code() == 200 {
				c.Target = m.Contact()
				c.Ack()
				c.Bye()
			} else {
				c.AckRefusal()
			}
			for range 50 {
				if m, _ = p.Next(100 * time.Millisecond); m.Method() == "BYE" {
					c.Reply(m, 200, "", "")
				}
				if h.calls.Len() == 0 {
					break
				}
			}
			h.until("call gone", func() bool { return h.calls.Len() == 0 })
			h.until("ports free", func() bool { return h.ports.InUse() == 0 })
		})
	}
}

// full is a script whose queue has no room for a route.
type full struct {
	*routes
	route string
}

func (f full) Run(x *call.Exec, name string, done func(error)) error {
	if name == f.route {
		return errors.New("too many events are waiting for the script")
	}
	return f.routes.Run(x, name, done)
}

func TestCallThatAnOverloadedScriptCannotRunIsNotKept(t *testing.T) {
	t.Parallel()
	scripted := script{"route": nothing, "rms:invite": nothing, "rms:start": nothing, "rms:end": nothing}
	for name, code := range map[string]int{"rms:invite": 503, "route": 503, "rms:start": 200, "rms:end": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, scripted, func(o *call.Options) { o.Router = full{o.Router.(*routes), name} })
			e := newEar(t)
			c := h.invite(e, e.offer("0"))
			m := c.Expect(code)
			switch {
			case code == 503 && m.Header("Retry-After") == "":
				t.Error("no Retry-After")
			case code == 503:
				c.AckRefusal()
			case name == "rms:start":
				c.Ack()
				c.Reply(c.ExpectRequest("BYE"), 200, "", "")
			default:
				c.Ack()
				c.Bye()
				c.Expect(200)
			}
			h.until("call gone", func() bool { return h.calls.Len() == 0 })
			if n := h.calls.Stats().Dropped; n == 0 {
				t.Error("not counted")
			}
		})
	}
}

func TestFailedRouteOutsideADialogIsAnEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(*call.Exec) error { return lua("route") }})
	c := siptest.UDP(t, h.addr).NewCall()
	c.Request("OPTIONS", "")
	c.Expect(500)
	if ev := h.wait("rms:script_error"); ev.Call != "" || ev.Get("where") != "ivr.lua:7" {
		t.Errorf("event %+v", ev)
	}
}

func TestCallerWhoRingsIsToldToTryElsewhereWhenTheServerStops(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error { _, err := do(x, "ring"); return err }})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(180)
	ctx, cancel := contextWithTimeout(time.Millisecond)
	defer cancel()
	go h.calls.Drain(ctx, "stopping", 5*time.Second)
	if m := c.Expect(503); m.Header("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	c.AckRefusal()
	if ev := h.wait("rms:end"); ev.Get("cause") != "stopping" || ev.Get("by") != sip.ByUs {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestEarlyMediaNeedsAnOffer(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 1)
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		_, err := do(x, "progress")
		errs <- err
		_, err = do(x, "reject", int64(404))
		return err
	}})
	e := newEar(t)
	c := h.invite(e, "")
	c.Expect(404)
	c.AckRefusal()
	if err := <-errs; err == nil || !strings.Contains(err.Error(), "offer") {
		t.Error(err)
	}
	if ev := h.wait("rms:end"); ev.Get("cause") != "Not Found" {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestVerbsOfACallThatEndsSaySo(t *testing.T) {
	t.Parallel()
	got := make(chan error, 8)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "hangup")
		got <- err
		for _, v := range [][]any{{"play", "silence:1s"}, {"dtmf", "1"}, {"answer"}, {"hangup"}} {
			_, err := do(x, v[0].(string), v[1:]...)
			got <- err
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if err := <-got; err != nil {
		t.Error(err)
	}
	for range 4 {
		if err := <-got; !errors.Is(err, call.ErrGone) {
			t.Errorf("reason %v", err)
		}
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

func TestReasonsOfScriptsCannotAddHeaderFields(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() == "INVITE" {
			_, err := do(x, "reject", int64(486), "No\r\nX-Evil: 1")
			return err
		}
		return nil
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	if m := c.Expect(486); m.Header("X-Evil") != "" {
		t.Errorf("sent %q", m.Raw)
	}
	c.AckRefusal()
	h = newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "hangup", "a\"b\r\nX-Evil: 1")
		return err
	}})
	c = h.dial(e, e.offer("0"))
	bye := c.ExpectRequest("BYE")
	if bye.Header("X-Evil") != "" || !strings.HasPrefix(bye.Header("Reason"), "SIP;cause=200;text=") {
		t.Errorf("sent %q", bye.Raw)
	}
	c.Reply(bye, 200, "", "")
}

func TestCallerMayBeSilentBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := do(x, "progress"); err != nil {
			return err
		}
		_, err := do(x, "play", "silence:6s", "played")
		return err
	}, "played": func(x *call.Exec) error { _, err := do(x, "answer"); return err }},
		func(o *call.Options) { o.RTPTimeout = 2 * time.Second })
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(183)
	h.until("answer", func() bool { return len(h.seen("rms:start")) > 0 }, e)
	answered := h.clock.Now()
	c.Expect(200)
	c.Ack()
	h.until("timeout", func() bool { return len(h.seen("rms:media_timeout")) > 0 }, e)
	if d := h.clock.Now() - answered; d < 1900*time.Millisecond || d > 2500*time.Millisecond {
		t.Errorf("timed out %v after the answer", d)
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	if n := len(h.seen("rms:media_timeout")); n != 1 {
		t.Errorf("%d times rms:media_timeout", n)
	}
}
