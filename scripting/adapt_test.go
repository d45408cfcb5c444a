package scripting_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting"
	"rms/scripting/sandbox"
)

func TestACallsExecIsAnExec(t *testing.T) {
	t.Parallel()
	x := &call.Exec{Event: &call.Event{Name: "rms:dtmf"}}
	if e := sandbox.Adapt(x).Event(); e != x.Event {
		t.Errorf("event %v", e)
	}
	e := engine(t, `event_route.x = function(call) assert(call.event == "rms:dtmf" and call.id == "") end`, scripting.Options{})
	end := make(chan error, 1)
	if err := e.Run(x, "x", func(err error) { end <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-end; err != nil {
		t.Error(err)
	}
}

func TestNameAndRoutes(t *testing.T) {
	t.Parallel()
	e := example(t, "")
	if diff := cmp.Diff([]string{"rms:after_play", "rms:start"}, e.Routes()); diff != "" || e.Name() != "default.lua" {
		t.Error(e.Name(), diff)
	}
}
