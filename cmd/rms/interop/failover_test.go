//go:build linux

package interop_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// busy refuses every call.
const busy = `
function route(call)
  if KSR.is_method("INVITE") then rms_reject(503, "Busy") end
end
`

func TestKamailioFailsOverOn503(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "hello.wav"), "1.2", "440", "-r", "8000", "-c", "1")
	startServer(t, firstServer, busy, dir)
	startServer(t, secondServer, playUser, dir)
	k := startKamailio(t, "", firstServer, secondServer)
	for range 2 { // round robin: one of the two meets the busy server first
		e := listen(t)
		list := caller{scenario: "prompt", user: "hello", ear: e}.call(t)
		wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, promptLength)
		if ok := find(t, list, "SIP/2.0 200"); !strings.Contains(ok.header("Contact"), secondServer) {
			t.Errorf("answered by %q, want %s", ok.header("Contact"), secondServer)
		}
	}
	if !k.soonSays("failed (503), next") {
		t.Error("no call met the busy server")
	}
	if f := k.flags(firstServer); f != "AP" {
		t.Errorf("a server that refuses calls but answers OPTIONS has the flags %q, want AP", f)
	}
}

func TestDrainingServerLeavesTheRotationAndEndsItsCalls(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "hello.wav"), "7", "440", "-r", "8000", "-c", "1")
	sound(t, filepath.Join(dir, "short.wav"), "1.2", "440", "-r", "8000", "-c", "1")
	first := startServer(t, firstServer, playUser, dir)
	startServer(t, secondServer, playUser, dir)
	k := startKamailio(t, "", firstServer, secondServer)

	e := listen(t)
	long := caller{scenario: "prompt", user: "hello", via: firstServer, ear: e}.place(t)
	eventually(t, 30*time.Second, "the call to play", func() bool { return len(e.packets()) > 10 })
	first.signal(t, syscall.SIGTERM)
	eventually(t, 30*time.Second, "503 to OPTIONS", func() bool { return strings.Contains(ping(firstServer), " 503 ") })
	eventually(t, 30*time.Second, "the dispatcher to leave the draining server", func() bool { return k.flags(firstServer) == "IP" })
	for range 2 {
		list := caller{scenario: "prompt", user: "short"}.call(t)
		if ok := find(t, list, "SIP/2.0 200"); !strings.Contains(ok.header("Contact"), secondServer) {
			t.Errorf("answered by %q, want %s", ok.header("Contact"), secondServer)
		}
	}
	long.end(t)
	wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, 7*time.Second)
	if !first.wait(30 * time.Second) {
		t.Error("the drained server still runs 30 s after its last call")
	} else if first.err != nil {
		t.Errorf("the drained server ended with %v", first.err)
	}
}

func TestADeadServerCostsItsOwnCallsOnly(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "hello.wav"), "7", "440", "-r", "8000", "-c", "1")
	sound(t, filepath.Join(dir, "short.wav"), "1.2", "440", "-r", "8000", "-c", "1")
	first := startServer(t, firstServer, playUser, dir)
	startServer(t, secondServer, playUser, dir)
	k := startKamailio(t, "", firstServer, secondServer)

	calls := map[string]*placed{} // by the server that took it: round robin
	for range 2 {
		e := listen(t)
		call := caller{scenario: "prompt", user: "hello", ear: e}.place(t)
		eventually(t, 30*time.Second, "the call to play", func() bool { return len(e.packets()) > 10 })
		calls[serverOf(e)] = call
	}
	if len(calls) != 2 {
		t.Fatalf("both calls went to one server: %v", calls)
	}
	first.signal(t, syscall.SIGKILL)
	list := caller{scenario: "prompt", user: "short"}.call(t)
	list = append(list, caller{scenario: "prompt", user: "short"}.call(t)...)
	for _, m := range list {
		if m.received && strings.HasPrefix(m.text, "SIP/2.0 200") && !strings.Contains(m.header("Contact"), secondServer) {
			t.Errorf("answered by %q, want %s", m.header("Contact"), secondServer)
		}
	}
	calls[secondServer].end(t)
	wantTone(t, decode(t, "mulaw", "8000", calls[secondServer].ear.stream(t, 0)), 8000, 440, 7*time.Second)
	calls[firstServer].stop(t, 30*time.Second) // nobody will ever hang up
	eventually(t, 30*time.Second, "the dispatcher to leave the dead server", func() bool { return k.flags(firstServer) == "IP" })
	startServer(t, firstServer, playUser, dir)
	eventually(t, 30*time.Second, "the dispatcher to come back", func() bool { return k.flags(firstServer) == "AP" })
}

// serverOf tells by the source of the audio which server plays; see startServer.
func serverOf(e *ear) string {
	if e.packets()[0].from.Port < 22000 {
		return firstServer
	}
	return secondServer
}
