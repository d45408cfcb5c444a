package webhook_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/webhook"
)

// accounted fails unless each event was delivered or told of as lost.
func accounted(t *testing.T, rc *receiver, emitted int) {
	t.Helper()
	eventually(t, "all to be accounted for", func() bool {
		sum := 0
		for _, p := range rc.got(true) {
			if p.Event == call.EventLost {
				n, _ := p.Fields["count"].(float64)
				sum += int(n)
			} else {
				sum++
			}
		}
		if sum > emitted {
			t.Fatalf("%d events of %d", sum, emitted)
		}
		return sum == emitted
	})
}

func TestAQueueThatIsFullDropsTheOldestAndTellsOfIt(t *testing.T) {
	t.Parallel()
	for name, bound := range map[string]func(*webhook.Options){
		"count": func(o *webhook.Options) { o.Size = 100 },
		"bytes": func(o *webhook.Options) { o.Bytes = 60000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			rc := newReceiver(t, func(http.ResponseWriter, *http.Request, *post) int { <-release; return http.StatusNoContent })
			f := newFeed()
			h := hook(t, rc.URL, f, bound)
			const emitted = 5000
			for i := range emitted {
				f.emit(callNamed(i%50), "rms:dtmf")
			}
			eventually(t, "drops", func() bool { return h.Stats().Dropped > 4000 })
			if s := h.Stats(); s.Waiting > 200 || s.Bytes > 100*512 && name == "count" || s.Bytes > 60000 && name == "bytes" || s.Sending > 8 {
				t.Errorf("%+v", s)
			}
			close(release)
			accounted(t, rc, emitted)
			all := rc.got(true)
			if !slices.ContainsFunc(all[:16], func(p *post) bool { return p.Event == call.EventLost }) { // eight were on their way, eight follow
				t.Error("the loss was not told of first")
			}
			newest := 0
			for _, p := range all {
				newest = max(newest, p.n())
			}
			if newest != emitted {
				t.Errorf("the newest event that came is %d", newest)
			}
		})
	}
}

func TestAnEventThatIsTooBigDropsNoOther(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	rc := newReceiver(t, func(http.ResponseWriter, *http.Request, *post) int { <-release; return http.StatusNoContent })
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Bytes = 20000 })
	for range 10 {
		f.emit("c", "small")
	}
	f.emit("c", "big", call.Field{Name: "text", Value: strings.Repeat("x", 20000)})
	eventually(t, "the drop", func() bool { return h.Stats().Dropped > 0 })
	if s := h.Stats(); s.Dropped != 1 || s.Waiting != 10 {
		t.Errorf("%+v", s)
	}
	close(release)
	accounted(t, rc, 11)
}

func TestADeadReceiverIsTriedSeldomAndFoundAgain(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	rc := newReceiver(t, func(http.ResponseWriter, *http.Request, *post) int {
		if up.Load() {
			return http.StatusNoContent
		}
		return http.StatusServiceUnavailable
	})
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.MaxPause = 300 * time.Millisecond })
	const calls = 500
	for i := range calls {
		f.emit(callNamed(i), "rms:start")
		f.emit(callNamed(i), "rms:end")
	}
	eventually(t, "the receiver to be down", func() bool { return h.Stats().Down })
	began, before := time.Now(), h.Stats().Attempts
	eventually(t, "attempts all the same", func() bool { return h.Stats().Attempts >= before+10 })
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("10 attempts in %v", took)
	}
	if s := h.Stats(); s.Sending > 1 || s.Waiting != 2*calls {
		t.Errorf("%+v", s)
	}
	up.Store(true)
	accounted(t, rc, 2*calls)
	if s := h.Stats(); s.Down || s.Lost() != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAnAttemptEndsInTime(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	rc := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ *post) int {
		if calls.Add(1) == 1 {
			<-r.Context().Done() // until the hook gives up
		}
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Timeout = 100 * time.Millisecond })
	f.emit("c", "one")
	eventually(t, "the second attempt", func() bool { return h.Stats().Delivered == 1 })
	if s := h.Stats(); s.Attempts != 2 {
		t.Errorf("%+v", s)
	}
}

func TestCloseDeliversWhatWaits(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, nil)
	f := newFeed()
	h := hook(t, rc.URL, f)
	for i := range 300 {
		f.emit(callNamed(i%7), "rms:end")
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(rc.got(true)); n != 300 {
		t.Errorf("%d arrived", n)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ *post) int {
		<-r.Context().Done()
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Timeout = time.Minute })
	for range 20 {
		f.emit("c", "rms:end")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := h.Close(ctx)
	if err == nil || err.Error() != "20 events were not delivered" || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestCloseDoesNotWaitForADeadReceiver(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	f := newFeed()
	h := hook(t, "http://"+address, f, func(o *webhook.Options) { o.MaxPause = time.Hour })
	for i := range 50 {
		f.emit(callNamed(i), "rms:start")
	}
	if err := h.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "events were not delivered") {
		t.Error(err)
	}
}

func TestAnAnswerWithoutEndHoldsNothingForLong(t *testing.T) {
	t.Parallel()
	rc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(rc.Close)
	f := newFeed()
	h := hook(t, rc.URL, f)
	for range 5 {
		f.emit("c", "rms:dtmf")
	}
	eventually(t, "all events", func() bool { return h.Stats().Delivered == 5 })
}
