package starlark_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"rms/call"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

type idle struct{ scripttest.Exec }

func (*idle) Invoke(*call.Verb, call.Args) (any, error) { return nil, nil }

func BenchmarkEmptyRoute(b *testing.B) { bench(b, "pass") }

func BenchmarkRouteWithOneVerb(b *testing.B) { bench(b, `rms.zz_give("welcome.wav", 1)`) }

func BenchmarkRouteWithNamedArgumentsAndFields(b *testing.B) {
	bench(b, "if call.digit == '5' and call.user != '':\n  rms.zz_give(value = 'a' + call.digit, count = 1)")
}

func bench(b *testing.B, body string) {
	b.Helper()
	s := load(b, route(body), quiet)
	x := &idle{}
	x.Started = &call.Event{Name: "x", Fields: []call.Field{{Name: "digit", Value: "5"}}}
	x.About.RURIUser = "42"
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Run(x, "route"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInstruction is a loop of a million rounds.
func BenchmarkInstruction(b *testing.B) {
	s := load(b, route("for i in range(1000000): pass"), limited(sandbox.Limits{Budget: 1 << 40, Steps: 1 << 40}))
	for b.Loop() {
		if err := s.Run(&idle{}, "route"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/round")
}

// BenchmarkGuards is an operator with a guard.
func BenchmarkGuards(b *testing.B) {
	s := load(b, route("y = 'b'\nfor i in range(1000): 'a' + y"), limited(sandbox.Limits{Budget: 1 << 40, Steps: 1 << 40}))
	for b.Loop() {
		if err := s.Run(&idle{}, "route"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e3, "ns/operator")
}

// BenchmarkWait is a run that waits once.
func BenchmarkWait(b *testing.B) {
	s := load(b, route("r = rms.zz_slow_wait('a.wav')\nrms.zz_give(r.reason)"), quiet)
	p := newPlayer("a")
	b.ReportAllocs()
	for b.Loop() {
		p.tokens, p.Done = p.tokens[:0], p.Done[:0]
		if err := s.Run(p, "route"); err != nil {
			b.Fatal(err)
		}
		if err := p.fire(s, 0, reason("done")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkState makes interpreters of the seed's script and prints what one holds.
func BenchmarkState(b *testing.B) {
	text, err := os.ReadFile("../../testdata/scripts/seed.star")
	if err != nil {
		b.Fatal(err)
	}
	p, err := starlark.Compile("seed.star", text, quiet)
	if err != nil {
		b.Fatal(err)
	}
	const many = 64
	var states []sandbox.State
	held := grown(func() {
		for range many {
			s, err := p.NewState()
			if err != nil {
				b.Fatal(err)
			}
			states = append(states, s)
		}
	}) / many
	for _, s := range states {
		s.Close()
	}
	for b.Loop() {
		s, err := p.NewState()
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
	b.ReportMetric(float64(held)/1024, "kB/state")
}

// grown returns by how much heap and stacks grow while f runs.
func grown(f func()) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int(after.HeapAlloc+after.StackInuse) - int(before.HeapAlloc+before.StackInuse)
}

// caller keeps nothing but the token that it is given.
type caller struct {
	scripttest.Exec
	token string
}

func (c *caller) Invoke(v *call.Verb, a call.Args) (any, error) {
	if v.Waits != "" {
		c.token = a.String(v.Waits)
	}
	return nil, nil
}

// menu is a run as it is written in life, two functions deep when it waits.
const menu = `
def ask(call, prompt):
    r = rms.zz_slow_wait(prompt, n = 3)
    return r.digits if r.reason == "done" else None

def route(call):
    xinfo("call from " + call.user)
    for attempt in range(3):
        choice = ask(call, "menu.wav")
        if choice == "1":
            rms.zz_give(value = "sales", mode = "a")
            break
`

func TestARunThatWaitsIsSmall(t *testing.T) {
	s := load(t, menu, quiet)
	const many = 2000
	calls := make([]caller, many)
	for i := range calls {
		calls[i].Name = fmt.Sprint(i)
	}
	held := grown(func() {
		for i := range calls {
			if err := s.Run(&calls[i], "route"); err != nil {
				t.Fatal(err)
			}
		}
	}) / many
	t.Logf("%d bytes for each run that waits", held)
	if held > 10<<10 && !race {
		t.Errorf("a run that waits takes %d bytes", held)
	}
	for i := range calls {
		calls[i].Started = &call.Event{Fields: []call.Field{reason("done"), {Name: "digits", Value: "1"}}}
		if err := s.Run(&calls[i], calls[i].token); err != nil {
			t.Fatal(err)
		}
	}
	if s.Waiting() != 0 {
		t.Error(s.Waiting())
	}
}
