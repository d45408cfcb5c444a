package starlark_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/scripttest"
)

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
			{Name: "digit", Value: "5"},
			{Name: "duration_ms", Value: int64(80)},
			{Name: "source", Value: "rtp"},
			{Name: "map", Value: map[string]any{"k": []any{"v"}}},
		}},
	}
	err := run(t, `
check(call.id == "c-1" and call.sip_call_id == "abc@host")
check(getattr(call, "from") == "sip:bob@a" and call.from_uri == "sip:bob@a" and call.to == call.to_uri and call.ruri == "sip:42@b")
check(call.from_user == "bob" and call.to_user == "ivr" and call.user == "42")
check(call.transport == "udp" and call.method == "INVITE")
check(call.event == "rms:dtmf" and call.digit == "5" and call.duration_ms == 80)
check(call.source == "rtp", "a field of the event wins")
check(call.map["k"][0] == "v")
check(call.reason == None and not hasattr(call, "nothing"))
check(call.header("X-A") == "one" and call.header("X-B") == None)
check(len(call.headers("X-A")) == 2 and call.headers("X-A")[1] == "two" and call.headers("X-B") == [])
check(call.var.n == None and call.var["n"] == None and "n" not in call.var)
call.var.n = 3
call.var["list"] = [1, {"a": "b"}]
check(call.var.n == 3 and call.var["n"] == 3 and "n" in call.var and call.var.list[1]["a"] == "b")
call.var.n += 1
call.vars["m"] = call.var.n`, x)
	if err != nil {
		t.Fatal(err)
	}
	if x.Vars["n"] != int64(4) || x.Vars["m"] != int64(4) {
		t.Errorf("vars = %v", x.Vars)
	}
}

func TestWhatAVariableHoldsCannotBeChangedInPlace(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{Vars: map[string]any{"l": []any{"a"}}}
	if err := run(t, `call.var.l.append("b")`, x); err == nil || !hasWhere(err, "t.star:3") {
		t.Errorf("a change that would be lost: %v", err)
	}
	if err := run(t, `call.var.l += ["b"]`, x); err == nil {
		t.Error("changed in place")
	}
	if err := run(t, `call.var.l = call.var.l + ["b"]`, x); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]any{"a", "b"}, x.Vars["l"]); diff != "" {
		t.Error(diff)
	}
}

func TestRequestFunctions(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{SIPMethod: "INVITE", ToTag: true}
	err := run(t, `
check(is_method("INVITE") and is_method("BYE | INVITE") and not is_method("OPTIONS|BYE"))
check(has_totag() == True)
check(t_precheck_trans() == False and t_check_trans() == True)
check(sl_send_reply(486, "Busy Here"))
check(t_reply(480, reason = "Gone"))
check(t_reply("503", "server error"))`, x)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"486 Busy Here", "480 Gone", "503 server error"}, x.Replies); diff != "" {
		t.Error(diff)
	}
}

func TestExitEndsTheRunWithoutError(t *testing.T) {
	t.Parallel()
	for _, exit := range []string{
		"exit()", "sorted([3, 2, 1], key = lambda x: exit())", "[exit() for x in [1, 2]]",
		"f = exit\nf()", "(lambda *a: exit())(1)",
	} {
		s := load(t, route(exit+"\nrms_zz_give(2)")+"def next(call): rms_zz_give(3)\nevent_route['next'] = next", quiet)
		x := &scripttest.Exec{}
		if err := s.Run(x, "route"); err != nil || len(x.Done) != 0 || !s.Fit() {
			t.Errorf("%s: %v %v", exit, err, x.Done)
		}
		if err := s.Run(x, "next"); err != nil || len(x.Done) != 1 {
			t.Errorf("%s: then %v %v", exit, err, x.Done)
		}
	}
}
