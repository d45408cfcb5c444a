package call_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rms/call"
)

// letGo is how an application ends.
type letGo struct {
	resume bool
	err    error
}

// application stands in for the Event Socket: it notes what it is handed and lets go
// when it is told to.
type application struct {
	handed chan call.Socket
	end    chan letGo
	left   chan struct{} // closed calls: the connection ctx ended
}

func newApplication() *application {
	return &application{handed: make(chan call.Socket, 4), end: make(chan letGo), left: make(chan struct{}, 4)}
}

func (a *application) run(ctx context.Context, s call.Socket) (bool, error) {
	a.handed <- s
	select {
	case e := <-a.end:
		return e.resume, e.err
	case <-ctx.Done():
		a.left <- struct{}{}
		return false, nil
	}
}

// socketHouse hands the INVITE of each call to the application.
func socketHouse(t *testing.T, a *application, args map[string]any, routes script) *house {
	t.Helper()
	s := script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		_, err := named(x, "socket", args)
		return err
	}}
	for name, route := range routes {
		s[name] = route
	}
	return newHouse(t, s, func(o *call.Options) { o.Socket = a.run })
}

func TestAnInviteWaitsForTheApplicationOfItsSocket(t *testing.T) {
	t.Parallel()
	a := newApplication()
	h := socketHouse(t, a, map[string]any{"target": "127.0.0.1:9|[::1]:10/x|host", "flags": "async full"}, nil)
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	s := <-a.handed
	if got := fmt.Sprint(s.Places, s.Async, s.Full); got != "[127.0.0.1:9 [::1]:10 host:8084] true true" || s.Dial == nil {
		t.Errorf("handed %s", got)
	}
	if h.calls.List()[0].State != "invited" {
		t.Error("the INVITE was answered without the application")
	}
	x, err := h.calls.Door(s.CallID, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(x, "socket", "127.0.0.1:9"); err == nil || !strings.Contains(err.Error(), "has the call already") {
		t.Errorf("a second socket: %v", err)
	}
	if _, err := do(x, "answer"); err != nil {
		t.Fatal(err)
	}
	c.Expect(200)
	c.Ack()
	h.wait("rms:ack")
	a.end <- letGo{}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	h.wait("rms:hangup")
	if ev := h.wait("rms:socket"); ev.Get("reason") != "closed" {
		t.Errorf("%v", ev.Fields)
	}
	h.wait("rms:end")
	if got := h.names(); strings.Index(got, "rms:socket") > strings.Index(got, "rms:hangup") {
		t.Errorf("events: %s", got)
	}
}

func TestAScriptGoesOnWhenTheApplicationResumes(t *testing.T) {
	t.Parallel()
	a := newApplication()
	reasons := make(chan string, 1)
	h := socketHouse(t, a, map[string]any{"target": "127.0.0.1:9", "route": "rms:back"}, script{"rms:back": func(x *call.Exec) error {
		reasons <- fmt.Sprint(x.Event.Get("reason"))
		_, err := do(x, "reject", 404)
		return err
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	<-a.handed
	a.end <- letGo{resume: true}
	if got := <-reasons; got != "resumed" {
		t.Error(got)
	}
	c.Expect(404)
	c.AckRefusal()
	h.wait("rms:end")
}

func TestACallWithoutARouteEndsWhenTheApplicationResumes(t *testing.T) {
	t.Parallel()
	a := newApplication()
	h := socketHouse(t, a, map[string]any{"target": "127.0.0.1:9"}, nil)
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	<-a.handed
	a.end <- letGo{resume: true}
	c.Expect(480)
	c.AckRefusal()
	if ev := h.wait("rms:socket"); ev.Get("reason") != "resumed" {
		t.Errorf("%v", ev.Fields)
	}
	h.wait("rms:end")
}

func TestACallEndsWhenNoApplicationCanBeHad(t *testing.T) {
	t.Parallel()
	a := newApplication()
	h := socketHouse(t, a, map[string]any{"target": "127.0.0.1:9"}, nil)
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	<-a.handed
	a.end <- letGo{err: errors.New("nobody home")}
	c.Expect(503)
	c.AckRefusal()
	h.wait("rms:end")
	if ev := h.wait("rms:socket"); ev.Get("reason") != "error" || ev.Get("error") != "nobody home" {
		t.Errorf("%v", ev.Fields)
	}
}

func TestTheSocketOfACallThatEndsIsToldOnce(t *testing.T) {
	t.Parallel()
	a := newApplication()
	h := socketHouse(t, a, map[string]any{"target": "127.0.0.1:9"}, nil)
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	<-a.handed
	c.Cancel()
	c.Expect(200)
	c.Expect(487)
	c.AckRefusal()
	<-a.left
	h.wait("rms:end")
	if list := h.seen("rms:socket"); len(list) != 1 || list[0].Get("reason") != "ended" {
		t.Errorf("%v", list)
	}
	if list := h.seen("rms:hangup"); len(list) != 1 || list[0].Get("by") != "caller" || list[0].Get("code") != int64(487) || list[0].Get("answered") != false {
		t.Errorf("%v", list)
	}
}

func TestSocketRefusesWhatIsNoTarget(t *testing.T) {
	t.Parallel()
	a := newApplication()
	h := newHouse(t, script{}, func(o *call.Options) { o.Socket = a.run })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	x, err := h.calls.Door(h.wait("rms:ack").Call, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]any{
		{""}, {":9"}, {"a:9 sync"}, {"a:9", "fast"}, {"a b"}, {strings.Repeat("x", 400)}, {"|"}, {"a|b|c|d|e|f|g|h|i"}, {"/path"}, {"a\x01b:9"},
	} {
		if _, err := do(x, "socket", bad...); call.ClassOf(err) != call.ClassArgument {
			t.Errorf("%q: %v", bad, err)
		}
	}
	h.bye(c)
}

func TestSocketIsNotAvailableWithoutApplications(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	x, err := h.calls.Door(h.wait("rms:ack").Call, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(x, "socket", "127.0.0.1:9"); err == nil || !strings.Contains(err.Error(), "not available") {
		t.Errorf("%v", err)
	}
	h.bye(c)
}

func TestProvisionalResponsesAreToldToWatchers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := do(x, "ring"); err != nil {
			return err
		}
		if _, err := do(x, "progress"); err != nil {
			return err
		}
		_, err := do(x, "answer")
		return err
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(180)
	c.Expect(183)
	c.Expect(200)
	c.Ack()
	h.wait("rms:ack")
	list := h.seen("rms:progress")
	if len(list) != 2 || fmt.Sprint(list[0].Fields, list[1].Fields) != "[{code 180} {media false}] [{code 183} {media true}]" {
		t.Errorf("%v", list)
	}
	h.bye(c)
}
