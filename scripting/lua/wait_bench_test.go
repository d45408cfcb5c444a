package lua_test

import (
	"runtime"
	"strconv"
	"testing"

	"rms/scripting/scripttest"
)

// BenchmarkWait is one pause of a route in the middle of a loop, from the event to the
// next wait.
func BenchmarkWait(b *testing.B) {
	s := load(b, `event_route.x = function(call) while true do rms.zz_nap(1) end end`, quiet)
	x := &scripttest.Exec{Name: "a"}
	if err := s.Run(x, "x"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		x.Done = x.Done[:0]
		if err := s.Run(x, x.Wake("reason", "done")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRouteOfAScriptThatWaits is a route that does not wait in a script whose
// others do.
func BenchmarkRouteOfAScriptThatWaits(b *testing.B) {
	bench(b, `event_route.x = function(call) end event_route.y = function() rms.zz_nap(1) end`)
}

// BenchmarkWaitingCalls measures what the interpreter holds for each call whose route
// waits, as a menu does: inside two functions, with a few variables.
func BenchmarkWaitingCalls(b *testing.B) {
	s := load(b, `
local function ask(call, prompt, tries)
  for try = 1, tries do
    local answer = rms.zz_slow_wait{file = prompt, n = 3}
    if answer.reason == "done" then return answer.digits end
  end
end
event_route.x = function(call)
  local user, language = call.user, "en"
  local choice = ask(call, "menu-" .. language .. ".wav", 3)
  rms.zz_give(user .. choice)
end`, quiet)
	const many = 5000
	calls := make([]*scripttest.Exec, many)
	for i := range calls {
		calls[i] = &scripttest.Exec{Name: strconv.Itoa(i)}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, x := range calls {
		if err := s.Run(x, "x"); err != nil {
			b.Fatal(err)
		}
		x.Done = nil
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := float64(after.HeapAlloc-before.HeapAlloc) / many
	if !s.Fit() || s.Waiting() != many {
		b.Fatal(s.Fit(), s.Waiting())
	}
	for _, x := range calls {
		s.Forget(x.Name)
	}
	for b.Loop() {
		runtime.KeepAlive(s)
	}
	b.ReportMetric(held, "B/call")
	if held > 10<<10 {
		b.Errorf("%.0f bytes for each call that waits", held)
	}
}
