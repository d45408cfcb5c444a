package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/webhook"
)

func TestEventsComeOnceEachInTheOrderOfTheirCallWhateverFails(t *testing.T) {
	t.Parallel()
	var count atomic.Int64
	rc := newReceiver(t, func(w http.ResponseWriter, r *http.Request, _ *post) int {
		switch n := count.Add(1); {
		case n%5 == 0:
			return http.StatusInternalServerError
		case n%7 == 0:
			return http.StatusRequestTimeout
		case n%11 == 0: // the connection breaks off
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return http.StatusInternalServerError
			}
			conn.Close()
			return 0
		}
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f)
	const calls, events = 40, 25
	for range events {
		for i := range calls {
			f.emit(callNamed(i), "rms:dtmf")
		}
	}
	eventually(t, "all events to arrive", func() bool { return len(rc.got(true)) >= calls*events })
	last, seen := map[string]int{}, map[string]bool{}
	for _, p := range rc.got(true) {
		if p.n() <= last[p.Call] {
			t.Errorf("%s: event %d came after %d", p.Call, p.n(), last[p.Call])
		}
		if last[p.Call] = p.n(); seen[p.ID] {
			t.Errorf("delivery %s came twice", p.ID)
		}
		seen[p.ID] = true
	}
	eventually(t, "the counters", func() bool { return h.Stats().Waiting == 0 && h.Stats().Delivered == calls*events })
	if s := h.Stats(); s.Lost() != 0 || s.Attempts <= calls*events || s.Bytes != 0 || s.Sending != 0 {
		t.Errorf("%+v", s)
	}
}

func TestHeaderFieldsTellWhatIsInTheBody(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, nil)
	f := newFeed()
	hook(t, rc.URL+"/in?x=1", f, func(o *webhook.Options) { o.Agent = "rms/test" })
	f.emit("c1", "odd\r\nX-Evil: 1", call.Field{Name: "digit", Value: "5"})
	eventually(t, "the event", func() bool { return len(rc.got(true)) == 1 })
	p := rc.got(true)[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "rms/test", "X-RMS-Event": "odd__X-Evil: 1", "X-RMS-Delivery": p.ID, "X-Evil": "", "X-RMS-Signature": "",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	stamp, err := strconv.ParseInt(p.header.Get("X-RMS-Timestamp"), 10, 64)
	if age := time.Since(time.Unix(stamp, 0)); err != nil || age < 0 || age > time.Minute {
		t.Errorf("timestamp %d: %v", stamp, err)
	}
	if p.path != "/in" || p.Event != "odd\r\nX-Evil: 1" || p.Call != "c1" || p.Fields["digit"] != "5" || !json.Valid(p.body) {
		t.Errorf("%+v", p)
	}
}

func TestAnEventThatHangsDelaysItsCallOnly(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	rc := newReceiver(t, func(_ http.ResponseWriter, _ *http.Request, p *post) int {
		if p.Call == "slow" && p.Event == "first" {
			<-release
		}
		return http.StatusNoContent
	})
	f := newFeed()
	hook(t, rc.URL, f)
	f.emit("slow", "first")
	f.emit("slow", "second")
	for i := range 100 {
		f.emit(callNamed(i), "rms:start")
	}
	eventually(t, "the other calls", func() bool { return len(rc.got(true)) == 100 })
	close(release)
	eventually(t, "the slow call", func() bool { return len(rc.got(true)) == 102 })
	if all := rc.got(true); all[100].Event != "first" || all[101].Event != "second" {
		t.Errorf("%s, %s", all[100].Event, all[101].Event)
	}
}

