package lua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/scripttest"
)

func TestAPanicInAVerbIsAScriptError(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{Do: func(*call.Verb, call.Args) (any, error) { panic("broken verb") }}
	err := run(t, `rms_zz_give(1)`, x)
	if !hasWhere(err, "t.lua:2") || !strings.Contains(err.Error(), "broken verb") {
		t.Error(err)
	}
}

func TestGlobalsThatGrowCostTheStateNotTheServer(t *testing.T) {
	t.Parallel()
	o := quiet
	o.Limits.Memory, o.Limits.Budget = 4<<20, time.Minute
	s := load(t, `all = {} n = 0 function route() for i = 1, 200 do n = n + 1 all["k"..n] = ("x"):rep(1000) end end`, o)
	runs := 0
	for s.Fit() && runs < 1000 {
		if err := s.Run(&scripttest.Exec{}, "route"); err != nil {
			t.Fatal(err)
		}
		runs++
	}
	if runs < 5 || runs > 200 {
		t.Errorf("unfit after %d runs of 200 kB", runs)
	}
}

func TestCoroutinesWork(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]any{
		`local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return co(1), co(5)`:              list(2, 10),
		`local co = coroutine.create(function() error("x") end) local ok, e = coroutine.resume(co) return ok, coroutine.status(co)`: list(false, "dead"),
		`local n = 0 for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do n = n + v end return n`:      list(6),
	} {
		if diff := cmp.Diff(want, eval(t, body)); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	}
	s := load(t, `co = coroutine.wrap(function() while true do coroutine.yield() end end) function route() co() end`, quiet)
	for range 3 {
		if err := s.Run(&scripttest.Exec{}, "route"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRandomDoesNotSeedTheProcess(t *testing.T) {
	t.Parallel()
	first := fmt.Sprint(eval(t, `math.randomseed(1) return math.random(), math.random()`))
	if second := fmt.Sprint(eval(t, `math.randomseed(1) return math.random(), math.random()`)); first == second {
		t.Error("a script chose the seed")
	}
}
