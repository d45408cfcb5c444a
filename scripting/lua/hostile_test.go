package lua_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

func nil2() *scripttest.Exec { return &scripttest.Exec{} }

func hasWhere(err error, where string) bool {
	var s *call.ScriptError
	return errors.As(err, &s) && s.Where == where
}

// hostile are scripts that try to take all time or all memory. Each ends in a
// ScriptError that names the script; want is part of its text, "" for any.
var hostile = []struct{ name, body, want string }{
	{"endless loop", `while true do end`, "script.budget"},
	{"endless loop in pcall", `while true do pcall(function() while true do end end) end`, "script.budget"},
	{"endless loop in a coroutine", `local co = coroutine.wrap(function() while true do end end) co()`, "script.budget"},
	{"endless loop in xpcall with a handler", `while true do xpcall(function() while true do end end, function() while true do end end) end`, "script.budget"},
	{"endless recursion", `local function f() return 1 + f() end f()`, "stack overflow"},
	{"endless tail calls", `local function f() return f() end f()`, "stack overflow"},
	{"recursion through metatables", `local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k.."x"] end local x = t.a`, "overflow"},
	{"recursion through coroutines", `local function f() coroutine.wrap(f)() end f()`, "nested too deeply"},
	{"recursion in a coroutine", `coroutine.wrap(function() local function f() return 1 + f() end f() end)()`, "overflow"},
	{"long error text", `error(("x"):rep(250000))`, "xxx"},
	{"exponential pattern", `local s = ("a"):rep(30) s:find(("a?"):rep(30)..("a"):rep(30))`, "script.budget"},
	{"exponential pattern in gsub", `local s = ("a"):rep(2000) s:gsub(("a*"):rep(20).."b", "")`, "script.budget"},
	{"a gigabyte by rep", `local s = ("a"):rep(1e9)`, "string too long"},
	{"doubling", `local s = "aaaaaaaaaaaaaaaa" while true do s = s .. s end`, "string too long"},
	{"many long strings", `local t = {} local i = 0 while true do i = i + 1 t[i] = ("x"):rep(200000)..i end`, ""},
	{"growing table", `local t = {} local i = 0 while true do i = i + 1 t[i] = {i} end`, ""},
	{"growing hash", `local t = {} local i = 0 while true do i = i + 1 t["k"..i] = i end`, ""},
	{"far index", `local a = {} for i = 1, 1e9 do local t = {} t[16383] = 1 a[i] = t end`, ""},
	{"many coroutines", `local t = {} while true do t[#t+1] = coroutine.create(function() end) end`, "too many coroutines"},
	{"wide format", `local s = ("%1000000d"):format(1)`, "invalid conversion"},
	{"many wide formats", `local s = ("%99d"):rep(10000) s:format(1)`, ""},
	{"concat of a table", `local t = {} for i = 1, 1000 do t[i] = ("x"):rep(10000) end local s = table.concat(t)`, "string too long"},
	{"endless sort", `local t = {} for i = 1, 16000 do t[i] = math.random() end while true do table.sort(t) end`, "script.budget"},
	{"registry", `local t = {} for i = 1, 4000 do t[i] = i end local function f(...) return select("#", ...) + f(...) end f(unpack(t))`, "overflow"},
	{"closures", `local f = function() end while true do local g = f f = function() return g end end`, ""},
	{"error objects", `while true do pcall(error, {}) end`, "script.budget"},
	{"tostring for ever", `local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) tostring(t)`, "overflow"},
	{"endless unpack in pcall", `while true do pcall(unpack, {}, 1, 1e6) end`, "script.budget"},
	{"endless bytes in pcall", `local s = ("a"):rep(200000) while true do pcall(s.byte, s, 1, -1) end`, "script.budget"},
	{"load", `load("x = 1")`, "not available"},
	{"require", `local f = require f("os")`, "not available"},
	{"os", `os.exit(1)`, "not available"},
	{"io", `io.open("/etc/passwd")`, "not available"},
	{"debug", `debug.getinfo(1)`, "not available"},
	{"dump", `string.dump(function() end)`, "non-function"},
	{"a thousand verbs", `while true do rms_zz_give(1) end`, "verbs"},
}

func TestHostileScriptsEndInTimeAndMemory(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			limits := sandbox.Limits{}
			if c.want != "" && c.want != "script.budget" {
				limits.Budget = time.Minute // what ends it is not the time
			}
			s := load(t, "function route(call)\n"+c.body+"\nend", limited(limits))
			peak := watchHeap()
			began := time.Now()
			err := s.Run(nil2(), "route")
			took, grew := time.Since(began), peak()
			var e *call.ScriptError
			if !errors.As(err, &e) || !strings.HasPrefix(e.Where, "t.lua:2") || !strings.Contains(e.Text, c.want) {
				t.Errorf("error = %#v", err)
			}
			t.Logf("%v, heap +%d MiB: %v", took.Round(time.Millisecond/10), grew>>20, err)
			if took > 30*time.Second || grew > 256<<20 {
				t.Errorf("took %v and %d MiB", took, grew>>20)
			}
		})
	}
}

// watchHeap samples the heap until the function that it returns is called.
func watchHeap() func() uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	base, stop, done := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		top := base
		for {
			select {
			case <-stop:
				done <- max(top, heap()) - base
				return
			case <-time.After(5 * time.Millisecond):
				top = max(top, heap())
			}
		}
	}()
	return func() uint64 { close(stop); return <-done }
}

func TestAStateServesAfterHostileRuns(t *testing.T) {
	t.Parallel()
	for _, c := range hostile {
		if c.want != "overflow" && c.want != "stack overflow" && c.want != "not available" {
			continue
		}
		s := load(t, "bad = function(call)\n"+c.body+"\nend event_route.bad = bad event_route.good = function() rms_zz_give(7) end", limited(sandbox.Limits{Budget: time.Minute}))
		_ = s.Run(nil2(), "bad")
		x := nil2()
		if err := s.Run(x, "good"); err != nil || len(x.Done) != 1 || !s.Fit() {
			t.Errorf("%s: %v %v", c.name, err, x.Done)
		}
	}
}
