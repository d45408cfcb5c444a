package lua_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/scripttest"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func TestVerbsHaveThreeNamesAndAliases(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{}
	err := run(t, `
		rms_zz_give("a", 1)
		rms.zz_give("b", 2)
		rms.zz_give{value = "c", count = 3}
		rms.zz_give{"d", count = 4}
		KSR.rtp_media_server.rms_zz_give("e", 5)
		rms_zz_alias("f")
		rms.zz_alias("g")
		KSR.rtp_media_server.rms_zz_alias{value = "h"}`, x)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"zz_give(value=a, count=1)", "zz_give(value=b, count=2)", "zz_give(value=c, count=3)", "zz_give(value=d, count=4)",
		"zz_give(value=e, count=5)", "zz_give(value=f)", "zz_give(value=g)", "zz_give(value=h)",
	}
	if diff := cmp.Diff(want, x.Done); diff != "" {
		t.Error(diff)
	}
}

func TestResultsOfVerbs(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{Do: func(v *call.Verb, a call.Args) (any, error) {
		switch a.Value("value") {
		case "fail":
			return nil, errors.New("no port")
		case "false":
			return false, nil
		case "map":
			return map[string]any{"n": int64(1), "l": []any{"x", 2.5}}, nil
		}
		return nil, nil
	}}
	err := run(t, `
		assert(rms_zz_give("ok") == true)
		local ok, why = rms_zz_give("fail")
		assert(ok == nil and why == "no port")
		assert(rms_zz_give("false") == false)
		local m = rms_zz_give("map")
		assert(m.n == 1 and m.l[1] == "x" and m.l[2] == 2.5)
		if not rms_zz_give("fail") then call.var.seen = true end
		assert(KSR.rtp_media_server.rms_zz_give("ok") == 1)
		assert(KSR.rtp_media_server.rms_zz_give("fail") == -1)
		assert(KSR.rtp_media_server.rms_zz_give("false") == -1)
		assert(KSR.rtp_media_server.rms_zz_give("map") == 1)`, x)
	if err != nil {
		t.Fatal(err)
	}
	if x.Vars["seen"] != true {
		t.Error("nothing ran after a verb that failed")
	}
}

func TestMistakesAreRaisedWithFileAndLine(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`rms_zz_none()`:                          "unknown verb",
		`rms.zz_none()`:                          "unknown verb",
		`KSR.rtp_media_server.rms_zz_none()`:     "unknown verb",
		`rms_bridge("sip:a@b;")`:                 "not available",
		`rms.join("room")`:                       "not available",
		`rms_zz_need()`:                          `missing argument "file"`,
		`rms_zz_need(true)`:                      "wants a string",
		`rms_zz_need("a", "b")`:                  "at most 1",
		`rms.zz_need{fil = "a"}`:                 `unknown parameter "fil"`,
		`rms_zz_give(1, 10)`:                     "out of range",
		`rms_zz_give(1, 1.5)`:                    "whole number",
		`rms_zz_give(1, 1, nil, "c")`:            "not one of",
		`rms_zz_give(print)`:                     "function cannot be given",
		`rms_zz_give(coroutine.create(print))`:   "thread cannot be given",
		`rms_zz_give(call)`:                      "userdata cannot be given",
		`local t = {} t.t = t rms_zz_give(t, 1)`: "contains itself",
		`local t = {} for i = 1, 20 do t = {t} end rms_zz_give(t, 1)`:    "too deeply",
		`local t = {} for i = 1, 5000 do t[i] = i end rms_zz_give(t, 1)`: "too large",
		`call.x = 1`:                "use call.var.x",
		`KSR.nathelper.fix()`:       "KSR.nathelper is not available",
		`KSR.tm.t_relay()`:          "KSR.tm.t_relay is not available",
		`event_route.x = print`:     "while the script loads",
		`error("mine")`:             "mine",
		`error({1})`:                "table",
		`local x = nil; x.y = 1`:    "index",
		`t_reply("busy")`:           "status code",
		`KSR.pv.sets("$ru", "sip")`: "cannot be set",
	} {
		err := run(t, "\n\n"+body, &scripttest.Exec{})
		if !hasWhere(err, "t.lua:4") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n  %v, want t.lua:4 and %q", body, err, want)
		}
	}
}

func TestPcallCatchesMistakesButNotTheBudget(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{}
	err := run(t, `
		local ok, why = pcall(rms_zz_need)
		assert(not ok and why:find("missing argument", 1, true))
		rms_zz_give("after")`, x)
	if err != nil || len(x.Done) != 1 {
		t.Error(err, x.Done)
	}
}

