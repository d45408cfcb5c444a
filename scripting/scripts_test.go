package scripting_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

// pinned is one call: the routes that it holds.
type pinned struct {
	x       *scripttest.Exec
	router  interface{ Has(string) bool }
	queue   func(sandbox.Exec, string, func(error)) error
	release func()
}

func pin(t testing.TB, s *scripting.Scripts, name string) *pinned {
	t.Helper()
	r, release := s.Pin(name)
	e, ok := r.(interface {
		Has(string) bool
		Queue(x sandbox.Exec, route string, done func(error)) error
	})
	if !ok {
		t.Fatalf("%T has no queue", r)
	}
	return &pinned{x: &scripttest.Exec{Name: name}, router: e, queue: e.Queue, release: release}
}

// run does one run and returns what it did.
func (p *pinned) run(t testing.TB, route string) string {
	t.Helper()
	done := make(chan error, 1)
	if err := p.queue(p.x, route, func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return did(p.x)
}

func scripts(t testing.TB, text string) (s *scripting.Scripts, path string) {
	t.Helper()
	path = file(t, text)
	s, err := scripting.Open(scripting.Options{File: path, Budget: time.Minute, Workers: 2, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, path
}

func rewrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func says(n int) string {
	return fmt.Sprintf(`event_route.x = function() rms.play_wait("a.wav") rms.log("%d") end event_route.y = function() rms.log("%d") end`, n, n)
}

// eventually polls for what a closing version does in its goroutine.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what + ": never")
		}
	}
}

func TestACallKeepsTheVersionItBeganWith(t *testing.T) {
	t.Parallel()
	s, path := scripts(t, says(1))
	first := pin(t, s, "first")
	if got := first.run(t, "x"); got != "play(file=a.wav, route=(wait))" {
		t.Error(got)
	}
	rewrite(t, path, says(2)+` event_route.new = function() end`)
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	second := pin(t, s, "second")
	if got := second.run(t, "y") + first.run(t, "y"); got != "log(text=2, level=info)log(text=1, level=info)" {
		t.Error(got)
	}
	if got := first.run(t, first.x.Wake()); got != "log(text=1, level=info)" {
		t.Errorf("behind the wait: %s", got)
	}
	if first.router.Has("new") || !second.router.Has("new") || !s.Has("new") {
		t.Error("routes of another version are seen")
	}
	if stats := s.Stats(); stats.Version != 2 || len(stats.Versions) != 2 || stats.Versions[1].Calls != 1 || stats.Versions[0].Calls != 1 {
		t.Errorf("%+v", stats)
	}
	first.release()
	eventually(t, "the first version is closed", func() bool { stats := s.Stats(); return len(stats.Versions) == 1 && stats.Runs == 4 })
	if err := first.queue(first.x, "y", nil); err == nil {
		t.Error("a closed version took a run")
	}
	second.release()
	if s.Stats().Versions[0].Calls != 0 || pin(t, s, "third").run(t, "y") == "" {
		t.Error("the newest version was closed with its last call")
	}
}

func TestABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	s, path := scripts(t, says(1))
	for n, broken := range []string{"x = = 1", "\nerror('bad')", "event_route.x = function() rms.pley() end", "event_route.x = function() rms.play('a', 'none') end"} {
		rewrite(t, path, broken)
		err := s.Reload()
		if err == nil || !strings.Contains(err.Error(), path+":") || !strings.Contains(err.Error(), "version 1 goes on") {
			t.Errorf("%s: %v", broken, err)
		}
		stats := s.Stats()
		if s.Version() != 1 || stats.Broken != n+1 || stats.LastError == "" || pin(t, s, "a").run(t, "y") != "log(text=1, level=info)" {
			t.Errorf("%s: %+v", broken, stats)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err == nil {
		t.Error("a file that is gone was loaded")
	}
	rewrite(t, path, says(2))
	if err := s.Reload(); err != nil || s.Version() != 2 || s.Stats().LastError != "" {
		t.Errorf("%v %+v", err, s.Stats())
	}
}

func TestReloadUnderCalls(t *testing.T) {
	t.Parallel()
	s, path := scripts(t, says(0))
	var stop atomic.Bool
	var runs atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for i := 0; !stop.Load(); i++ {
				p := pin(t, s, fmt.Sprint(n, "-", i))
				want := p.run(t, "y")
				p.run(t, "x")
				if got := p.run(t, p.x.Wake()); got != want {
					t.Errorf("a call began with %s and went on with %s", want, got)
				}
				runs.Add(3)
				if i%3 == 0 {
					p.run(t, "x") // still waits when the call is over
					runs.Add(1)
				}
				p.release()
			}
		})
	}
	for n := range 40 {
		rewrite(t, path, says(n+1))
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	group.Wait()
	eventually(t, "older versions are closed and nothing waits", func() bool {
		stats := s.Stats()
		return len(stats.Versions) == 1 && stats.Paused == 0 && stats.Runs == uint64(runs.Load())
	})
	if stats := s.Stats(); stats.Failed != 0 || stats.Refused != 0 || stats.Version != 41 {
		t.Errorf("%+v", stats)
	}
}

