package starlark_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

// player takes what zz_slow and zz_nap are given, so that a test can send the event.
type player struct {
	scripttest.Exec
	tokens []string
	fail   error
}

func newPlayer(name string) *player {
	p := &player{Exec: scripttest.Exec{Name: name}}
	p.Do = func(v *call.Verb, a call.Args) (any, error) {
		if v.Waits != "" && p.fail == nil {
			p.tokens = append(p.tokens, a.String(v.Waits))
		}
		return nil, p.fail
	}
	return p
}

// fire sends the event of the n-th wait.
func (p *player) fire(s *starlark.State, n int, fields ...call.Field) error {
	p.Started = &call.Event{Name: p.tokens[n], Fields: fields}
	return s.Run(p, p.tokens[n])
}

func reason(r string) call.Field { return call.Field{Name: "reason", Value: r} }

func TestARunWaitsAndGoesOn(t *testing.T) {
	t.Parallel()
	s := load(t, route(`
total = [0]
def twice():
    for name in ["a.wav", "b.wav"]:
        r = rms.zz_slow_wait(name, n = 2)
        if r.reason != "done":
            return r["reason"]
        total[0] += r.played_ms
    return "all"
rms_zz_give(twice())
rms_zz_give([call.digit, total[0]])
call.var.over = True`), quiet)
	p := newPlayer("a")
	p.Started = &call.Event{Name: "route", Fields: []call.Field{{Name: "digit", Value: "5"}}}
	if err := s.Run(p, "route"); err != nil {
		t.Fatal(err)
	}
	if len(p.tokens) != 1 || !call.IsWait(p.tokens[0]) || !s.Holds(p.tokens[0]) || s.Waiting() != 1 {
		t.Fatalf("%v %d", p.tokens, s.Waiting())
	}
	for n := range 2 {
		if err := p.fire(s, n, reason("done"), call.Field{Name: "played_ms", Value: int64(100)}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"zz_slow(file=a.wav, route=(wait), n=2)", "zz_slow(file=b.wav, route=(wait), n=2)", "zz_give(value=all)", "zz_give(value=[5 200])"}
	if diff := cmp.Diff(want, p.Done); diff != "" || s.Waiting() != 0 || p.Vars["over"] != true {
		t.Error(diff, s.Waiting())
	}
	if err := s.Run(newPlayer("a"), p.tokens[0]); err == nil {
		t.Error("an event came twice")
	}
}

func TestAPlainNameWaitsWhenItsVerbPauses(t *testing.T) {
	t.Parallel()
	s := load(t, route("rms.zz_nap(2)\nrms_zz_nap(seconds = 3)\nrms.zz_nap(1, 'route')\nrms_zz_nap_wait(4)\nrms_zz_give('end')"), quiet)
	p := newPlayer("a")
	if err := s.Run(p, "route"); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 3} {
		if err := p.fire(s, n, reason("done")); err != nil {
			t.Fatal(n, err)
		}
	}
	if len(p.tokens) != 4 || p.tokens[2] != "route" || s.Waiting() != 0 {
		t.Error(p.tokens, s.Waiting())
	}
}

func TestAWaitWhoseVerbFails(t *testing.T) {
	t.Parallel()
	s := load(t, route("r = rms.zz_slow_wait('a')\nrms_zz_give('after')\ncall.var.why = [r, rms.error()]"), quiet)
	p := newPlayer("a")
	p.fail = errors.New("no port")
	if err := s.Run(p, "route"); err != nil || len(p.Done) != 2 || s.Waiting() != 0 {
		t.Error(err, p.Done)
	}
	gone := newPlayer("b")
	gone.fail = fmt.Errorf("play: %w", call.ErrGone)
	if err := s.Run(gone, "route"); err != nil || len(gone.Done) != 1 || s.Waiting() != 0 {
		t.Errorf("a run went on without its call: %v %v", err, gone.Done)
	}
}

func TestAResumedRunHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	s := load(t, route("rms.zz_nap(1)\nfor i in range(1 << 24):\n  for j in range(1 << 24): pass"), limited(sandbox.Limits{Budget: 20 * time.Millisecond}))
	p := newPlayer("a")
	if err := s.Run(p, "route"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond) // longer than the budget, which does not run
	err := p.fire(s, 0, reason("done"))
	var e *call.ScriptError
	if !errors.As(err, &e) || e.Route != "route" || !strings.HasPrefix(e.Where, "t.star:4:") || !strings.Contains(e.Text, "script.budget") || !s.Fit() {
		t.Errorf("%#v", err)
	}
}