func TestAnEventThatAlwaysFailsDelaysItsCallOnly(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, func(_ http.ResponseWriter, _ *http.Request, p *post) int {
		if p.Call == "poison" {
			return http.StatusBadGateway
		}
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Retries, o.MaxPause = 1000, time.Hour })
	f.emit("poison", "rms:start")
	eventually(t, "many attempts", func() bool { return h.Stats().Attempts > 6 })
	for i := range 50 {
		f.emit(callNamed(i), "rms:start")
	}
	eventually(t, "the other calls", func() bool { return len(rc.got(true)) == 50 })
	eventually(t, "all but one to be settled", func() bool { return h.Stats().Waiting == 1 })
	if s := h.Stats(); s.Down {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsTriedAgainAndWhatIsNot(t *testing.T) {
	t.Parallel()
	for status, again := range map[int]bool{
		408: true, 429: true, 500: true, 502: true, 503: true, 504: true, 599: true,
		300: false, 301: false, 302: false, 307: false, 308: false, 400: false, 401: false, 404: false, 410: false, 413: false, 422: false,
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			elsewhere := newReceiver(t, nil)
			rc := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, p *post) int {
				if p.Event == "first" {
					w.Header().Set("Location", elsewhere.URL)
					return status
				}
				return http.StatusNoContent
			})
			f := newFeed()
			h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Retries = 3 })
			f.emit("c", "first")
			f.emit("c", "second")
			eventually(t, "the second event", func() bool {
				return slices.ContainsFunc(rc.got(true), func(p *post) bool { return p.Event == "second" })
			})
			want := 1
			if again {
				want = 4
			}
			var tries []*post
			for _, p := range rc.got(false) {
				if p.Event == "first" {
					tries = append(tries, p)
				}
			}
			if len(tries) != want {
				t.Fatalf("%d attempts, want %d", len(tries), want)
			}
			for _, p := range tries {
				if p.ID != tries[0].ID || p.header.Get("X-RMS-Delivery") != p.ID || !bytes.Equal(p.body, tries[0].body) {
					t.Errorf("attempts differ: %s %s", p.body, tries[0].body)
				}
			}
			if len(elsewhere.got(false)) != 0 {
				t.Error("a redirect was followed")
			}
			if s := h.Stats(); again && s.GivenUp != 1 || !again && s.Refused != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestWhatIsGivenUpIsToldOf(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, func(_ http.ResponseWriter, _ *http.Request, p *post) int {
		if p.Event == "bad" {
			return http.StatusInternalServerError
		}
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Retries = 2 })
	f.emit("c", "bad")
	f.emit("c", "bad")
	eventually(t, "the notices", func() bool {
		told := 0.0
		for _, p := range rc.got(true) {
			n, _ := p.Fields["count"].(float64)
			told += n
		}
		return told == 2
	})
	for _, p := range rc.got(true) {
		if p.Event != call.EventLost || p.Call != "" || p.header.Get("X-RMS-Event") != call.EventLost {
			t.Errorf("%+v", p)
		}
	}
	if s := h.Stats(); s.GivenUp != 2 || s.Attempts < 7 {
		t.Errorf("%+v", s)
	}
}

func TestRetryAfterHoldsAllAttempts(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	rc := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, _ *post) int {
		if !first.Swap(true) {
			w.Header().Set("Retry-After", "1")
			return http.StatusTooManyRequests
		}
		return http.StatusNoContent
	})
	f := newFeed()
	h := hook(t, rc.URL, f)
	f.emit("a", "one")
	eventually(t, "the refusal to be known", func() bool { s := h.Stats(); return s.Attempts == 1 && s.Sending == 0 })
	f.emit("b", "two")
	eventually(t, "both events", func() bool { return len(rc.got(true)) == 2 })
	for _, p := range rc.got(true) {
		if d := p.at.Sub(rc.got(false)[0].at); d < time.Second {
			t.Errorf("%s was posted after %v", p.Event, d)
		}
	}
}

func TestAQuietReceiverCostsNoAttempts(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, nil)
	f := newFeed()
	h := hook(t, rc.URL, f)
	f.emit("", "rms:lost", call.Field{Name: "count", Value: int64(41)}) // of the subscription
	eventually(t, "the notice", func() bool { return len(rc.got(true)) == 1 })
	if p := rc.got(true)[0]; p.Event != call.EventLost || p.Fields["count"] != 41.0 {
		t.Errorf("%s", p.body)
	}
	if err := h.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if s := h.Stats(); s.Attempts != 1 || s.Dropped != 41 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAURLThatCannotBeUsedIsNotOpened(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "ftp://a/", "http://", "https://u:secret@h/"} {
		if _, err := webhook.Open(webhook.Options{URL: url}); err == nil || !strings.HasPrefix(err.Error(), "the URL of the webhook ") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
