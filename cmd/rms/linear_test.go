package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAScriptThatWaitsEndsWithItsCall has a script wait for ever, the way that music on
// hold does, and the caller hang up.
func TestAScriptThatWaitsEndsWithItsCall(t *testing.T) {
	script := filepath.Join(t.TempDir(), "hold.lua")
	text := `event_route["rms:start"] = function(call)
  rms.sleep(0.05)
  for _, tone in ipairs{"tone:440/100ms", "tone:440/100ms", "tone:440/60s"} do
    local ok, r = pcall(rms.play_wait, tone)
    rms.log("heard " .. r.reason)
    local keys = rms.collect_wait{max = 1, first_timeout = 0.05}
    rms.log("keys " .. keys.reason)
  end
end
event_route["rms:end"] = function(call) rms.log("the end") end
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--script", script)
	if code, out, errs := rms(t, "call", "--for", "2s", "sip:x@"+s.addr); code != exitOK {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	s.logs("the end")
	s.signal()
	s.ends(exitOK)
	log := s.log.String()
	if strings.Contains(log, `"level":"error"`) || strings.Contains(log, "script failed") {
		t.Errorf("the script failed: %s", log)
	}
	for _, want := range []string{"heard done", "keys first_timeout"} {
		if strings.Count(log, want) < 2 {
			t.Errorf("%q was not logged twice: %s", want, log)
		}
	}
	if n := strings.Count(log, "heard stopped"); n != 1 {
		t.Errorf("%d waits ended with the call: %s", n, log)
	}
}
