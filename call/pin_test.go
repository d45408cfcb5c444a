package call_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/sip/siptest"
)

// pinned counts who holds its routes.
type pinned struct {
	call.Router
	mu   sync.Mutex
	held map[string]int
	ever int
}

func (p *pinned) Pin(key string) (call.Router, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[key]++
	p.ever++
	return p.Router, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.held[key]--; p.held[key] == 0 {
			delete(p.held, key)
		}
	}
}

func (p *pinned) state() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprint(len(p.held), " of ", p.ever)
}

func TestACallHoldsItsRoutesUntilItIsForgotten(t *testing.T) {
	t.Parallel()
	p := &pinned{held: map[string]int{}}
	h := newHouse(t, script{call.RouteName: func(*call.Exec) error { return nil }}, func(o *call.Options) {
		p.Router = o.Router
		o.Router = p
	})
	e := newEar(t)
	c := h.dial(e, e.offer("8"))
	h.wait("rms:ack")
	if got := p.state(); got != "1 of 1" {
		t.Errorf("in the call: %s", got)
	}
	other := siptest.UDP(t, h.addr).NewCall()
	other.Request("OPTIONS", "")
	other.Expect(200)
	c.Bye()
	c.Expect(200)
	for deadline := time.Now().Add(patience); p.state() != "0 of 2"; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(p.state())
		}
	}
}
