package lua_test

import (
	"os"
	"runtime"
	"testing"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

type idle struct{ scripttest.Exec }

func (*idle) Invoke(*call.Verb, call.Args) (any, error) { return nil, nil }

func BenchmarkEmptyRoute(b *testing.B) { bench(b, `event_route.x = function(call) end`) }

func BenchmarkRouteWithOneVerb(b *testing.B) {
	bench(b, `event_route.x = function(call) rms.zz_give("welcome.wav", 1) end`)
}

func BenchmarkRouteWithNamedArgumentsAndFields(b *testing.B) {
	bench(b, `event_route.x = function(call) if call.digit == "5" and call.user ~= "" then rms.zz_give{value = "a" .. call.digit, count = 1} end end`)
}

func bench(b *testing.B, script string) {
	b.Helper()
	s := load(b, script, quiet)
	x := &idle{}
	x.Started = &call.Event{Name: "x", Fields: []call.Field{{Name: "digit", Value: "5"}}}
	x.About.RURIUser = "42"
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Run(x, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInstruction is an empty loop of a million instructions.
func BenchmarkInstruction(b *testing.B) {
	s := load(b, `event_route.x = function(call) for i = 1, 1000000 do end end`, limited(sandbox.Limits{Budget: 1 << 40, Steps: 1 << 40}))
	for b.Loop() {
		if err := s.Run(&idle{}, "x"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/instr")
}

// BenchmarkState makes interpreters of the seed's script and prints what one
// holds.
func BenchmarkState(b *testing.B) {
	text, err := os.ReadFile("../../testdata/scripts/seed.lua")
	if err != nil {
		b.Fatal(err)
	}
	p, err := lua.Compile("seed.lua", text, quiet)
	if err != nil {
		b.Fatal(err)
	}
	const many = 64
	var before, after runtime.MemStats
	var states []sandbox.State
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range many {
		s, err := p.NewState()
		if err != nil {
			b.Fatal(err)
		}
		states = append(states, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := float64(after.HeapAlloc-before.HeapAlloc) / many / 1024
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
	b.ReportMetric(held, "kB/state")
}
