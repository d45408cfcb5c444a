package call_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/call"
)

// bare is a manager without calls.
func bare(t testing.TB) *call.Manager {
	t.Helper()
	m := call.NewManager(call.Options{})
	t.Cleanup(func() { m.Close(context.Background()) })
	return m
}

// next reads one event that must come soon.
func next(t *testing.T, s *call.Subscription) *call.Event {
	t.Helper()
	ctx, cancel := contextWithTimeout(patience)
	defer cancel()
	ev, err := s.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestASubscriberGetsTheEventsOfACallInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	all := h.calls.Subscribe(call.SubscribeOptions{})
	defer all.Close()
	plays := h.calls.Subscribe(call.SubscribeOptions{Names: []string{"rms:play_*", "rms:end"}})
	defer plays.Close()
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	id := h.calls.List()[0].ID
	one := h.calls.Subscribe(call.SubscribeOptions{Calls: []string{id}})
	defer one.Close()
	other := h.calls.Subscribe(call.SubscribeOptions{Calls: []string{"another"}})
	defer other.Close()
	x, err := h.calls.Door(id, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := named(x, "play", map[string]any{"file": "tone:300/20ms"}); err != nil {
		t.Fatal(err)
	}
	h.until("the play", func() bool { return len(h.seen("rms:play_end")) == 1 })
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	for s, want := range map[*call.Subscription]string{
		all: "rms:invite rms:start rms:ack rms:play_start rms:play_end rms:hangup rms:end", plays: "rms:play_start rms:play_end rms:end",
		one: "rms:play_start rms:play_end rms:hangup rms:end",
	} {
		var got []string
		for range strings.Fields(want) {
			ev := next(t, s)
			if ev.Call != id || ev.Time.IsZero() || ev.Kind == "" {
				t.Errorf("%+v", ev)
			}
			got = append(got, ev.Name)
		}
		if strings.Join(got, " ") != want || s.Poll() != nil {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	if ev := other.Poll(); ev != nil {
		t.Errorf("a subscriber of another call got %s", ev.Name)
	}
}

func TestASubscriberThatStopsReadingIsToldWhatItLost(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]call.SubscribeOptions{"events": {Size: 10}, "bytes": {Bytes: 1 << 14}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := bare(t)
			s := m.Subscribe(o)
			defer s.Close()
			const sent = 10000
			for i := range sent {
				m.Show(&call.Event{Name: "rms:test", Call: "c", Fields: []call.Field{{Name: "n", Value: int64(i)}, {Name: "text", Value: strings.Repeat("x", 100)}}})
			}
			first := next(t, s)
			lost, _ := first.Get("count").(int64)
			if first.Name != call.EventLost || lost == 0 || uint64(lost) != s.Lost() {
				t.Fatalf("%+v, lost %d", first, s.Lost())
			}
			n := int64(0)
			for ev := s.Poll(); ev != nil; ev = s.Poll() {
				if got := ev.Get("n"); got != lost+n {
					t.Fatalf("event %v in the place of %d", got, lost+n)
				}
				n++
			}
			if lost+n != sent {
				t.Errorf("%d lost and %d read of %d", lost, n, sent)
			}
			if s.Held() != 0 {
				t.Errorf("%d bytes are held", s.Held())
			}
		})
	}
}

func TestASubscriberHoldsNoMoreThanItsBytes(t *testing.T) {
	t.Parallel()
	m := bare(t)
	s := m.Subscribe(call.SubscribeOptions{Size: 1 << 20, Bytes: 1 << 30})
	defer s.Close()
	for range 3000 {
		m.Show(&call.Event{Name: "rms:test", Fields: []call.Field{{Name: "text", Value: strings.Repeat("x", 1<<12)}}})
		if s.Held() > 4<<20 {
			t.Fatalf("%d bytes wait", s.Held())
		}
	}
	m.Show(&call.Event{Name: "rms:test", Fields: []call.Field{{Name: "text", Value: strings.Repeat("x", 5<<20)}}})
	if s.Held() != 0 || s.Lost() != 3001 {
		t.Errorf("after an event that is too big %d bytes wait and %d were lost", s.Held(), s.Lost())
	}
}

