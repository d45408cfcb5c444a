package lua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/scripting/sandbox"
)

func TestMoreResultsThanTheBoundAreRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`return unpack({}, 1, 1e8)`,
		`return unpack({}, -1e15, 1e15)`,
		`return unpack({}, -2^63, 2^62)`,
		`return ("a"):rep(200000):byte(1, -1)`,
		`return select("#", unpack({}, 1, 1e6))`,
		`local x = {unpack({}, 1, 4097)}`,
		`local x = {("a"):rep(4097):byte(1, -1)}`,
	} {
		err := run(t, body, nil2())
		if !hasWhere(err, "t.lua:2") || !strings.Contains(err.Error(), "too many results (limit 4096)") {
			t.Errorf("%s: %v", body, err)
		}
	}
	if err := run(t, `local a, b = {unpack({}, 1, 4096)}, {("a"):rep(4096):byte(1, -1)} assert(#b == 4096)`, nil2()); err != nil {
		t.Error(err)
	}
}

// TestWorkOfTheLibraryIsCounted lets a script have all the time it wants: the
// instructions of 500 turns alone are far below the limit of steps.
func TestWorkOfTheLibraryIsCounted(t *testing.T) {
	t.Parallel()
	const long = `local s = ("1"):rep(100000) `
	for _, c := range []struct{ before, turn string }{
		{``, `local x = {unpack({}, 1, 4000)}`},
		{`local s = ("a"):rep(4000)`, `local x = {s:byte(1, -1)}`},
		{long, `tonumber(s)`},
		{long, `tonumber(s, 7)`},
		{long, `pcall(math.abs, s)`},
		{long, `pcall(error, s)`},
		{long, `pcall(select, s)`},
		{long, `("a"):find(s)`},
		{`local s = "["..("b"):rep(100000).."]"`, `(""):match(s)`},
		{long, `print(s)`},
		{`local s = ("|"):rep(100000)`, `is_method(s)`},
		{`local t = {} t[16000] = 1`, `table.insert(t, 1, 1) table.remove(t, 1)`},
		{`local t = {} t[16000] = 1 t[16000] = nil`, `table.insert(t, 2)`},
		{`local t = {} for i = 1, 2000 do t["k"..i] = 1 t["k"..i] = nil end`, `next(t)`},
		{`local t = {} t[4000] = 1`, `rms_zz_give{value = t}`},
		{`local t = {} for i = 1, 2000 do t["k"..i] = 1 t["k"..i] = nil end`, `rms_zz_give{value = t}`},
	} {
		s := load(t, "function route(call)\n"+c.before+" for i = 1, 500 do\n"+c.turn+" end\nend",
			limited(sandbox.Limits{Budget: time.Hour, Steps: 60_000}))
		if err := s.Run(nil2(), "route"); err == nil || !strings.Contains(err.Error(), "more than 60000 steps") {
			t.Errorf("%s: %v", c.turn, err)
		}
	}
}

// TestInsertingDoesNotGrowAListOfNothing: empty places at the end of a list are not
// counted by the operator #, but are moved like the others.
func TestInsertingDoesNotGrowAListOfNothing(t *testing.T) {
	t.Parallel()
	for _, turn := range []string{`table.insert(t, 1, nil)`, `table.insert(t, 1, 1) t[1] = nil`} {
		// A list of 24,000 places would cost 4.7 million steps.
		s := load(t, "function route(call) local t = {} for i = 1, 24000 do "+turn+" end end",
			limited(sandbox.Limits{Budget: time.Hour, Steps: 3_600_000}))
		if err := s.Run(nil2(), "route"); err != nil {
			t.Errorf("%s: %v", turn, err)
		}
	}
}

func TestArgumentsOfAVerbShareOneLimit(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"(unpack(b))", "(b)", "{value = b}", "{x = b, y = b, z = b}"} {
		body := `local a = {} for i = 1, 1000 do a[i] = i end local b = {a, a, a, a, a}` + "\nrms_zz_give" + args
		if err := run(t, body, nil2()); !hasWhere(err, "t.lua:3") || !strings.Contains(err.Error(), "table too large") {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestLongNamesAreCutInMessages(t *testing.T) {
	t.Parallel()
	for _, use := range []string{`local x = rms[s]`, `local x = KSR[s]`, `local x = KSR.pv[s]`, `rms_zz_give{[s] = 1}`} {
		err := run(t, fmt.Sprintf("local s = ('x'):rep(1000)\n%s", use), nil2())
		if !hasWhere(err, "t.lua:3") || strings.Contains(err.Error(), strings.Repeat("x", 81)) || !strings.Contains(err.Error(), "x...") {
			t.Errorf("%s: %v", use, err)
		}
	}
}

func TestALongLineOfPrintIsNotPutTogether(t *testing.T) {
	t.Parallel()
	err := run(t, `local s, t = ("x"):rep(250000), {} for i = 1, 3000 do t[i] = s end print(unpack(t))`, nil2())
	if !hasWhere(err, "t.lua:2") || !strings.Contains(err.Error(), "string too long: 500002 bytes") {
		t.Error(err)
	}
	err = run(t, `local s, t = ("x"):rep(200000), {} for i = 1, 3000 do t[i] = s end ("%q"):rep(3000):format(unpack(t))`, nil2())
	if !hasWhere(err, "t.lua:2") || !strings.Contains(err.Error(), "string too long: 400004 bytes") {
		t.Error(err)
	}
}
