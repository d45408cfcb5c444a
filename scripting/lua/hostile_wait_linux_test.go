package lua_test

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

// places are where a hostile body may stand in a script that waits: each is written
// with BODY for it. A run is one resume.
var places = []struct{ name, script string }{
	{"in a route", `event_route.x = function(call) BODY end event_route.w = function() rms.zz_nap(1) end`},
	{"after a resume", `event_route.x = function(call) rms.zz_nap(1) BODY end`},
	{"in pcall after a resume", `event_route.x = function(call) pcall(function() rms.zz_nap(1) BODY end) while true do end end`},
	{"in pcall in pcall", `event_route.x = function(call) rms.zz_nap(1) while true do pcall(pcall, function() BODY end) end end`},
	{"in a coroutine after a resume", `event_route.x = function(call) rms.zz_nap(1) coroutine.wrap(function() BODY end)() end`},
	{"in a coroutine that was begun before", `event_route.x = function(call)
		local co = coroutine.wrap(function() coroutine.yield() BODY end) co() rms.zz_nap(1) co() end`},
	{"in a metamethod after a resume", `event_route.x = function(call)
		local t = setmetatable({}, {__index = function() BODY end}) rms.zz_nap(1) return t.x end`},
	{"in the handler of xpcall", `event_route.x = function(call) rms.zz_nap(1) while true do xpcall(error, function() BODY end) end end`},
	{"in a file", `event_route.x = function(call) rms.zz_nap(1) local f = require f("hostile") end`},
}

// holes are the ways out of a sandbox that only counts time, and those that come with
// waiting.
var holes = map[string]string{
	"endless loop":         `while true do end`,
	"catastrophic pattern": `local s = ("a"):rep(30) s:find(("a?"):rep(30) .. ("a"):rep(30)) while true do s:find(("a?"):rep(30) .. ("a"):rep(30)) end`,
	"gmatch":               `for _ in (("a"):rep(2000)):gmatch(("a*"):rep(20) .. "b") do end while true do end`,
	"gsub":                 `local s = ("a"):rep(2000) s:gsub(("a*"):rep(20) .. "b", "") while true do end`,
	"a gigabyte by rep":    `local s = ("a"):rep(1e9)`,
	"a gigabyte by format": `local s = ("%s%s"):format(("x"):rep(200000), ("x"):rep(200000))`,
	"string doubling":      `local s = "aaaaaaaaaaaaaaaa" while true do s = s .. s end`,
	"many strings":         `local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(200000) .. i end`,
	"growing table":        `local t = {} for i = 1, 1e9 do t["k" .. i] = {i} end`,
	"growing list":         `local t = {} for i = 1, 1e9 do t[#t + 1] = {i, {i}} end`,
	"growing global":       `all = all or {} for i = 1, 1e9 do all[#all + 1] = {i, {i}} end`,
	"deep recursion":       `local function f(n) return 1 + f(n + 1) end f(1)`,
	"deep pcall":           `local function f() local ok, e = pcall(f) error(e, 0) end f()`,
	"deep coroutines":      `local function f() return coroutine.wrap(f)() end f()`,
	"endless sort":         `local t = {} for i = 1, 16000 do t[i] = i % 97 end while true do table.sort(t, function(a, b) return a < b end) end`,
	"threads of pcall":     `while true do pcall(function() local a, b, c = {}, {}, {} end) end`,
	"kept threads":         `kept = {} for i = 1, 1e9 do pcall(function() local t = {} kept[#kept + 1] = function() return t end end) end`,
}

// cpu returns the processor time of this thread.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	const thread = 1 // RUSAGE_THREAD
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestHostileScriptsThatWaitEndInTimeAndMemory(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var most time.Duration
	var top uint64
	n := 0
	for hole, body := range holes {
		for _, place := range places {
			if n++; raceEnabled && n%4 != 0 {
				continue
			}
			o, _ := folder(t, map[string]string{"hostile.lua": body})
			o.Limits = sandbox.Limits{}
			script := `if false then require("hostile") end event_route.other = function() rms.zz_nap(1) rms_zz_give("other") end ` +
				strings.Replace(place.script, "BODY", body, 1)
			s := load(t, script, o)
			other := &scripttest.Exec{Name: "other"}
			if err := s.Run(other, "other"); err != nil {
				t.Fatal(err)
			}
			x := &scripttest.Exec{Name: "a"}
			peak, began := watchHeap(), cpu(t)
			err := s.Run(x, "x")
			if token := x.Wake(); token != "" {
				if err != nil {
					t.Fatal(err)
				}
				began = cpu(t)
				err = s.Run(x, token)
			}
			took, grew := cpu(t)-began, peak()
			if err == nil || !hasPlace(err, s.Waiting()) {
				t.Errorf("%s %s: %v, %d wait", hole, place.name, err, s.Waiting())
			}
			if !raceEnabled && (took > 100*time.Millisecond || grew > 64<<20) {
				t.Errorf("%s %s: %v of processor time, %d MiB", hole, place.name, took, grew>>20)
			}
			most, top = max(most, took), max(top, grew)
			if err := s.Run(other, other.Wake()); err != nil || len(other.Done) != 2 {
				t.Errorf("%s %s: the run of another call: %v", hole, place.name, err)
			}
		}
	}
	t.Logf("at most %v of processor time and %d MiB", most, top>>20)
}

// hasPlace tells whether an error names a line of a script and only the other call
// still waits.
func hasPlace(err error, waiting int) bool {
	where, _, _ := strings.Cut(err.Error(), ": ")
	file, line, ok := strings.Cut(where, ".lua:")
	return ok && (file == "t" || strings.HasSuffix(file, "/hostile")) && strings.Trim(line, "0123456789") == "" && waiting == 1
}
