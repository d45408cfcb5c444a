package call_test

import (
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"rms/call"
)

func init() {
	call.Register(&call.Verb{
		Name: "test_stack", Doc: "tells where it runs", Result: "a stack",
		Run: func(*call.Exec, call.Args) (any, error) { return string(debug.Stack()), nil },
	})
}

// To wake a goroutine for each verb costs as much as most verbs.
func TestAVerbOfACallAtRestRunsOnTheGoroutineThatAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": nothing})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	x, err := h.calls.Door(h.calls.List()[0].ID, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	h.until("a call at rest", func() bool {
		stack, err := do(x, "test_stack")
		text, _ := stack.(string)
		return err == nil && strings.Contains(text, "RunsOnTheGoroutineThatAsks")
	})
	c.Bye()
	c.Expect(200)
}

func TestVerbsOfManyGoroutinesStandInLine(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:start": nothing})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	x, err := h.calls.Door(h.calls.List()[0].ID, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if _, err := do(x, "set", "a", "b"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if v, err := do(x, "get", "a"); v != "b" || err != nil {
		t.Error(v, err)
	}
	c.Bye()
	c.Expect(200)
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	if _, err := do(x, "get", "a"); err == nil {
		t.Error("a verb of a call that has ended")
	}
}