func TestReloadsLeakNothing(t *testing.T) {
	s, path := scripts(t, says(0))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	cycle := func(n int) {
		var calls []*pinned
		for i := range 20 {
			p := pin(t, s, fmt.Sprint(n, "-", i))
			p.run(t, "x")
			calls = append(calls, p)
		}
		rewrite(t, path, says(n))
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		for _, p := range calls {
			p.release()
		}
	}
	for n := range 10 {
		cycle(n)
	}
	alone := func() bool { return len(s.Stats().Versions) == 1 }
	eventually(t, "older versions are closed", alone)
	before, threads := heap(), runtime.NumGoroutine()
	for n := range 200 {
		cycle(n)
	}
	eventually(t, "older versions are closed", alone)
	eventually(t, "goroutines are as before", func() bool { return runtime.NumGoroutine() <= threads })
	if after := heap(); after > before+before/4+1<<20 {
		t.Errorf("the heap grew from %d kB to %d kB", before>>10, after>>10)
	}
	if stats := s.Stats(); stats.Paused != 0 || stats.Version != 211 {
		t.Errorf("%+v", stats)
	}
}

func TestVersionsWithCallsAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := scripts(t, says(0))
	var calls []*pinned
	var err error
	for n := 0; err == nil && n < 200; n++ {
		calls = append(calls, pin(t, s, fmt.Sprint(n)))
		err = s.Reload()
	}
	if err == nil || !strings.Contains(err.Error(), "100 older versions") {
		t.Fatalf("%v after %d versions", err, len(calls))
	}
	calls[0].release()
	eventually(t, "one is closed", func() bool { return len(s.Stats().Versions) == 100 })
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
}

func TestWatchReloadsWhatChanged(t *testing.T) {
	t.Parallel()
	s, path := scripts(t, says(1))
	s.Watch(2 * time.Millisecond)
	s.Watch(2 * time.Millisecond) // once is enough
	rewrite(t, path, says(2)+"-- longer")
	eventually(t, "version 2", func() bool { return s.Version() == 2 })
	rewrite(t, path, "x = = 1")
	eventually(t, "an error", func() bool { return s.Stats().Broken == 1 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another error", func() bool { return s.Stats().Broken == 2 })
	rewrite(t, path, says(3))
	eventually(t, "version 3", func() bool { return s.Version() == 3 })
	rewrite(t, filepath.Join(filepath.Dir(path), "other.lua"), "x = = 1")
	if err := os.Chtimes(path, time.Now(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "version 4", func() bool { return s.Version() == 4 })
	if b := s.Stats().Broken; b != 2 {
		t.Errorf("%d reloads failed", b)
	}
	s.Close()
	if err := s.Reload(); err == nil {
		t.Error("reloaded after Close")
	}
	s.Watch(time.Millisecond)
}

func TestTheEmbeddedScriptCanBeReloaded(t *testing.T) {
	t.Parallel()
	s, err := scripting.Open(scripting.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Watch(time.Millisecond)
	if err := s.Reload(); err != nil || s.Version() != 2 || s.Name() != "default.lua" || !s.Has("rms:start") {
		t.Errorf("%v %+v", err, s.Stats())
	}
	done := make(chan error, 1)
	if err := s.Run(&call.Exec{}, "none", func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || s.Stats().Versions[0].Calls != 0 {
		t.Errorf("%v %+v", err, s.Stats())
	}
}
