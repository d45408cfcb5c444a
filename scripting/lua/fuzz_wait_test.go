package lua_test

import (
	"strings"
	"testing"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

// FuzzWait runs any body of a route that waits, ending each of its waits: a run ends, in
// a value or an error of the script, and another run of the same interpreter works.
func FuzzWait(f *testing.F) {
	for _, seed := range []string{
		`local r = rms.zz_nap_wait(1) rms_zz_give(r)`, `local a, b = pcall(rms.zz_nap, 1) error(b)`,
		`pcall(pcall, pcall, rms.zz_slow_wait, "a")`, `xpcall(function() rms.zz_nap(1) error{} end, function(e) return e end)`,
		`local co = coroutine.wrap(function() coroutine.yield(rms.zz_nap) end) co()(1)`,
		`for i = 1, 3 do pcall(coroutine.wrap(function() rms.zz_nap(1) end)) rms.zz_nap(1) end`,
		`local t = setmetatable({}, {__call = rms.zz_nap, __index = pcall}) pcall(t, 1) local x = t[print]`,
		`table.sort({1, 2, 3}, function() return pcall(rms.zz_nap, 1) end)`, `f = coroutine.running rms.zz_nap(1) coroutine.resume(f())`,
		`pcall(exit)`, `rms.zz_nap(1) exit()`, `call.var.x = rms.zz_nap_wait(1) return call.var.x`, `error(setmetatable({}, {__tostring = rms.zz_nap}))`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 400 || strings.Contains(body, "require") {
			return
		}
		script := "do local nap, give = rms.zz_nap, rms_zz_give event_route.good = function() nap(1) give('good') end end function route(call)\n" + body + "\nend"
		p, err := lua.Compile("f.lua", []byte(script), limited(sandbox.Limits{Budget: 1 << 40, Steps: 20_000, Memory: 16 << 20}))
		if err != nil {
			return
		}
		state, err := p.NewState()
		if err != nil {
			return
		}
		defer state.Close()
		x := &scripttest.Exec{Name: "a", Do: func(v *call.Verb, _ call.Args) (any, error) { return nil, nil }}
		err = state.Run(x, "route")
		for n := 0; err == nil && len(x.Waits) > 0 && n < 20; n++ {
			err = state.Run(x, x.Wake("reason", "done", "n", int64(n)))
		}
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Fatal(err)
		}
		good := &scripttest.Exec{Name: "b"}
		if has := state.Routes(); len(has) == 0 || has[0] != "good" {
			return // the body defined other routes
		}
		if err := state.Run(good, "good"); err != nil && state.Fit() {
			t.Fatalf("another run: %v", err)
		}
		if token := good.Wake(); token != "" {
			if err := state.Run(good, token); err != nil && state.Fit() {
				t.Fatalf("another run behind its wait: %v", err)
			}
		}
	})
}
