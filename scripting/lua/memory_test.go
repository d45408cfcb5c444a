package lua_test

import (
	"strings"
	"testing"
	"time"

	"rms/scripting/sandbox"
)

// TestTablesAreFoundWhereverTheyAre lets a script have all the time it wants:
// memory alone must end it.
func TestTablesAreFoundWhereverTheyAre(t *testing.T) {
	for name, body := range map[string]string{
		"local":        `local t = {} local i = 0 while true do i = i + 1 t[i % 9999 + 1] = {i, {t[i % 9999 + 1]}} end`,
		"hash":         `local t = {} local i = 0 while true do i = i + 1 t["k"..i] = {i} end`,
		"global":       `all = {} local i = 0 while true do i = i + 1 all["k"..i] = {i} end`,
		"removed keys": `local t = {} local i = 0 while true do i = i + 1 t["k"..i] = i t["k"..i] = nil end`,
		"upvalue":      `local f = function() end while true do local g, t = f, {1} f = function() return g, t end end`,
		"coroutine":    `coroutine.wrap(function() local t = {} local i = 0 while true do i = i + 1 t["k"..i] = {i} end end)()`,
		"far index":    `local a = {} for i = 1, 1e9 do local t = {} t[16383] = 1 a[i] = t end`,
		"recursion":    `local function f(n) local t = {} for i = 1, 20000 do t["k"..i] = {n} end f(n + 1) t = nil end f(1)`,
		"metatable":    `local m = {} local t = setmetatable({}, m) local i = 0 while true do i = i + 1 m["k"..i] = {i} end`,
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, "function route(call)\n"+body+"\nend", limited(sandbox.Limits{Budget: time.Hour, Memory: 8 << 20}))
			peak := watchHeap()
			err := s.Run(nil2(), "route")
			grew := peak()
			t.Logf("heap +%d MiB, held %v", grew>>20, err)
			if err == nil || !strings.Contains(err.Error(), "script.memory") || s.Fit() {
				t.Errorf("%v", err)
			}
			if grew > 80<<20 {
				t.Errorf("heap +%d MiB", grew>>20)
			}
		})
	}
}

func TestGarbageIsNotHeld(t *testing.T) {
	s := load(t, `function route(call) for i = 1, 100000 do local t = {i, {i}, "x"..i} end end`,
		limited(sandbox.Limits{Budget: time.Hour, Memory: 8 << 20}))
	if err := s.Run(nil2(), "route"); err != nil || !s.Fit() {
		t.Errorf("%v", err)
	}
}
