package top

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/call"
	"rms/cmd/rms/ctl"
)

// fakeServer answers as rms does, with n calls.
type fakeServer struct {
	*httptest.Server
	calls  atomic.Int32
	broken atomic.Bool
	hung   chan string
	asked  atomic.Int32 // for the status
}

func newFakeServer(t *testing.T, n int32) *fakeServer {
	t.Helper()
	f := &fakeServer{hung: make(chan string, 10)}
	f.calls.Store(n)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		if f.broken.Load() {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, status(100+float64(f.asked.Add(1)), int(f.calls.Load())))
	})
	mux.HandleFunc("GET /v1/calls", func(w http.ResponseWriter, _ *http.Request) {
		list := []call.CallInfo{}
		for i := range int(f.calls.Load()) {
			list = append(list, fake(i))
		}
		answer(w, map[string]any{"calls": list, "total": len(list)})
	})
	mux.HandleFunc("GET /v1/calls/{id}", func(w http.ResponseWriter, _ *http.Request) { answer(w, fake(1)) })
	mux.HandleFunc("POST /v1/calls/{id}/hangup", func(w http.ResponseWriter, r *http.Request) {
		f.hung <- r.PathValue("id")
		f.calls.Add(-1)
		answer(w, map[string]any{"result": true})
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeServer) client(t *testing.T) *ctl.Client {
	t.Helper()
	c, err := ctl.NewClient(ctl.Options{URL: f.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// fakeScreen keeps what is written, and is pressed by the test.
type fakeScreen struct {
	mu   sync.Mutex
	text bytes.Buffer
	keys chan Key
	w, h atomic.Int32
}

func newFakeScreen() *fakeScreen {
	s := &fakeScreen{keys: make(chan Key, 16)}
	s.w.Store(80)
	s.h.Store(24)
	return s
}

func (s *fakeScreen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *fakeScreen) Size() (int, int) { return int(s.w.Load()), int(s.h.Load()) }

func (s *fakeScreen) Listen() <-chan Key { return s.keys }

// shows waits until a text was written since the last call.
func (s *fakeScreen) shows(t *testing.T, text string) {
	t.Helper()
	for range 4000 {
		s.mu.Lock()
		found := strings.Contains(s.text.String(), text)
		if found {
			s.text.Reset()
		}
		s.mu.Unlock()
		if found {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Fatalf("%q is never shown: %q", text, s.text.String())
}

// opened runs a view until the test ends or quit is called.
func opened(t *testing.T, c *ctl.Client, s *fakeScreen) (quit func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	v := &view{o: Options{Client: c, Every: 20 * time.Millisecond}, screen: s, model: NewModel(c.Place())}
	done := make(chan error, 1)
	go func() { done <- v.run(ctx) }()
	t.Cleanup(cancel)
	return func() error {
		defer cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Second):
			t.Fatal("does not end")
		}
		return nil
	}
}

func TestTableFollowsTheServerAndItsRestart(t *testing.T) {
	f := newFakeServer(t, 3)
	s := newFakeScreen()
	quit := opened(t, f.client(t), s)
	s.shows(t, "000020a3")
	f.broken.Store(true)
	s.shows(t, "trying again")
	f.broken.Store(false)
	f.calls.Store(7)
	s.shows(t, "000060a3")
	s.w.Store(120) // another size
	s.shows(t, "QUEUE")
	s.keys <- KeyDown
	s.keys <- 'h'
	s.shows(t, "Hang up call 000010a3")
	s.keys <- 'y'
	if id := <-f.hung; id != fake(1).ID {
		t.Errorf("%s is hung up", id)
	}
	s.shows(t, "is hung up")
	s.keys <- KeyEnter
	s.shows(t, "192.0.2.7:16384")
	s.keys <- 'q'
	s.keys <- 'q'
	if err := quit(); err != nil {
		t.Error(err)
	}
}

func TestTableEndsWithItsTerminal(t *testing.T) {
	f := newFakeServer(t, 1)
	s := newFakeScreen()
	quit := opened(t, f.client(t), s)
	s.shows(t, "000000a3")
	close(s.keys)
	if err := quit(); err != nil {
		t.Error(err)
	}
}

func TestSlowServerDoesNotHoldUpKeys(t *testing.T) {
	stall := make(chan struct{})
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-stall:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(stall)
	c, err := ctl.NewClient(ctl.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := newFakeScreen()
	quit := opened(t, c, s)
	<-asked
	s.keys <- '?'
	s.shows(t, "any key goes back")
	for range 50 { // many ticks: it is asked once at a time
		time.Sleep(2 * time.Millisecond)
	}
	if n := len(asked); n > 0 {
		t.Errorf("%d more requests", n)
	}
	s.keys <- KeyInterrupt
	if err := quit(); err != nil {
		t.Error(err)
	}
}

func TestLinesForPipes(t *testing.T) {
	f := newFakeServer(t, 4)
	var out bytes.Buffer
	o := Options{Client: f.client(t), Every: 5 * time.Millisecond}
	if err := Lines(t.Context(), o, &out, 3, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[2], " calls=4 setups/s=12.0 ") || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	if err := Lines(t.Context(), o, &out, 1, true); err != nil {
		t.Fatal(err)
	}
	var st ctl.Status
	if err := json.Unmarshal(out.Bytes(), &st); err != nil || st.Calls.Live != 4 {
		t.Errorf("%v: %s", err, out.String())
	}
	f.broken.Store(true)
	if err := Lines(t.Context(), o, &out, 1, false); err == nil {
		t.Error("no error without a server")
	}
}

func BenchmarkFrameOfAThousandCalls(b *testing.B) {
	m := model(1000)
	p := painter{out: writerFunc(func(p []byte) (int, error) { return len(p), nil })}
	b.ReportAllocs()
	for b.Loop() {
		m.Take(m.sample)
		p.clear()
		if err := p.paint(Render(m, 120, 40), 120); err != nil {
			b.Fatal(err)
		}
	}
}
