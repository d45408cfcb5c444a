package scripting_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"rms/scripting"
	"rms/scripting/scripttest"
)

// TestHostileRunsHoldUpNoOtherWorker proves with the order of things, not with a clock:
// calls of other workers begin, wait, go on and end while an endless loop is still running.
func TestHostileRunsHoldUpNoOtherWorker(t *testing.T) {
	t.Parallel()
	e := engine(t, `event_route.bad = function() rms.play_wait("a.wav") while true do end end
	event_route.good = function(call) rms.play_wait("a.wav") call.var.seen = true end`,
		scripting.Options{Workers: 4, Budget: 3 * time.Second})
	bad := &scripttest.Exec{Name: "bad"}
	if err := step(t, e, bad, "bad"); err != nil {
		t.Fatal(err)
	}
	var over atomic.Bool
	failed := make(chan error, 1)
	if err := e.Queue(bad, bad.Wake(), func(err error) { over.Store(true); failed <- err }); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		x := &scripttest.Exec{Name: fmt.Sprint("good", n)}
		if worker(x.Name, 4) == worker("bad", 4) {
			continue
		}
		if err := step(t, e, x, "good"); err != nil {
			t.Fatal(err)
		}
		if err := step(t, e, x, x.Wake()); err != nil || x.Vars["seen"] != true {
			t.Fatal(err, x.Vars)
		}
	}
	if over.Load() {
		t.Error("the endless loop had ended before the other calls")
	}
	if err := <-failed; err == nil {
		t.Error("an endless loop ended by itself")
	}
}

// worker tells which of n workers has a key, as the engine does (FNV-1a).
func worker(key string, n uint32) uint32 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return h % n
}
