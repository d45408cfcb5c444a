package lua_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

func TestMain(m *testing.M) {
	call.Register(&call.Verb{
		Name: "zz_give", Aliases: []string{"zz_alias"}, Doc: "gives its argument back",
		Params: []call.Param{
			{Name: "value", Kind: call.Value},
			{Name: "count", Kind: call.Int, Min: 1, Max: 9},
			{Name: "route", Kind: call.Route},
			{Name: "mode", Kind: call.String, Enum: []string{"a", "b"}},
		},
		Run: func(*call.Exec, call.Args) (any, error) { return nil, nil },
	})
	call.Register(&call.Verb{
		Name: "zz_need", Doc: "needs a file",
		Params: []call.Param{{Name: "file", Kind: call.String, Required: true, Doc: "a file"}},
		Run:    func(*call.Exec, call.Args) (any, error) { return nil, nil },
	})
	call.Register(&call.Verb{
		Name: "zz_slow", Doc: "has an event", Waits: "route",
		Params: []call.Param{
			{Name: "file", Kind: call.String, Required: true}, {Name: "route", Kind: call.Route}, {Name: "n", Kind: call.Int},
		},
		Run: func(*call.Exec, call.Args) (any, error) { return nil, nil },
	})
	call.Register(&call.Verb{
		Name: "zz_nap", Doc: "pauses", Waits: "route", Pauses: true,
		Params: []call.Param{{Name: "seconds", Kind: call.Float, Max: 10}, {Name: "route", Kind: call.Route}},
		Run:    func(*call.Exec, call.Args) (any, error) { return nil, nil },
	})
	goleak.VerifyTestMain(m)
}

// load compiles a script and makes a state.
func load(t testing.TB, script string, o lua.Options) *lua.State {
	t.Helper()
	p, err := lua.Compile("t.lua", []byte(script), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewState()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.(*lua.State)
}

// run runs the body of a route.
func run(t testing.TB, body string, x *scripttest.Exec) error {
	t.Helper()
	return load(t, "function route(call)\n"+body+"\nend", quiet).Run(x, "route")
}

// quiet has a budget that no slow machine exceeds.
var quiet = limited(sandbox.Limits{Budget: time.Minute})

// eval runs a body that ends in a return of values for rms_zz_give, and returns
// what the verb was given.
func eval(t testing.TB, body string) any {
	t.Helper()
	var got any
	x := &scripttest.Exec{Do: func(_ *call.Verb, a call.Args) (any, error) {
		got = a.Value("value")
		return nil, nil
	}}
	script := "local function f(call)\n" + body + "\nend\nfunction route(call) rms_zz_give({f(call)}, nil) end"
	if err := load(t, script, quiet).Run(x, "route"); err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return got
}

func limited(l sandbox.Limits) lua.Options { return lua.Options{Limits: l, Log: zerolog.Nop()} }
