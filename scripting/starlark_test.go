package scripting_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/scripting"
	"rms/scripting/scripttest"
)

// starFile writes a script in Starlark.
func starFile(t testing.TB, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.star")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func starEngine(t testing.TB, script string, o scripting.Options) *scripting.Engine {
	t.Helper()
	o.File, o.Log = starFile(t, script), zerolog.Nop()
	if o.Budget == 0 {
		o.Budget = time.Minute // the machine may be slow
	}
	e, err := scripting.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestCheckFindsMistakesInStarlark(t *testing.T) {
	t.Parallel()
	path := starFile(t, `def start(call):
  rms_answer("rms:start")
  rms_answer("rms:stat")
  rms.play(file = "a.wav", rute = "x")
  rms_play("a.wav", "nowhere")
  rms_play(call.user, "nowhere")
  rms.play(file = call.user, route = "also " + "computed")
  rms.pley("a.wav")
  rms.bridge("sip:x")
  rms_play()
  rms_play(*list(call.user))
  rms_play(1)
  rms_own()
  f = lambda: rms_play("a.wav", "inner")
  f()
  rms.play_wait("a.wav", route = "x")
  rms.sleep(-1)
  error = rms.error
  give_up = rms.hangup

def rms_own():
  pass

event_route["rms:start"] = start
`)
	var got []string
	for _, err := range scripting.Check(path) {
		got = append(got, strings.TrimPrefix(err.Error(), path+":"))
	}
	want := []string{
		`3:13: rms_answer: no event_route["rms:stat"] in this script (has: rms:start)`,
		`4:11: rms_play: unknown parameter "rute"`,
		`5:11: rms_play: no event_route["nowhere"] in this script (has: rms:start)`,
		`6:11: rms_play: no event_route["nowhere"] in this script (has: rms:start)`,
		`7:11: rms_play: no event_route["also computed"]`,
		`8:7: rms_pley: unknown verb`, `9:7: rms_bridge: not available`,
		`10:11: rms_play: missing argument "file"`, `12:11: rms_play: parameter "file": wants a string`,
		`14:23: rms_play: no event_route["inner"] in this script (has: rms:start)`,
		`16:16: rms_play_wait: unknown parameter "route"`, `17:12: rms_sleep: parameter "seconds": must not be negative`,
	}
	for i := range want {
		if i < len(got) && strings.HasPrefix(got[i], want[i]) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckNamesEveryUnknownNameOfStarlark(t *testing.T) {
	t.Parallel()
	path := starFile(t, "def route(call):\n  rms_pley('a')\n  KSR.x.exit()\n  nothing()\n")
	errs := scripting.Check(path)
	var all []string
	for _, err := range errs {
		all = append(all, strings.TrimPrefix(err.Error(), path+":"))
	}
	text := strings.Join(all, "\n")
	if len(errs) != 3 || !strings.HasPrefix(text, "2:3: rms_pley: unknown verb") || !strings.Contains(text, "3:3: KSR is for scripts in Lua") || !strings.Contains(text, "4:3: undefined: nothing") {
		t.Error(text)
	}
}

func TestHostileStarlarkHoldsUpNoOtherWorker(t *testing.T) {
	t.Parallel()
	e := starEngine(t, `def bad(call):
  rms.play_wait("a.wav")
  [0 for x in range(1 << 24) for y in range(1 << 24) if x + y < 0]
def good(call):
  rms.play_wait("a.wav")
  call.var.seen = True
event_route["bad"] = bad
event_route["good"] = good
`, scripting.Options{Workers: 4, Budget: 3 * time.Second})
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
	if s := e.Stats(); s.Replaced != 0 || s.Failed != 1 || s.Paused != 0 {
		t.Errorf("%+v", s)
	}
}

func starSays(n int) string {
	return fmt.Sprintf("def x(call):\n  rms.play_wait('a.wav')\n  rms.log('%d')\nevent_route['x'] = x\n", n)
}

// TestReloadsOfStarlarkLeakNothing reloads while runs wait, whose goroutines end with
// their calls.
func TestReloadsOfStarlarkLeakNothing(t *testing.T) {
	path := starFile(t, starSays(0))
	s, err := scripting.Open(scripting.Options{File: path, Budget: time.Minute, Workers: 2, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cycle := func(n int) {
		var calls []*pinned
		for i := range 20 {
			p := pin(t, s, fmt.Sprint(n, "-", i))
			p.run(t, "x")
			calls = append(calls, p)
		}
		rewrite(t, path, starSays(n+1))
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		for i, p := range calls {
			if i%2 == 0 { // the others are given up
				if got := p.run(t, p.x.Wake("reason", "done")); !strings.Contains(got, fmt.Sprintf("text=%d", n)) {
					t.Errorf("version %d: %s", n, got)
				}
			}
			p.release()
		}
	}
	alone := func() bool { return len(s.Stats().Versions) == 1 }
	cycle(0)
	eventually(t, "older versions are closed", alone)
	threads := runtime.NumGoroutine()
	for n := range 100 {
		cycle(n + 1)
	}
	eventually(t, "older versions are closed", alone)
	eventually(t, "goroutines are as before", func() bool { return runtime.NumGoroutine() <= threads })
	if stats := s.Stats(); stats.Paused != 0 {
		t.Errorf("%+v", stats)
	}
	rewrite(t, path, "\ndef x(call):\n  rms.play(fill = 'a')\nx = = 1\n")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "t.star:4:5: syntax error") {
		t.Error(err)
	}
}
