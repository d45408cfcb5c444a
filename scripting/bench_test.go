package scripting_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"rms/scripting"
	"rms/scripting/scripttest"
)

// BenchmarkEventToScript measures from Queue to the end of a short route, one
// event at a time, and prints the distribution.
func BenchmarkEventToScript(b *testing.B) {
	e := engine(b, `event_route.x = function(call) end`, scripting.Options{})
	x := &scripttest.Exec{Name: "a"}
	done := make(chan time.Time, 1)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := e.Queue(x, "x", func(error) { done <- time.Now() }); err != nil {
			b.Fatal(err)
		}
		took = append(took, (<-done).Sub(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// BenchmarkManyCalls keeps all workers busy.
func BenchmarkManyCalls(b *testing.B) {
	e := engine(b, `event_route.x = function(call) call.var.n = call.event end`, scripting.Options{})
	calls := make([]*scripttest.Exec, 256)
	for i := range calls {
		calls[i] = &scripttest.Exec{Name: strconv.Itoa(i), Started: event("x")}
	}
	free := make(chan bool, 256)
	for range cap(free) {
		free <- true
	}
	i := 0
	for b.Loop() {
		<-free
		i++
		if err := e.Queue(calls[i%256], "x", func(error) { free <- true }); err != nil {
			b.Fatal(err)
		}
	}
}