func TestCallObject(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{
		Name: "c-1",
		About: call.Info{
			SIPCallID: "abc@host", From: "sip:bob@a", To: "sip:ivr@b", RURI: "sip:42@b", FromUser: "bob", ToUser: "ivr",
			RURIUser: "42", Source: "192.0.2.1:5060", Transport: "udp", Method: "INVITE",
		},
		Headers: map[string][]string{"X-A": {"one", "two"}},
		Started: &call.Event{Name: "rms:dtmf", Fields: []call.Field{
			{Name: "digit", Value: "5"}, {Name: "duration_ms", Value: int64(80)}, {Name: "source", Value: "rtp"},
			{Name: "map", Value: map[string]any{"k": []any{"v"}}},
		}},
	}
	err := run(t, `
		assert(call.id == "c-1" and call.sip_call_id == "abc@host")
		assert(call.from == "sip:bob@a" and call.to == "sip:ivr@b" and call.ruri == "sip:42@b")
		assert(call.from_user == "bob" and call.to_user == "ivr" and call.user == "42")
		assert(call.transport == "udp" and call.method == "INVITE")
		assert(call.event == "rms:dtmf" and call.digit == "5" and call.duration_ms == 80)
		assert(call.source == "rtp", "a field of the event wins")
		assert(call.map.k[1] == "v" and call.nothing == nil)
		assert(call.header("X-A") == "one" and call:header("X-A") == "one" and call.header("X-B") == nil)
		assert(#call.headers("X-A") == 2 and call:headers("X-A")[2] == "two" and #call.headers("X-B") == 0)
		assert(call.var.n == nil)
		call.var.n = 3
		call.var["list"] = {1, {a = "b"}}
		assert(call.var.n == 3 and call.var.list[2].a == "b")
		call.var.n = call.var.n + 1`, x)
	if err != nil {
		t.Fatal(err)
	}
	if x.Vars["n"] != int64(4) {
		t.Errorf("vars = %v", x.Vars)
	}
}

func TestACallObjectEndsWithItsRun(t *testing.T) {
	t.Parallel()
	s := load(t, `
		event_route.keep = function(call) kept = call; keptvar = call.var; h = call.header end
		event_route.use = function(call) local x = kept.id end
		event_route.usevar = function(call) keptvar.x = 1 end`, quiet)
	if err := s.Run(&scripttest.Exec{Name: "a"}, "keep"); err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"use", "usevar"} {
		if err := s.Run(&scripttest.Exec{Name: "b"}, route); err == nil || !strings.Contains(err.Error(), "is over") {
			t.Errorf("%s: %v", route, err)
		}
	}
}

func TestKSR(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{
		SIPMethod: "INVITE", ToTag: true,
		PVs:     map[string]string{"$rU": "42", "$hdr(X-A)": "one"},
		Headers: map[string][]string{"X-A": {"one"}},
	}
	err := run(t, `
		assert(KSR.pv.get("$rU") == "42" and KSR.pv.get("$fU") == nil and KSR.pv.gete("$fU") == "")
		assert(KSR.pv.is_null("$fU") and KSR.hdr.get("X-A") == "one" and KSR.hdr.get("X-B") == nil)
		assert(KSR.hdr.is_present("X-A") == 1 and KSR.hdr.is_present("X-B") == -1)
		assert(KSR.is_method("INVITE") and KSR.is_method("BYE|INVITE") and not KSR.is_method("BYE"))
		assert(is_method("INVITE") and not is_method("OPTIONS|BYE"))
		assert(KSR.siputils.has_totag() > 0 and has_totag() == true)
		assert(KSR.tmx.t_precheck_trans() < 0 and t_precheck_trans() == false)
		assert(KSR.tm.t_check_trans() > 0 and t_check_trans() == true)
		KSR.pv.sets("$var(a)", "b")
		assert(KSR.sl.send_reply(486, "Busy Here") == 1)
		assert(KSR.tm.t_reply(480, "Gone") == 1)
		assert(t_reply("503", "server error"))`, x)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"486 Busy Here", "480 Gone", "503 server error"}, x.Replies); diff != "" {
		t.Error(diff)
	}
	if x.Vars["a"] != "b" {
		t.Error(x.Vars)
	}
}

func TestExitEndsTheRunWithoutError(t *testing.T) {
	t.Parallel()
	for _, exit := range []string{
		"exit()", "KSR.x.exit()", "pcall(exit) rms_zz_give(1)", "pcall(pcall, KSR.x.exit) rms_zz_give(1)",
		"coroutine.wrap(function() exit() end)() rms_zz_give(1)", "coroutine.resume(coroutine.create(exit)) rms_zz_give(1)",
		"table.sort({1,2,3}, function() exit() end) rms_zz_give(1)", `("x"):gsub("x", function() exit() end) rms_zz_give(1)`,
	} {
		s := load(t, "function route(call)\n"+exit+"\nrms_zz_give(2)\nend event_route.next = function() rms_zz_give(3) end", quiet)
		x := &scripttest.Exec{}
		if err := s.Run(x, "route"); err != nil || len(x.Done) != 0 || !s.Fit() {
			t.Errorf("%s: %v %v", exit, err, x.Done)
		}
		if err := s.Run(x, "next"); err != nil || len(x.Done) != 1 {
			t.Errorf("%s: then %v %v", exit, err, x.Done)
		}
	}
}

