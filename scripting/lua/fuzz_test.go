package lua_test

import (
	"errors"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

// FuzzArguments gives whatever a script can build to a verb: the result is a
// bounded plain value or an error with a line, never a panic.
func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		`1`, `"a", nil, 2.5`, `{1, 2, {a = "b"}}`, `{[0] = 1, [-1] = 2, [1.5] = 3}`, `{[{}] = 1}`, `{print}`,
		`(function() local t = {} t[1] = t return t end)(), 1`, `{n = 0/0, i = 1/0}`, `("x"):rep(1e5), 1`,
		`setmetatable({}, {__index = function() return 1 end}), 1`, `unpack({1, 2, 3})`, `{value = {1, nil, 3}, count = 3}`,
	} {
		f.Add(seed)
	}
	for _, c := range hostile {
		f.Add("(function() " + c.body + " end)(), 1")
	}
	o := limited(sandbox.Limits{Budget: 5 * time.Millisecond, Memory: 8 << 20})
	f.Fuzz(func(t *testing.T, args string) {
		p, err := lua.Compile("f.lua", []byte("function route(call) rms_zz_give("+args+"\n) end"), o)
		if err != nil {
			return
		}
		s, err := p.NewState()
		if err != nil {
			return
		}
		defer s.Close()
		x := &scripttest.Exec{Do: func(_ *call.Verb, a call.Args) (any, error) {
			checkPlain(t, a.Value("value"), 0)
			return a.Value("value"), nil
		}}
		var e *call.ScriptError
		began := time.Now()
		if err := s.Run(x, "route"); err != nil && !errors.As(err, &e) {
			t.Errorf("%T %v", err, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v of 5 ms", took)
		}
	})
}

func checkPlain(t *testing.T, v any, depth int) {
	t.Helper()
	if depth > 16 {
		t.Fatal("deeper than 16")
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
	case []any:
		for _, e := range v {
			checkPlain(t, e, depth+1)
		}
	case map[string]any:
		for _, e := range v {
			checkPlain(t, e, depth+1)
		}
	default:
		t.Fatalf("%T reached a verb", v)
	}
}

// FuzzCheck reads any script: mistakes are found without a panic, and a script
// that Check likes can be loaded.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`rms_answer("x")`, `event_route["a"] = function(c) rms_zz_give(1, 2, "a") end`, `rms.zz_give{value = f(), count = -1}`,
		`local rms_x = 1 rms_x()`, `KSR.rtp_media_server.rms_zz_give(...)`, `return a..b..(c..d)`, `x = {[1] = 2; y = 3, 4}`,
		`goto a ::a:: for i = 1, 2 do break end repeat local x until x`, "a.b.c:d'e'{f}", "#!x\nreturn -1 ^ not 2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		if len(lua.Check("f.lua", []byte(script), quiet)) > 0 || len(script) > 1000 {
			return
		}
		if _, err := lua.Compile("f.lua", []byte(script), quiet); err != nil {
			t.Error(err)
		}
	})
}

// FuzzPattern matches any pattern: what is found lies inside the text, and no
// pattern breaks the interpreter.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"hello world", "l+"}, {"key=val", "(%w+)=(%w+)"}, {"[[x]]", "%b[]"}, {"abc", "a-c"}, {"", "^$"}, {"a]b", "[]]"}, {"a-b", "[a%-]+"},
	} {
		f.Add(seed[0], seed[1])
	}
	p, err := lua.Compile("f.lua", []byte(`function route(c) rms_zz_give({string.find(c.var.text, c.var.pattern)}, 1) end`), limited(sandbox.Limits{Budget: 20 * time.Millisecond}))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, pattern string) {
		if len(text) > 64 || len(pattern) > 24 {
			return
		}
		s, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var got []any
		x := &scripttest.Exec{Vars: map[string]any{"text": text, "pattern": pattern}}
		x.Do = func(_ *call.Verb, a call.Args) (any, error) {
			got, _ = a.Value("value").([]any)
			return nil, nil
		}
		if err := s.Run(x, "route"); err != nil || len(got) < 2 {
			return
		}
		at, _ := got[0].(int64)
		end, _ := got[1].(int64)
		if at < 1 || end < at-1 || end > int64(len(text)) {
			t.Errorf("%q in %q: %v", pattern, text, got)
		}
	})
}
