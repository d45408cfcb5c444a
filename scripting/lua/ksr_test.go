package lua_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/scripting/scripttest"
)

func TestKSRReadsAndSetsVariables(t *testing.T) {
	t.Parallel()
	x := &scripttest.Exec{
		Name: "a", SIPMethod: "INVITE", PVs: map[string]string{"$rU": "42"},
		Headers: map[string][]string{"X-A": {"one", "two"}},
	}
	err := run(t, `
		assert(KSR.pv.get("$rU") == "42" and KSR.pv.gete("$rU") == "42" and KSR.pv.get("$fn") == nil)
		assert(KSR.pv.gete("$fn") == "" and KSR.pv.getw("$fn") == "<null>" and KSR.pv.getvs("$fn", "x") == "x")
		assert(KSR.pv.is_null("$fn") and not KSR.pv.is_null("$rU"))
		KSR.pv.seti("$var(n)", 5) KSR.pv.sets("$var(s)", "five")
		assert(KSR.pv.get("$var(n)") == 5 and KSR.pv.getvn("$var(none)", 7) == 7 and call.var.s == "five")
		KSR.pv.unset("$var(s)")
		assert(KSR.pv.is_null("$var(s)") and KSR.pv.gete("$var(s)") == "" and call.var.s == nil)
		assert(KSR.hdr.get("X-A") == "one" and KSR.hdr.get("X-B") == nil and KSR.hdr.gete("X-B") == "" and KSR.hdr.gete("X-A") == "one")
		assert(KSR.hdr.getw("X-B") == "<null>" and KSR.hdr.get_idx("X-A", 1) == "two" and KSR.hdr.get_idx("X-A", -1) == "two")
		assert(KSR.hdr.get_idx("X-A", 2) == nil and KSR.hdr.is_present("X-A") == 1 and KSR.hdr.is_present("X-B") == -1)
		assert(KSR.is_INVITE() and not KSR.is_BYE() and KSR.is_method("ACK|INVITE"))
		rms_zz_give("through")
		KSR.x.exit()
		rms_zz_give("not reached")`, x)
	if diff := cmp.Diff([]string{"zz_give(value=through)"}, x.Done); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for body, want := range map[string]string{
		`KSR.pv.seti("$var(n)", 1.5)`:  "whole number",
		`KSR.pv.seti("$var(n)", "x")`:  "number expected",
		`KSR.pv.sets("$var(n)", {})`:   "string expected",
		`KSR.pv.sets("$avp(n)", "x")`:  "$avp(n) cannot be set",
		`KSR.pv.unset("$ru")`:          "$ru cannot be set",
		`KSR.hdr.append("X-A: b\r\n")`: "KSR.hdr.append is not available",
		`KSR.x.drop()`:                 "KSR.x.drop is not available",
	} {
		if err := run(t, body, &scripttest.Exec{}); !hasWhere(err, "t.lua:2") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