func TestRouteNames(t *testing.T) {
	t.Parallel()
	for script, want := range map[string][]string{
		`route = function(r) end`:                                                  {"route"},
		`function route(r) end event_route["rms:start"] = print`:                   {"rms:start", "route"},
		`function ksr_request_route() end`:                                         {"route"},
		`function event_route.b() end event_route.a = print event_route.c = nil`:   {"a", "b"},
		`for _, n in ipairs{"x", "y"} do event_route[n] = function() end end`:      {"x", "y"},
		`event_route.a = function() end local f = event_route.a event_route.b = f`: {"a", "b"},
		`route = 5`: nil,
	} {
		if diff := cmp.Diff(want, load(t, script, quiet).Routes()); diff != "" {
			t.Errorf("%s\n%s", script, diff)
		}
	}
}

func TestScriptsThatDoNotLoad(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"x = = 1":                                "t.lua:1: syntax error",
		"\nfunction f(":                          "t.lua: syntax error at the end",
		"goto x":                                 "t.lua:2: no visible label",
		"\nerror('bad')":                         "t.lua:2: bad",
		"\nrms_zz_give(1)":                       "t.lua:2: rms_zz_give: works in a route",
		"\nevent_route.x = 1":                    "t.lua:2: event_route[\"x\"]: wants a function",
		"\nevent_route[1] = print":               "t.lua:2: event_route: the name",
		"\nwhile true do end":                    "t.lua:2: stopped: ran longer",
		"local s = 'a' while true do s=s..s end": "t.lua:1: string too long",
		"exit()":                                 "t.lua:1: exit: works in a route",
		"is_method('INVITE')":                    "t.lua:1: is_method: works in a route",
	} {
		p, err := lua.Compile("t.lua", []byte(script), quiet)
		if err == nil {
			_, err = p.NewState()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", script, err)
		}
	}
	if _, err := lua.Compile("t.lua", bytes.Repeat([]byte("-"), 1<<20), quiet); err == nil {
		t.Error("a script of 1 MiB was compiled")
	}
	if s := load(t, "\xef\xbb\xbfroute = print", quiet); len(s.Routes()) != 1 {
		t.Error("byte order mark")
	}
	if s := load(t, "#!/usr/bin/rms\nroute = print", quiet); len(s.Routes()) != 1 {
		t.Error("first line with #!")
	}
}

func TestLogLinesExpandPseudoVariables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	x := &scripttest.Exec{Out: &out, PVs: map[string]string{"$ci": "id\r\n1", "$hdr(X-A)": "v$ci", "$(hdr(X-A))": "w"}}
	err := run(t, `
		xnotice("BYE RECEIVED [$ci]\n")
		xinfo("$hdr(X-A) $(hdr(X-A)) $fU $$ 5$ \1")
		xlog("L_WARN", "warned") xlog("plain")
		KSR.info("i") KSR.err("e\n") KSR.xlog.xnotice("n") KSR.xlog("L_DBG", "d")
		print("a", 1, nil)`, x)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"level":"info","message":"BYE RECEIVED [id\\r\\n1]"}
{"level":"info","message":"v$ci w <null> $ 5$ \\x01"}
{"level":"warn","message":"warned"}
{"level":"error","message":"plain"}
{"level":"info","message":"i"}
{"level":"error","message":"e"}
{"level":"info","message":"n"}
{"level":"debug","message":"d"}
{"level":"info","message":"a\\t1\\tnil"}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLogLinesOfARunAreBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	x := &scripttest.Exec{Out: &out}
	o := quiet
	o.Limits.Budget = time.Minute
	s := load(t, `local line = ("x"):rep(10000) function route() for i = 1, 1000 do xinfo(line) end end`, o)
	if err := s.Run(x, "route"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 101 || !strings.Contains(lines[100], `"dropped":900`) || out.Len() > 100*4300+200 {
		t.Errorf("%d lines, %d bytes, last %.200s", len(lines), out.Len(), lines[len(lines)-1])
	}
}

func TestMaskedDigitsDoNotReachTheLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := load(t, `function route(call) xinfo("pin " .. call.digit .. " from $fU") end`, lua.Options{Log: zerolog.Nop(), Masked: true})
	x := &scripttest.Exec{Out: &out, PVs: map[string]string{"$fU": "100"}, Started: &call.Event{Fields: []call.Field{{Name: "digit", Value: "7"}}}}
	if err := s.Run(x, "route"); err != nil || !strings.Contains(out.String(), "pin * from 100") {
		t.Error(err, out.String())
	}
}

func TestLoadingLogsOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := lua.Compile("t.lua", []byte(`print("hello")`), lua.Options{Log: zerolog.New(&out)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if n := strings.Count(out.String(), "hello"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

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
	if runs < 10 || runs > 60 {
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