func TestRunsOfManyCallsWaitInOneState(t *testing.T) {
	t.Parallel()
	s := load(t, route("n = 0\nfor i in range(3):\n  n += int(rms.zz_slow_wait('a').digit)\nrms_zz_give(n)"), quiet)
	var all []*player
	for i := range 50 {
		p := newPlayer(fmt.Sprint("call-", i))
		all = append(all, p)
		if err := s.Run(p, "route"); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		for i, p := range all {
			if err := p.fire(s, n, call.Field{Name: "digit", Value: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.Waiting() != 0 {
		t.Error(s.Waiting())
	}
}

func TestRunsThatAreGivenUpEndWithoutGoingOn(t *testing.T) {
	t.Parallel()
	s := load(t, route("for i in sorted([3, 1], key = lambda x: rms.zz_nap(1) and x):\n  rms_zz_give(i)\nrms_zz_give('no')"), quiet)
	for i := range 20 {
		if err := s.Run(newPlayer(fmt.Sprint(i%2)), "route"); err != nil {
			t.Fatal(err)
		}
	}
	s.Forget("0")
	if s.Waiting() != 10 {
		t.Error(s.Waiting())
	}
	s.Forget("none")
	p := newPlayer("2")
	if err := s.Run(p, "route"); err != nil || s.Waiting() != 11 {
		t.Fatal(err, s.Waiting())
	}
	s.Close()
	if s.Waiting() != 0 || len(p.Done) != 1 {
		t.Error(s.Waiting(), p.Done)
	}
}

func TestAScriptCannotWaitWithoutEnd(t *testing.T) {
	t.Parallel()
	s := load(t, route("check = rms.zz_nap(1)\nrms_zz_give(rms.error())"), quiet)
	p := newPlayer("a")
	for range 100 {
		if err := s.Run(p, "route"); err != nil {
			t.Fatal(err)
		}
	}
	if s.Waiting() != 64 || !strings.Contains(strings.Join(p.Done, " "), "zz_give") {
		t.Error(s.Waiting())
	}
}

func TestARunThatWaitsMayNotHoldMuch(t *testing.T) {
	t.Parallel()
	script := "table = {str(i): [i] for i in range(1000)}\n"
	for body, ok := range map[string]bool{
		"x = table\nr = rms.zz_nap(1)":                              true, // a global is there once
		"x = [str(i) for i in range(100)]\nr = rms.zz_nap(1)":       true,
		"x = ['a' * 10000 for i in range(100)]\nr = rms.zz_nap(1)":  false,
		"for x in ['a' * 10000 for i in range(100)]: rms.zz_nap(1)": false,
		"x = 'a' * 200000\nr = (lambda: [x, rms.zz_nap(1)])()":      false,
	} {
		s := load(t, script+route(body), quiet)
		err := s.Run(newPlayer("a"), "route")
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "a run that waits may hold") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAScriptWithoutWaitsHasNoGoroutines(t *testing.T) {
	s := load(t, route("rms.zz_slow('a', 'route')\nrms_zz_give(1)"), quiet)
	before := runtime.NumGoroutine()
	if err := s.Run(newPlayer("a"), "route"); err != nil || runtime.NumGoroutine() != before {
		t.Error(err, runtime.NumGoroutine(), before)
	}
}

func TestWaitsAreFoundByComputedNames(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"getattr(rms, 'zz_' + 'nap')(1)", "w = rms.zz_slow_wait\nw('a')", "[f(1) for f in [rms_zz_nap]]"} {
		s := load(t, route(body), quiet)
		if err := s.Run(newPlayer("a"), "route"); err != nil || s.Waiting() != 1 {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := starlark.Compile("t.star", []byte("rms.zz_nap(1)"), quiet); err != nil {
		t.Error(err)
	}
	if p, _ := starlark.Compile("t.star", []byte("rms.zz_nap(1)"), quiet); p != nil {
		if _, err := p.NewState(); err == nil || !strings.Contains(err.Error(), "works in a route") {
			t.Error(err)
		}
	}
}
