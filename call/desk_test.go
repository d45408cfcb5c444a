package call_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/sip/siptest"
)

// stopwatch makes timers that fire when the test says so.
type stopwatch struct {
	mu     sync.Mutex
	now    time.Duration
	timers []*fakeTimer
}

type fakeTimer struct {
	watch *stopwatch
	at    time.Duration
	f     func()
}

func (t *fakeTimer) Stop() bool {
	t.watch.mu.Lock()
	defer t.watch.mu.Unlock()
	n := len(t.watch.timers)
	t.watch.timers = slices.DeleteFunc(t.watch.timers, func(o *fakeTimer) bool { return o == t })
	return len(t.watch.timers) < n
}

func (s *stopwatch) after(d time.Duration, f func()) call.Timer {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &fakeTimer{watch: s, at: s.now + d, f: f}
	s.timers = append(s.timers, t)
	return t
}

// pass fires what is due in the next d.
func (s *stopwatch) pass(d time.Duration) {
	s.mu.Lock()
	s.now += d
	var due []*fakeTimer
	s.timers = slices.DeleteFunc(s.timers, func(t *fakeTimer) bool {
		if t.at <= s.now {
			due = append(due, t)
			return true
		}
		return false
	})
	s.mu.Unlock()
	for _, t := range due {
		t.f()
	}
}

func (s *stopwatch) pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.timers)
}

// desk is a house with one answered call and a stopwatch.
type desk struct {
	*house
	watch *stopwatch
	call  *siptest.Call
	ear   *ear
}

func newDesk(t *testing.T, s script) *desk {
	t.Helper()
	d := &desk{watch: &stopwatch{}, ear: newEar(t)}
	d.house = newHouse(t, s, func(o *call.Options) { o.AfterFunc = d.watch.after })
	d.tone("menu.wav", 8000, 440, time.Second)
	d.call = d.dial(d.ear, d.ear.offer("0"))
	d.wait("rms:start")
	d.settle()
	t.Cleanup(func() {
		if d.calls.Len() > 0 && len(d.seen("rms:end")) == 0 { // else the house waits long for the answer to its BYE
			d.call.Bye()
			d.call.Expect(200)
		}
	})
	return d
}

// door uses a verb from outside.
func (d *desk) door(verb string, args map[string]any) (any, error) {
	x, err := d.calls.Door(d.calls.List()[0].ID, call.FromAPI)
	if err != nil {
		return nil, err
	}
	return named(x, verb, args)
}

func (d *desk) do(verb string, args map[string]any) {
	d.t.Helper()
	if _, err := d.door(verb, args); err != nil {
		d.t.Fatal(err)
	}
	d.settle()
}

// press sends keys in INFO and waits until the call has them.
func (d *desk) press(keys string) {
	d.t.Helper()
	for _, k := range keys {
		n := len(d.seen("rms:dtmf"))
		press(d.call, string(k))
		eventually(d.t, "key "+string(k), func() bool { return len(d.seen("rms:dtmf")) > n })
	}
	d.settle()
}

func (d *desk) collected(t *testing.T, want string) {
	t.Helper()
	got := "nothing"
	if list := d.seen("rms:collect"); len(list) > 0 {
		ev := list[len(list)-1]
		got = fmt.Sprint(ev.Get("digits"), " ", ev.Get("reason"), " ", ev.Get("terminator"), " ", ev.Get("tries"))
		if len(list) > 1 {
			got += fmt.Sprintf(" (%d events)", len(list))
		}
	}
	if got != want {
		t.Errorf("collected %q, want %q; events: %s", got, want, d.names())
	}
}
