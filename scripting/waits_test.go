package scripting_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/scripting"
	"rms/scripting/scripttest"
)

// step does one run of a call and waits for it.
func step(t testing.TB, e *scripting.Engine, x *scripttest.Exec, route string) error {
	t.Helper()
	done := make(chan error, 1)
	if err := e.Queue(x, route, func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	return <-done
}

func TestManyCallsWaitAtOneTime(t *testing.T) {
	t.Parallel()
	e := engine(t, `function route(call)
	  local seen = call.id
	  for i = 1, 3 do seen = seen .. " " .. rms.play_wait(call.id).file end
	  call.var.seen = seen
	end
	event_route.plain = function(call) call.var.plain = "yes" end`, scripting.Options{Workers: 4})
	var wg sync.WaitGroup
	for n := range 300 {
		wg.Go(func() {
			x := &scripttest.Exec{Name: fmt.Sprint("c", n)}
			err := step(t, e, x, "route")
			for i := 0; err == nil && len(x.Waits) > 0; i++ {
				token := x.Wake("file", fmt.Sprint(n, "-", i))
				if err = step(t, e, x, "plain"); err == nil {
					err = step(t, e, x, token)
				}
			}
			if want := fmt.Sprintf("c%d %d-0 %d-1 %d-2", n, n, n, n); err != nil || x.Vars["seen"] != want || x.Vars["plain"] != "yes" {
				t.Errorf("%v, %v, want %s", err, x.Vars, want)
			}
		})
	}
	wg.Wait()
	if s := e.Stats(); s.Paused != 0 || s.Runs != 300*7 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
}

// waiters begins n runs that wait and returns their calls.
func waiters(t testing.TB, e *scripting.Engine, n int) []*scripttest.Exec {
	t.Helper()
	var out []*scripttest.Exec
	for i := range n {
		x := &scripttest.Exec{Name: fmt.Sprint("w", i)}
		if err := step(t, e, x, "waits"); err != nil || len(x.Waits) != 1 {
			t.Fatal(err, x.Done)
		}
		out = append(out, x)
	}
	return out
}

const waitScript = `event_route.waits = function(call) rms.play_wait("a.wav") rms.log("after") end
event_route.bad = function() while true do end end
event_route.none = function() end`

func TestRunsThatWaitOutliveTheirInterpreter(t *testing.T) {
	t.Parallel()
	e := engine(t, waitScript, scripting.Options{Workers: 1, Budget: time.Millisecond * 20})
	list := waiters(t, e, 3)
	if err := step(t, e, &scripttest.Exec{}, "bad"); err == nil {
		t.Fatal("an endless loop ended")
	}
	list = append(list, waiters(t, e, 2)...)
	if s := e.Stats(); s.Paused != 5 || s.Replaced != 1 {
		t.Errorf("%+v", s)
	}
	for _, x := range list {
		if err := step(t, e, x, x.Wake()); err != nil || !strings.Contains(strings.Join(x.Done, " "), "after") {
			t.Error(err, x.Done)
		}
	}
	if s := e.Stats(); s.Paused != 0 {
		t.Errorf("%+v", s)
	}
}

func TestReplacedInterpretersAreFew(t *testing.T) {
	t.Parallel()
	e := engine(t, waitScript, scripting.Options{Workers: 1, Budget: time.Millisecond * 20})
	var list []*scripttest.Exec
	for range 6 {
		list = append(list, waiters(t, e, 1)...)
		if err := step(t, e, &scripttest.Exec{}, "bad"); err == nil {
			t.Fatal("an endless loop ended")
		}
	}
	// The error of a run is told before its interpreter is replaced.
	eventually(t, "the last interpreter to be replaced", func() bool { return e.Stats().Replaced == 6 })
	if err := step(t, e, &scripttest.Exec{}, "none"); err != nil {
		t.Error(err)
	}
	if s := e.Stats(); s.Paused != 3 || s.Replaced != 6 {
		t.Errorf("%+v", s)
	}
	for i, x := range list {
		if err := step(t, e, x, x.Wake()); (err == nil) != (i >= 3) || err != nil && !strings.Contains(err.Error(), "given up") {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestForgetGivesUpTheRunsOfACall(t *testing.T) {
	t.Parallel()
	e := engine(t, waitScript, scripting.Options{Workers: 2})
	list := waiters(t, e, 10)
	for _, x := range list[:9] {
		e.Forget(x.Name)
	}
	e.Forget("nobody")
	for deadline := time.Now().Add(20 * time.Second); e.Stats().Paused != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", e.Stats())
		}
	}
	if err := step(t, e, list[9], list[9].Wake()); err != nil {
		t.Error(err)
	}
	if err := step(t, e, list[0], list[0].Wake()); err == nil {
		t.Error("a forgotten run went on")
	}
	e.Close()
	e.Forget("w0")
}

func TestCloseGivesUpWhatWaits(t *testing.T) {
	t.Parallel()
	e := engine(t, waitScript, scripting.Options{Workers: 2})
	waiters(t, e, 10)
	e.Close()
	if s := e.Stats(); s.Paused != 0 {
		t.Errorf("%+v", s)
	}
}
