//go:build linux

package interop_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is an rms process.
type server struct {
	*process
	addr string
}

// playUser plays the file that the user of the request-URI names, then hangs up.
const playUser = `
event_route["rms:start"] = function(call)
  rms_play(KSR.pv.get("$rU") .. ".wav", "rms:after_play")
end

event_route["rms:after_play"] = function(call)
  rms_hangup()
end
`

// startServer runs rms on one of the dispatcher's addresses with a script and the
// files of a directory, and more flags.
func startServer(t *testing.T, addr, script, roots string, more ...string) *server {
	t.Helper()
	return startScript(t, addr, "route.lua", script, roots, more...)
}

// startScript is startServer for a script of any language, as the end of its name says.
func startScript(t *testing.T, addr, name, script, roots string, more ...string) *server {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ports := map[string]string{firstServer: "21000-21999", secondServer: "22000-22999", sixServer: "23000-23999"}[addr]
	args := []string{
		"serve", "--listen", "udp://" + addr, "--listen", "tcp://" + addr, "--rtp-ports", ports, "--script", file,
		"--media-root", roots, "--log-level", "debug", "--script.budget", "2s", "--http.socket", "",
	}
	args = append(args, more...)
	s := &server{process: start(t, dir, program, args...), addr: addr}
	t.Cleanup(func() { // a call that a failed scenario left behind is not waited for
		s.signal(t, syscall.SIGTERM)
		if !s.wait(500 * time.Millisecond) {
			s.signal(t, syscall.SIGTERM)
		}
	})
	// The doors for HTTP and others open behind the one for SIP.
	eventually(t, 30*time.Second, "rms to answer OPTIONS, and to say that it started", func() bool {
		select {
		case <-s.done:
			t.Fatalf("rms ended: %v", s.err)
		default:
		}
		return s.says("server started") && strings.Contains(ping(addr), " 200 ")
	})
	return s
}
