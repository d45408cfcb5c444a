package scripting_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting"
	"rms/scripting/scripttest"
)

func file(t testing.TB, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.lua")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func engine(t testing.TB, script string, o scripting.Options) *scripting.Engine {
	t.Helper()
	o.File, o.Log = file(t, script), zerolog.Nop()
	if o.Budget == 0 {
		o.Budget = time.Minute // the machine may be slow
	}
	e, err := scripting.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestRunsOfOneKeyStayInOrder(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.x = function(call) call.var.n = (call.var.n or "") .. call.event end`, scripting.Options{Workers: 4})
	var wg sync.WaitGroup
	calls := make([]*scripttest.Exec, 20)
	for i := range calls {
		calls[i] = &scripttest.Exec{Name: fmt.Sprint("call-", i)}
	}
	for n := range 26 {
		for _, x := range calls {
			wg.Add(1)
			run := *x
			if run.Vars = x.Vars; run.Vars == nil {
				x.Vars = map[string]any{}
				run.Vars = x.Vars
			}
			run.Started = &call.Event{Name: string(rune('a' + n))}
			if err := e.Queue(&run, "x", func(err error) {
				if err != nil {
					t.Error(err)
				}
				wg.Done()
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
	for _, x := range calls {
		if x.Vars["n"] != "abcdefghijklmnopqrstuvwxyz" {
			t.Errorf("%s: %v", x.Name, x.Vars["n"])
		}
	}
	if s := e.Stats(); s.Runs != 20*26 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.x = function(call) rms_get("x") end event_route.y = function() end`, scripting.Options{Workers: 1, Queue: 2})
	entered, release := make(chan bool), make(chan bool)
	blocked := &scripttest.Exec{}
	stuck := blocking{blocked, entered, release}
	ends := make(chan error, 4)
	done := func(err error) { ends <- err }
	if err := e.Queue(stuck, "x", done); err != nil {
		t.Fatal(err)
	}
	<-entered
	for range 2 {
		if err := e.Queue(&scripttest.Exec{}, "y", done); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Queue(&scripttest.Exec{}, "y", done); !errors.Is(err, scripting.ErrBusy) {
		t.Errorf("err = %v", err)
	}
	if s := e.Stats(); s.Refused != 1 || s.Waiting != 2 {
		t.Errorf("%+v", s)
	}
	close(release)
	for range 3 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
}

// blocking is a call whose verbs wait.
type blocking struct {
	*scripttest.Exec
	entered, release chan bool
}

func (b blocking) Invoke(*call.Verb, call.Args) (any, error) {
	b.entered <- true
	<-b.release
	return nil, nil
}

func TestWaitsInVerbsAreNotCountedAsRunTime(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.x = function(call) rms_get("x") for i = 1, 1000 do end end`, scripting.Options{Workers: 1, Budget: 500 * time.Millisecond})
	x := blocking{&scripttest.Exec{}, make(chan bool), make(chan bool)}
	end := make(chan error, 1)
	if err := e.Queue(x, "x", func(err error) { end <- err }); err != nil {
		t.Fatal(err)
	}
	<-x.entered
	time.Sleep(600 * time.Millisecond) // more than the budget passes while the verb works
	close(x.release)
	if err := <-end; err != nil {
		t.Error(err)
	}
}

func TestAnInterpreterIsReplacedAfterACutOffRun(t *testing.T) {
	t.Parallel()
	e := engine(t, `n = 0
event_route.count = function(call) n = n + 1 call.var.n = n end
event_route.loop = function(call) n = 100 while true do end end`, scripting.Options{Workers: 1, Budget: 250 * time.Millisecond})
	x := &scripttest.Exec{}
	do(t, e, x, "count")
	do(t, e, x, "count")
	if x.Vars["n"] != int64(2) {
		t.Error(x.Vars)
	}
	end := make(chan error, 1)
	if err := e.Queue(x, "loop", func(err error) { end <- err }); err != nil {
		t.Fatal(err)
	}
	var s *call.ScriptError
	if err := <-end; !errors.As(err, &s) || s.Route != "loop" || !strings.HasSuffix(s.Where, "t.lua:3") {
		t.Errorf("%#v", err)
	}
	do(t, e, x, "count")
	if x.Vars["n"] != int64(1) {
		t.Errorf("globals of a cut-off run are still there: %v", x.Vars)
	}
	if s := e.Stats(); s.Replaced != 1 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
}

func TestHostileCallsDoNotFailOthers(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.loop = function(call) while true do pcall(function() while true do end end) end end
event_route.fine = function(call) call.var.done = 1 end`, scripting.Options{Workers: 2, Budget: 250 * time.Millisecond})
	var wg sync.WaitGroup
	calls := make([]*scripttest.Exec, 50)
	for i := range calls {
		calls[i] = &scripttest.Exec{Name: fmt.Sprint(i)}
		route := "fine"
		if i%5 == 0 {
			route = "loop"
		}
		wg.Add(1)
		if err := e.Queue(calls[i], route, func(err error) {
			if (err != nil) != (route == "loop") {
				t.Error(route, err)
			}
			wg.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	for i, x := range calls {
		if i%5 != 0 && x.Vars["done"] != int64(1) {
			t.Errorf("call %d", i)
		}
	}
}

func TestCloseLetsQueuedRunsEndAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.x = function(call) call.var.done = 1 end`, scripting.Options{Workers: 2})
	calls := make([]*scripttest.Exec, 100)
	for i := range calls {
		calls[i] = &scripttest.Exec{Name: fmt.Sprint(i)}
		if err := e.Queue(calls[i], "x", nil); err != nil {
			t.Fatal(err)
		}
	}
	e.Close()
	e.Close()
	for i, x := range calls {
		if x.Vars["done"] != int64(1) {
			t.Errorf("run %d was lost", i)
		}
	}
	if err := e.Queue(calls[0], "x", nil); !errors.Is(err, scripting.ErrClosed) {
		t.Error(err)
	}
}

func TestAPanicOfDoneDoesNotEndTheWorker(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.x = function() end`, scripting.Options{Workers: 1})
	if err := e.Queue(&scripttest.Exec{}, "x", func(error) { panic("done") }); err != nil {
		t.Fatal(err)
	}
	do(t, e, &scripttest.Exec{}, "x")
}

func TestHasAndUnknownRoutes(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route["rms:start"] = print function route() end`, scripting.Options{})
	if !e.Has("rms:start") || !e.Has(call.RouteName) || e.Has("rms:end") || e.Has("") {
		t.Error(e.Routes())
	}
	end := make(chan error, 1)
	if err := e.Queue(&scripttest.Exec{}, "none", func(err error) { end <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err == nil || !strings.Contains(err.Error(), "no such route") {
		t.Error(err)
	}
}
