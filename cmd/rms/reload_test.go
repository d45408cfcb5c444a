package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// route is a script that says which version it is, holds the caller for a while, and
// says it again.
func route(version string) string {
	return `event_route["rms:start"] = function(call)
  rms.log("began on ` + version + `")
  rms.play_wait("silence:400ms")
  rms.log("ended on ` + version + `")
  rms.hangup()
end
`
}

func TestHangupSignalReloadsTheScriptUnderACall(t *testing.T) {
	script := filepath.Join(t.TempDir(), "ivr.lua")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hangup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	write(route("one"))
	s := serve(t, "--script", script)
	call := func() <-chan string {
		out := make(chan string, 1)
		go func() {
			_, text, errs := rms(t, "call", "sip:x@"+s.addr)
			out <- text + errs
		}()
		return out
	}
	first := call()
	s.logs("began on one")
	write("event_route.x = = 1")
	hangup()
	s.logs("script not reloaded")
	if !strings.Contains(s.log.String(), "ivr.lua:1:") {
		t.Errorf("the log does not say where: %s", s.log.String())
	}
	write(route("two"))
	hangup()
	s.logs("script reloaded")
	s.logs(`"version":2`)
	second := call()
	s.logs("began on two")
	<-first
	<-second
	s.logs("ended on one")
	s.logs("ended on two")
	s.signal()
	s.ends(exitOK)
}

func TestWatchKeyReloadsTheScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "ivr.lua")
	if err := os.WriteFile(script, []byte(route("one")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--script", script, "--script.watch=true")
	if err := os.WriteFile(script, []byte(route("number two")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.logs("script reloaded")
	s.signal()
	s.ends(exitOK)
}
