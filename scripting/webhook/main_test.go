package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/scripting/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed hands events to a hook.
type feed struct {
	mu     sync.Mutex
	events []*call.Event
	ready  chan struct{}
	count  int
}

func newFeed() *feed { return &feed{ready: make(chan struct{}, 1)} }

func (f *feed) Ready() <-chan struct{} { return f.ready }

func (f *feed) Close() {}

func (f *feed) Poll() *call.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.events) == 0 {
		return nil
	}
	ev := f.events[0]
	f.events = f.events[1:]
	return ev
}

// emit tells of something in a call; all events of a test are numbered.
func (f *feed) emit(callID, name string, fields ...call.Field) {
	f.mu.Lock()
	f.count++
	fields = append(fields, call.Field{Name: "n", Value: int64(f.count)})
	f.events = append(f.events, &call.Event{Name: name, Kind: name, Call: callID, Time: time.Now(), Fields: fields})
	f.mu.Unlock()
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// post is what a receiver got.
type post struct {
	at     time.Time
	path   string
	header http.Header
	body   []byte
	status int
	ID     string
	Event  string
	Call   string
	Fields map[string]any
}

func (p *post) n() int { f, _ := p.Fields["n"].(float64); return int(f) }

// receiver is a far end that writes down what it gets. answer says what it does with
// it: the status, or 0 when it has answered by itself.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, p *post) int

	mu    sync.Mutex
	posts []*post
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, p *post) int) *receiver {
	t.Helper()
	rc := &receiver{answer: answer}
	rc.Server = httptest.NewServer(rc)
	t.Cleanup(rc.Close)
	return rc
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := &post{at: time.Now(), path: r.URL.Path, header: r.Header}
	p.body, _ = io.ReadAll(r.Body)
	_ = json.Unmarshal(p.body, p)
	status := http.StatusNoContent
	if rc.answer != nil {
		status = rc.answer(w, r, p)
	}
	rc.mu.Lock()
	p.status = status
	rc.posts = append(rc.posts, p)
	rc.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
	}
}

// got returns what came so far, accepted only when they are to be.
func (rc *receiver) got(accepted bool) []*post {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	var out []*post
	for _, p := range rc.posts {
		if !accepted || p.status == http.StatusNoContent {
			out = append(out, p)
		}
	}
	return out
}

// hook opens a hook whose pauses are short.
func hook(t *testing.T, url string, f *feed, change ...func(*webhook.Options)) *webhook.Hook {
	t.Helper()
	o := webhook.Options{
		URL: url, Retries: 20, Timeout: 5 * time.Second, Pause: time.Millisecond, MaxPause: 20 * time.Millisecond, Log: zerolog.Nop(),
	}
	for _, c := range change {
		c(&o)
	}
	h, err := webhook.OpenOn(o, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.Close(ctx)
	})
	return h
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func callNamed(i int) string { return fmt.Sprintf("call-%d", i) }
