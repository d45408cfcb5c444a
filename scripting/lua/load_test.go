package lua_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/scripting/lua"
	"rms/scripting/sandbox"
)

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
		limits := sandbox.Limits{Budget: time.Minute}
		if strings.Contains(want, "stopped") {
			limits.Budget = 50 * time.Millisecond // loading may take 20 times that
		}
		p, err := lua.Compile("t.lua", []byte(script), limited(limits))
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
