package starlark_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/scripttest"
)

func hasWhere(err error, where string) bool {
	var s *call.ScriptError
	return errors.As(err, &s) && strings.HasPrefix(s.Where, where)
}

func TestVerbsHaveTwoNamesAndAliases(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{}
	err := run(t, `
rms_zz_give("a", 1)
rms.zz_give("b", 2)
rms.zz_give(value = "c", count = 3)
rms.zz_give("d", count = 4)
rms_zz_alias("e")
rms.zz_alias(value = "f")
give = rms.zz_give
give(*["g"], **{"count": 5})
rms.zz_give(None)`, x)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"zz_give(value=a, count=1)", "zz_give(value=b, count=2)", "zz_give(value=c, count=3)", "zz_give(value=d, count=4)",
		"zz_give(value=e)", "zz_give(value=f)", "zz_give(value=g, count=5)", "zz_give()",
	}
	if diff := cmp.Diff(want, x.Done); diff != "" {
		t.Error(diff)
	}
}

func TestResultsOfVerbs(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{Do: func(_ *call.Verb, a call.Args) (any, error) {
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
check(rms_zz_give("ok") == True and rms.error() == "")
check(rms_zz_give("fail") == None and rms.error() == "no port" and rms_error() == "no port")
check(rms_zz_give("false") == False and rms.error() == "")
m = rms_zz_give("map")
check(m["n"] == 1 and m["l"][0] == "x" and m["l"][1] == 2.5)
if not rms_zz_give("fail"):
    call.var.seen = rms.error()
check(rms.error() == "no port", "call.var is no verb")`, x)
	if err != nil {
		t.Fatal(err)
	}
	if x.Vars["seen"] != "no port" {
		t.Error(x.Vars)
	}
}

func TestMistakesAreRaisedWithFileLineAndColumn(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`rms.zz_none()`:                       "unknown verb",
		`rms.join("room")`:                    "not available",
		`rms_zz_need()`:                       `missing argument "file"`,
		`rms_zz_need(True)`:                   "wants a string",
		`rms_zz_need("a", "b")`:               "at most 1",
		`rms.zz_need(fil = "a")`:              `unknown parameter "fil"`,
		`rms_zz_give(1, 10)`:                  "out of range",
		`rms_zz_give(1, 1.5)`:                 "whole number",
		`rms_zz_give(1, 1, None, "c")`:        "not one of",
		`rms_zz_give(len)`:                    "builtin_function_or_method cannot be given",
		`rms_zz_give(lambda: 1)`:              "function cannot be given",
		`rms_zz_give(call)`:                   "call cannot be given",
		`rms_zz_give(set([1]))`:               "set cannot be given",
		`rms_zz_give({(1, 2): 3})`:            "key that is a tuple",
		`rms_zz_give(1 << 80)`:                "64 bits",
		"t = []; t.append(t)\nrms_zz_give(t)": "contains itself",
		"t = []\nfor i in range(20):\n    t = [t]\nrms_zz_give(t)": "too deeply",
		`rms_zz_give(list(range(5000)))`:                           "too large",
		`rms_zz_give("x" * 200000 + "y" * 200000)`:                 "string too long",
		`call.x = 1`:             "can't assign",
		`call.usr`:               "did you mean .user",
		`event_route["x"] = len`: "while the script loads",
		`fail("mine", 1)`:        "mine 1",
		`[][0]`:                  "out of range",
		`"a" + 1`:                "unknown binary op",
		`x = "a"; x += []`:       "unknown binary op: string + list",
		`t_reply("busy")`:        "status code",
		`t_reply()`:              "missing argument",
		`rms.zz_give("a").x`:     "no .x",
		`call.var[1] = 2`:        "name of a variable",
		`call.header()`:          "missing argument",
	} {
		err := run(t, "pass\n\n"+body, &scripttest.Exec{})
		line := 5 + strings.Count(body, "\n")
		if !hasWhere(err, fmt.Sprintf("t.star:%d:", line)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n  %v, want line %d and %q", body, err, line, want)
		}
	}
}
