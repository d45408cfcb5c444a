package lua_test

import (
	"strings"
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
