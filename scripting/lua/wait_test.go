package lua_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

// linear runs the body of a route that waits, ending each wait with reason = w<n>, and
// returns what it did.
func linear(t *testing.T, body string, o lua.Options) (x *scripttest.Exec, runs int, err error) {
	t.Helper()
	s := load(t, "function route(call)\n"+body+"\nend", o)
	x = &scripttest.Exec{Name: "a"}
	err = s.Run(x, "route")
	for runs = 1; err == nil && len(x.Waits) > 0 && runs < 100; runs++ {
		if s.Waiting() != len(x.Waits) || !s.Holds(x.Waits[0]) {
			t.Fatalf("%d runs wait for %d events", s.Waiting(), len(x.Waits))
		}
		err = s.Run(x, x.Wake("reason", fmt.Sprintf("w%d", runs), "n", int64(runs)))
	}
	if s.Waiting() != 0 {
		t.Errorf("%d runs still wait", s.Waiting())
	}
	return x, runs, err
}

// gives wants what a linear body gives to rms_zz_give, joined.
func gives(t *testing.T, body string, want ...string) {
	t.Helper()
	x, _, err := linear(t, body, quiet)
	if err != nil {
		t.Errorf("%s\n%v", body, err)
	}
	var got []string
	for _, d := range x.Done {
		if text, ok := strings.CutPrefix(d, "zz_give(value="); ok {
			got = append(got, strings.TrimSuffix(text, ")"))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", body, diff)
	}
}

func TestARouteGoesOnWhenTheEventHasCome(t *testing.T) {
	t.Parallel()
	x, runs, err := linear(t, `
		local r = rms.zz_slow_wait("a.wav")
		rms_zz_give(r.reason .. r.n)
		for i = 1, 2 do
			local r, why, more = rms_zz_slow_wait{file = "b.wav", n = i}
			rms_zz_give(r.reason .. tostring(why) .. tostring(more))
		end
		rms.zz_nap(2)
		rms_zz_give(KSR.rtp_media_server.rms_zz_nap_wait(1).reason)`, quiet)
	want := []string{
		"zz_slow(file=a.wav, route=(wait))", "zz_give(value=w11)",
		"zz_slow(file=b.wav, route=(wait), n=1)", "zz_give(value=w2nilnil)",
		"zz_slow(file=b.wav, route=(wait), n=2)", "zz_give(value=w3nilnil)",
		"zz_nap(seconds=2, route=(wait))", "zz_nap(seconds=1, route=(wait))", "zz_give(value=w5)",
	}
	if diff := cmp.Diff(want, x.Done); diff != "" || err != nil || runs != 6 {
		t.Error(diff, err, runs)
	}
}

func TestWaitsStandWhereverACallStands(t *testing.T) {
	t.Parallel()
	gives(t, `local function ask() return rms.zz_nap_wait(1) end local a, b = ask() rms_zz_give(a.reason .. tostring(b))`, "w1nil")
	gives(t, `local t = {rms.zz_nap_wait(1), rms.zz_nap_wait(1)} rms_zz_give(t[1].reason .. t[2].reason .. #t)`, "w1w22")
	gives(t, `rms_zz_give(rms.zz_nap_wait(1).reason .. rms.zz_nap_wait(1).reason)`, "w1w2")
	gives(t, `rms.zz_nap_wait(1) rms_zz_give("x")`, "x")
	gives(t, `local function f(...) return select("#", ...) end rms_zz_give(f(rms.zz_nap_wait(1)))`, "1")
	gives(t, `if rms.zz_nap_wait(1).reason == "w1" then rms_zz_give("y") end while rms.zz_nap_wait(1).n < 4 do end rms_zz_give("z")`, "y", "z")
	gives(t, `local function deep(n) if n == 0 then return rms.zz_nap_wait(1) end local r = deep(n - 1) return r end rms_zz_give(deep(150).reason)`, "w1")
	gives(t, `for k, v in pairs{a = 1} do rms.zz_nap(1) rms_zz_give(k .. v) end`, "a1")
}

func TestPcallAroundAWait(t *testing.T) {
	t.Parallel()
	gives(t, `local ok, r = pcall(rms.zz_nap_wait, 1) rms_zz_give(tostring(ok) .. r.reason)`, "truew1")
	gives(t, `local ok, e = pcall(function() rms.zz_nap(1) error("bad") end) rms_zz_give(tostring(ok) .. e)`, "falset.lua:2: bad")
	gives(t, `local ok, a, b = pcall(function(x) return rms.zz_nap_wait(1).reason, x end, 7) rms_zz_give(a .. b)`, "w17")
	gives(t, `local ok, a, b = pcall(function() local ok, r = pcall(rms.zz_nap_wait, 1) rms.zz_nap(1) return ok, r.reason end) rms_zz_give(b)`, "w1")
	gives(t, `local ok, e = xpcall(function() rms.zz_nap(1) error("bad", 0) end, function(e) return "<" .. e .. ">" end) rms_zz_give(e)`, "<bad>")
	gives(t, `rms_zz_give(select("#", pcall(function() end)))  rms_zz_give(tostring(pcall(nil)))  if false then rms.zz_nap(1) end`, "1", "false")
	gives(t, `local ok, e = pcall(error, {code = 5}) rms_zz_give(e.code) if false then rms.zz_nap(1) end`, "5")
	gives(t, `local t = setmetatable({}, {__call = function(_, x) rms.zz_nap(1) return x end}) rms_zz_give(select(2, pcall(t, "c")))`, "c")
	gives(t, `local function f(n) local ok, e = pcall(f, n + 1) if not ok then return e end return e end rms_zz_give((tostring(select(2, pcall(function() local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f() end))):match("nested too deeply"))) if false then rms.zz_nap(1) end`, "nested too deeply")
}

func TestWhereARunCannotWaitItSaysSo(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`coroutine.wrap(function() rms.zz_nap(1) end)()`,
		`local t = setmetatable({}, {__index = function() rms.zz_nap(1) end}) local x = t.a`,
		`local t = setmetatable({}, {__add = function() rms.zz_nap_wait(1) end}) local x = t + 1`,
		`local t = {1, 2} table.sort(t, function(a, b) rms.zz_nap(1) return a < b end)`,
		`local s = ("abc"):gsub("b", function() rms.zz_nap(1) end)`,
		`local t = setmetatable({}, {__index = function() local ok, e = pcall(rms.zz_nap_wait, 1) error(e, 0) end}) local x = t.a`,
	} {
		x, _, err := linear(t, body, quiet)
		if err == nil || !strings.HasPrefix(err.Error(), "t.lua:2: rms_zz_nap_wait: cannot wait here") || len(x.Done) > 0 {
			t.Errorf("%s: %v %v", body, err, x.Done)
		}
	}
	for body, want := range map[string]string{
		`rms.zz_nap(11)`:                          `t.lua:2: rms_zz_nap: parameter "seconds"`,
		`rms.zz_slow_wait()`:                      `t.lua:2: rms_zz_slow_wait: missing argument "file"`,
		`rms.zz_slow_wait("a", nil, 7, 8)`:        `t.lua:2: rms_zz_slow_wait: takes at most 2 arguments`,
		`rms.zz_slow_wait{file = "a", route="x"}`: `t.lua:2: rms_zz_slow_wait: unknown parameter "route"`,
		`local x = rms["zz_slow" .. "_wait"]`:     `t.lua:2: zz_slow_wait: a verb that waits is written as`,
		`rms.zz_nap(1) coroutine.yield()`:         `t.lua:2: can not yield from outside of a coroutine`,
		`rms.zz_nap(1) error({})`:                 `t.lua:2: table`,
		`rms.zz_nap(1) local x = nil + 1`:         `t.lua:2: cannot perform add operation`,
		`rms.zz_nap(1) error("x", 2)`:             `t.lua:2: x`,
		`rms.zz_nap(1) call.x = 1`:                `t.lua:2: call.x cannot be set`,
	} {
		_, _, err := linear(t, body, quiet)
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "(in route route)") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestAWaitAfterTheCallEndedEndsTheRun(t *testing.T) {
	t.Parallel()
	s := load(t, `function route(call) while true do local r, why = rms.zz_slow_wait("a") rms.zz_give(r and r.reason or why) end end`, quiet)
	gone := error(nil)
	x := &scripttest.Exec{Name: "a", Do: func(v *call.Verb, _ call.Args) (any, error) {
		if v.Name == "zz_slow" {
			return nil, gone
		}
		return nil, nil
	}}
	if err := s.Run(x, "route"); err != nil {
		t.Fatal(err)
	}
	gone = fmt.Errorf("play: %w", call.ErrGone)
	if err := s.Run(x, x.Wake("reason", "stopped")); err != nil || s.Waiting() != 0 || !s.Fit() {
		t.Errorf("%v, %d wait", err, s.Waiting())
	}
	if diff := cmp.Diff([]string{"zz_slow(file=a, route=(wait))", "zz_give(value=stopped)", "zz_slow(file=a, route=(wait))"}, x.Done); diff != "" {
		t.Error(diff)
	}
}

func TestAWaitWhoseVerbFailsGivesTheReason(t *testing.T) {
	t.Parallel()
	s := load(t, `function route() local r, why = rms.zz_slow_wait("a") rms.zz_give(tostring(r) .. ":" .. why) end`, quiet)
	x := &scripttest.Exec{Name: "a", Do: func(v *call.Verb, _ call.Args) (any, error) {
		if v.Name == "zz_slow" {
			return nil, errors.New("no media")
		}
		return nil, nil
	}}
	if err := s.Run(x, "route"); err != nil || s.Waiting() != 0 || x.Done[1] != "zz_give(value=nil:no media)" {
		t.Error(err, x.Done)
	}
}

func TestTheCallObjectStaysThroughWaits(t *testing.T) {
	t.Parallel()
	s := load(t, `event_route.x = function(call)
		local before = call.event .. call.digit
		rms.zz_nap(1)
		call.var.seen = before == call.event .. call.digit and call.user
	end
	event_route.keep = function(call) kept = kept or call rms.zz_nap(1) rms_zz_give(kept.id) end`, quiet)
	x := &scripttest.Exec{Name: "a", About: call.Info{RURIUser: "42"}, Started: &call.Event{Name: "x", Fields: []call.Field{{Name: "digit", Value: "5"}}}}
	if err := s.Run(x, "x"); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(x, x.Wake("digit", "9")); err != nil || x.Vars["seen"] != "42" {
		t.Error(err, x.Vars)
	}
	a, b := &scripttest.Exec{Name: "a"}, &scripttest.Exec{Name: "b"}
	for _, x := range []*scripttest.Exec{a, b} {
		if err := s.Run(x, "keep"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Run(a, a.Wake()); err != nil {
		t.Error(err)
	}
	if err := s.Run(b, b.Wake()); err == nil || !strings.Contains(err.Error(), "from an event that is over") {
		t.Errorf("the call object of another call was taken: %v", err)
	}
}

func TestEachResumeHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	// Half of the budget between waits is fine however often; all of it at once is not.
	half := sandbox.Limits{Budget: 1 << 40, Steps: 40_000}
	x, runs, err := linear(t, `for i = 1, 20 do rms.zz_nap(1) for j = 1, 20000 do end end`, limited(half))
	if err != nil || runs != 21 {
		t.Errorf("%v after %d runs, %v", err, runs, x.Done)
	}
	_, runs, err = linear(t, `for i = 1, 3 do rms.zz_nap(1) end while true do end`, limited(half))
	if err == nil || !strings.HasPrefix(err.Error(), "t.lua:2: stopped: more than 40000 steps") || runs != 4 {
		t.Errorf("%v after %d runs", err, runs)
	}
	verbs := sandbox.Limits{Budget: 1 << 40, Verbs: 3}
	if _, _, err := linear(t, `for i = 1, 20 do rms.zz_nap(1) rms.zz_give(1) end`, limited(verbs)); err != nil {
		t.Error(err)
	}
}

func TestARunCannotBeTakenByTheScript(t *testing.T) {
	t.Parallel()
	gives(t, `rms_zz_give(tostring(coroutine.running())) rms.zz_nap(1) rms_zz_give(tostring(coroutine.running()))`, "nil", "nil")
	gives(t, `local co = coroutine.create(function() local a, b = coroutine.yield(1) return a, tostring(b) end)
		coroutine.resume(co) rms.zz_nap(1)
		local ok, a, b = coroutine.resume(co, 5) rms_zz_give(a .. b)`, "5nil")
}

func TestForgottenRunsAreGone(t *testing.T) {
	t.Parallel()
	s := load(t, `function route() rms.zz_nap(1) end`, quiet)
	x := &scripttest.Exec{Name: "a"}
	for range 3 {
		if err := s.Run(x, "route"); err != nil {
			t.Fatal(err)
		}
	}
	s.Forget("b")
	if s.Waiting() != 3 {
		t.Error("another call's runs were forgotten")
	}
	s.Forget("a")
	var e *call.ScriptError
	if err := s.Run(x, x.Wake()); s.Waiting() != 0 || !errors.As(err, &e) {
		t.Errorf("%d wait, %v", s.Waiting(), err)
	}
}

func TestRunsGoOnInAStateThatIsUnfit(t *testing.T) {
	t.Parallel()
	s := load(t, `event_route.ok = function() rms.zz_nap(1) rms_zz_give("after") end event_route.bad = function() rms.zz_nap(1) while true do end end`,
		limited(sandbox.Limits{Budget: 1 << 40, Steps: 10_000}))
	ok, bad := &scripttest.Exec{Name: "ok"}, &scripttest.Exec{Name: "bad"}
	for name, x := range map[string]*scripttest.Exec{"ok": ok, "bad": bad} {
		if err := s.Run(x, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Run(bad, bad.Wake()); err == nil || s.Fit() {
		t.Fatal("an endless loop was not stopped")
	}
	if err := s.Run(ok, ok.Wake()); err != nil || len(ok.Done) != 2 || s.Waiting() != 0 {
		t.Error(err, ok.Done)
	}
}

func TestWhatWaitingRunsHoldIsCounted(t *testing.T) {
	t.Parallel()
	o := quiet
	o.Limits.Memory = 4 << 20
	s := load(t, `event_route.x = function(call)
		local held = {}
		for i = 1, 200 do held[i] = ("x"):rep(1000) .. i end
		for i = 1, 50000 do end -- the look at memory comes with run time
		rms.zz_nap(1)
		rms_zz_give(#held)
	end`, o)
	var calls []*scripttest.Exec
	cut := false
	for s.Fit() && len(calls) < 1000 {
		x := &scripttest.Exec{Name: fmt.Sprint(len(calls))}
		if err := s.Run(x, "x"); err != nil {
			if len(calls) > 0 && strings.Contains(err.Error(), "script.memory") {
				cut = true // others of this process had grown the heap: it was looked at within the run
				break
			}
			t.Fatal(err)
		}
		calls = append(calls, x)
	}
	if n := len(calls); n < 5 || n > 200 {
		t.Errorf("unfit with %d runs of 200 kB that wait", n)
	}
	if cut {
		return
	}
	for _, x := range calls {
		if err := s.Run(x, x.Wake()); err != nil || x.Done[1] != "zz_give(value=200)" {
			t.Fatal(err, x.Done)
		}
	}
}
