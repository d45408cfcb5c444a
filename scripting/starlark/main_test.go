package starlark_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

func TestMain(m *testing.M) {
	nothing := func(*call.Exec, call.Args) (any, error) { return nil, nil }
	call.Register(&call.Verb{
		Name: "zz_give", Aliases: []string{"zz_alias"}, Doc: "gives its argument back",
		Params: []call.Param{
			{Name: "value", Kind: call.Value},
			{Name: "count", Kind: call.Int, Min: 1, Max: 9},
			{Name: "route", Kind: call.Route},
			{Name: "mode", Kind: call.String, Enum: []string{"a", "b"}},
		},
		Run: nothing,
	})
	call.Register(&call.Verb{
		Name: "zz_need", Doc: "needs a file",
		Params: []call.Param{{Name: "file", Kind: call.String, Required: true, Doc: "a file"}},
		Run:    nothing,
	})
	call.Register(&call.Verb{
		Name: "zz_slow", Doc: "has an event", Waits: "route",
		Params: []call.Param{
			{Name: "file", Kind: call.String, Required: true}, {Name: "route", Kind: call.Route}, {Name: "n", Kind: call.Int},
		},
		Run: nothing,
	})
	call.Register(&call.Verb{
		Name: "zz_nap", Doc: "pauses", Waits: "route", Pauses: true,
		Params: []call.Param{{Name: "seconds", Kind: call.Float, Max: 10}, {Name: "route", Kind: call.Route}},
		Run:    nothing,
	})
	goleak.VerifyTestMain(m)
}

// load compiles a script and makes a state.
func load(t testing.TB, script string, o starlark.Options) *starlark.State {
	t.Helper()
	p, err := starlark.Compile("t.star", []byte(script), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.(*starlark.State)
}

// route makes a script whose route has the body.
func route(body string) string {
	return "def route(call):\n  " + strings.ReplaceAll(strings.Trim(body, "\n"), "\n", "\n  ") + "\n"
}

// run runs the body of a route; its first line is line 2.
func run(t testing.TB, body string, x *scripttest.Exec) error {
	t.Helper()
	return load(t, helpers+route(body), quiet).Run(x, "route")
}

// helpers is one line that every body may use.
const helpers = "check = lambda ok, why = None: None if ok else fail('check', why)\n"

// quiet has a budget that no slow machine exceeds.
var quiet = limited(sandbox.Limits{Budget: time.Minute})

func limited(l sandbox.Limits) starlark.Options {
	return starlark.Options{Limits: l, Log: zerolog.Nop()}
}
