package call_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media"
	"rms/sip/siptest"
)

func mulaw(s int16) byte { return media.LinearToMulaw(s) }

func init() {
	call.Register(&call.Verb{
		Name: "test_panic", Doc: "panics", Result: "nothing",
		Run: func(*call.Exec, call.Args) (any, error) { panic("a verb with a bug") },
	})
}

func TestPanicCostsOneCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		if x.Info().RURIUser == "bad" {
			_, err := do(x, "test_panic")
			if err == nil {
				t.Error("a verb that panics gave no error")
			}
			return nil
		}
		_, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true})
		return err
	}})
	good := newEar(t)
	other := h.dial(good, good.offer("0"))
	bad := siptest.UDP(t, h.addr).NewCall()
	bad.Target = "sip:bad@rms.test"
	bad.Request("INVITE", siptest.Offer)
	bad.Expect(200)
	bad.Ack()
	bye := bad.ExpectRequest("BYE")
	if !strings.Contains(bye.Header("Reason"), "500") {
		t.Errorf("Reason %q", bye.Header("Reason"))
	}
	bad.Reply(bye, 200, "", "")
	h.run(500*time.Millisecond, good)
	if len(good.packets) < 23 {
		t.Errorf("the other call got %d packets", len(good.packets))
	}
	other.Bye()
	other.Expect(200)
}

func TestScriptErrorEndsTheCallUnlessTheScriptCares(t *testing.T) {
	t.Parallel()
	fail := func(*call.Exec) error {
		return &call.ScriptError{Route: "rms:start", Where: "ivr.lua:7", Text: "attempt to call a nil value"}
	}
	t.Run("not bound", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, script{"rms:start": fail})
		e := newEar(t)
		c := h.dial(e, e.offer("0"))
		c.Reply(c.ExpectRequest("BYE"), 200, "", "")
		if ev := h.wait("rms:script_error"); ev.Get("where") != "ivr.lua:7" {
			t.Errorf("fields %v", ev.Fields)
		}
		h.wait("rms:end")
	})
	t.Run("bound", func(t *testing.T) {
		t.Parallel()
		cared := make(chan *call.Event, 1)
		h := newHouse(t, script{"rms:start": fail, "rms:script_error": func(x *call.Exec) error { cared <- x.Event; return nil }})
		e := newEar(t)
		c := h.dial(e, e.offer("0"))
		<-cared
		c.Bye()
		c.Expect(200)
	})
}

func TestVariablesAreBoundedAndOfTheCall(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 4)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "set", "name", "Ann")
		errs <- err
		v, err := do(x, "get", "name")
		if v != "Ann" {
			err = errors.New("not what was set")
		}
		errs <- err
		_, err = do(x, "set", "big", strings.Repeat("x", 65<<10))
		errs <- err
		if pv, ok := x.PV("$var(name)"); !ok || pv != "Ann" {
			t.Errorf("$var(name) is %q", pv)
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if a, b, big := <-errs, <-errs, <-errs; a != nil || b != nil || big == nil {
		t.Errorf("%v, %v, %v", a, b, big)
	}
	c.Bye()
	c.Expect(200)
}

func TestDrainWaitsAndThenHangsUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	replied := make(chan struct{})
	go func() {
		defer close(replied)
		c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	}()
	ctx, cancel := contextWithTimeout(50 * time.Millisecond)
	defer cancel()
	h.calls.Drain(ctx, "stopping", patience)
	<-replied
	if h.calls.Len() != 0 {
		t.Errorf("%d calls left", h.calls.Len())
	}
	if ev := h.wait("rms:end"); ev.Get("cause") != "stopping" {
		t.Errorf("ended %v", ev.Fields)
	}
}
