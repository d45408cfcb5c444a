package lua_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/scripttest"
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