func TestNextEndsWithItsContextAndWithTheSubscription(t *testing.T) {
	t.Parallel()
	m := bare(t)
	s := m.Subscribe(call.SubscribeOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	m.Show(&call.Event{Name: "rms:last"})
	m.Close(t.Context())
	if ev, err := s.Next(t.Context()); err != nil || ev.Name != "rms:last" {
		t.Errorf("%v, %v", ev, err)
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, call.ErrUnsubscribed) || !s.Closed() {
		t.Error(err)
	}
	s.Close()
	s.Close()
	late := m.Subscribe(call.SubscribeOptions{})
	if _, err := late.Next(t.Context()); !errors.Is(err, call.ErrUnsubscribed) {
		t.Error(err)
	}
}

func TestFollowersGetTheEventOfTheirVerbOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{
		"rms:mine":       func(*call.Exec) error { return nil },
		"rms:play_error": func(*call.Exec) error { return nil },
	})
	x, err := d.calls.Door(d.calls.List()[0].ID, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan *call.Event, 16)
	use := func(verb string, args map[string]any) {
		t.Helper()
		v, _ := call.Lookup(verb)
		a, err := v.Bind(nil, args)
		if err == nil {
			_, err = x.InvokeThen(v, a, func(ev *call.Event) { told <- ev })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	use("play", map[string]any{"file": "tone:300/20ms"})
	d.until("the play", func() bool { return len(told) == 1 })
	if ev := <-told; ev.Name != "rms:play_end" || ev.Get("reason") != "done" || ev.Call != x.CallID() {
		t.Errorf("%+v", ev)
	}
	use("play", map[string]any{"file": "none.wav", "route": "rms:mine"})
	d.until("the play", func() bool { return len(told) == 1 })
	if ev := <-told; ev.Name != "rms:mine" || ev.Get("reason") != "error" {
		t.Errorf("%+v", ev)
	}
	use("collect", map[string]any{"max": int64(1), "mask": true})
	d.press("6")
	if ev := <-told; ev.Get("digits") != "6" {
		t.Errorf("%+v", ev)
	}
	use("sleep", map[string]any{"seconds": int64(9)})
	use("play", map[string]any{"file": "tone:300"})
	d.call.Bye()
	d.call.Expect(200)
	d.wait("rms:end")
	got := map[string]any{}
	for range 2 {
		ev := <-told
		got[ev.Kind] = ev.Get("reason")
	}
	if fmt.Sprint(got) != "map[rms:play_end:stopped rms:sleep:ended]" {
		t.Errorf("at the end of the call: %v", got)
	}
	v, _ := call.Lookup("hangup")
	a, _ := v.Bind(nil, nil)
	if _, err := x.InvokeThen(v, a, nil); call.ClassOf(err) != call.ClassArgument {
		t.Error(err)
	}
}

func TestErrorsOfADoorHaveTheirClass(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error { _, err := do(x, "ring"); return err }})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(180)
	id := h.calls.List()[0].ID
	try := func(id, verb string, args ...any) error {
		x, err := h.calls.Door(id, call.FromAPI)
		if err != nil {
			return err
		}
		_, err = do(x, verb, args...)
		return err
	}
	for text, tc := range map[string]struct {
		err  error
		want call.Class
	}{
		"":                      {nil, call.ClassNone},
		"there is no such call": {try("no-such-call", "play", "a"), call.ClassGone},
		"there is no call here (the request is outside any dialog)":                    {try("", "play", "a"), call.ClassState},
		"the call is early: rms_play needs media: rms_answer or rms_progress first":    {try(id, "play", "a"), call.ClassState},
		"the call is early: rms_collect needs media: rms_answer or rms_progress first": {try(id, "collect"), call.ClassState},
		`rms_play: parameter "file": wants a string, got the number 5`:                 {try(id, "play", int64(5)), call.ClassArgument},
		`rms_answer: the script has no event_route["rms:x"]`:                           {try(id, "answer", "rms:x"), call.ClassFailed},
		"the call has no stream": {try(id, "stream_stop"), call.ClassFailed},
	} {
		if call.ClassOf(tc.err) != tc.want || tc.err != nil && tc.err.Error() != text {
			t.Errorf("%v is of class %d, want %q and %d", tc.err, call.ClassOf(tc.err), text, tc.want)
		}
	}
	if err := try(id, "hangup"); err != nil {
		t.Error(err)
	}
	c.Expect(480)
	c.AckRefusal()
	h.wait("rms:end")
}

func TestAPlayThroughADoorNeverHangsUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("play", map[string]any{"file": "tone:300/20ms"})
	d.until("the play", func() bool { return len(d.seen("rms:play_end")) == 1 })
	d.do("play", map[string]any{"file": "none.wav"})
	d.until("the play", func() bool { return len(d.seen("rms:play_end")) == 2 })
	d.run(100 * time.Millisecond)
	if n := d.calls.Len(); n != 1 {
		t.Errorf("%d calls are left", n)
	}
}

// BenchmarkEventUnheard is what an event costs that nobody subscribed to.
func BenchmarkEventUnheard(b *testing.B) {
	m := bare(b)
	ev := &call.Event{Name: "rms:dtmf", Call: "c", Fields: []call.Field{{Name: "digit", Value: "1"}}}
	b.ReportAllocs()
	for b.Loop() {
		m.Show(ev)
	}
}

// BenchmarkEventHeard is what it costs with one subscriber that never reads.
func BenchmarkEventHeard(b *testing.B) {
	m := bare(b)
	s := m.Subscribe(call.SubscribeOptions{})
	defer s.Close()
	ev := &call.Event{Name: "rms:dtmf", Call: "c", Fields: []call.Field{{Name: "digit", Value: "1"}}}
	b.ReportAllocs()
	for b.Loop() {
		m.Show(ev)
	}
}
