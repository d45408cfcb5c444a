//go:build linux

package interop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// eslAddr is where the server of these tests takes clients of the Event Socket.
const (
	eslAddr     = "127.77.2.11:8021"
	eslPassword = "of the interop tests"
)

// needESL skips a test when the clients are not there.
func needESL(t *testing.T) {
	t.Helper()
	needPeers(t)
	for _, name := range []string{"modesl", "esl"} {
		if _, err := os.Stat("npm/node_modules/" + name); err == nil {
			continue
		}
		text := "the npm package " + name + " is not installed: run npm ci --ignore-scripts in cmd/rms/interop/npm"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
}

// said waits for a reply of one kind that a peer reports.
func (p *peer) said(kind, want string) {
	p.t.Helper()
	got := p.see(1, "reply", func(s sighting) bool { return s.Kind == kind }).Text
	if got != want {
		p.t.Errorf("%s: %q, want %q", kind, got, want)
	}
}

// shortPrompt makes a folder with a prompt of half a second.
func shortPrompt(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "prompt.wav"), "0.5", "440", "-r", "16000", "-c", "1", "-b", "16")
	return dir
}

func TestClientsOfTheEventSocketDriveACall(t *testing.T) {
	needESL(t)
	for _, kind := range []string{"modesl", "esl"} {
		t.Run(kind, func(t *testing.T) {
			ws := startPeer(t, "ws-server.js")
			s := startServer(t, firstServer, streamRoutes, shortPrompt(t), "--esl", eslAddr, "--esl.password", eslPassword, "--stream.allow", "127.0.0.1:"+ws.port)
			p := startPeer(t, "esl-client.js", "--kind", kind, "--host", "127.77.2.11", "--port", "8021", "--password", eslPassword,
				"--prompt", "prompt.wav", "--ws", ws.url("/"+kind))
			c := ring(t, s, "-1s")
			if status := p.see(1, "reply", func(s sighting) bool { return s.Kind == "status" }).Text; !strings.HasPrefix(status, "UP 0 years") {
				t.Errorf("status: %q", status)
			}
			p.said("exists", "true")
			p.said("calls", "1")
			p.said("set", "_none_")
			p.said("getvar", "yes, it works")
			p.said("broadcast", "+OK Message sent\n")
			p.said("playback", "FILE PLAYED")
			p.said("stream", "+OK Success\n")
			p.said("connect", `{"status":"connected"}`)
			p.said("kill", "+OK\n")
			p.said("cause", "NORMAL_CLEARING")
			p.see(1, "finished", nil)
			if first := ws.see(1, "text", nil); first.Text != fmt.Sprintf(`{"of":"%s"}`, kind) {
				t.Errorf("the websocket server got %+v", first)
			}
			o := c.over(t)
			if !o.Answered || o.Hz < 430 || o.Hz > 450 || o.HeardS < 0.9 {
				t.Errorf("the caller heard %+v", o)
			}
		})
	}
}

func TestApplicationsOfTheEventSocketTakeACall(t *testing.T) {
	needESL(t)
	for _, kind := range []string{"modesl", "esl"} {
		t.Run(kind, func(t *testing.T) {
			p := startPeer(t, "esl-server.js", "--kind", kind, "--prompt", "prompt.wav")
			script := fmt.Sprintf(`
event_route["rms:invite"] = function(call) rms_socket("127.0.0.1:%s", "async full") end
event_route["rms:socket"] = function(call) xinfo("SOCKET " .. call.reason) end
`, p.port)
			s := startServer(t, firstServer, script, shortPrompt(t))
			c := ring(t, s, "-1s")
			if open := p.see(1, "open", nil); open.UUID == "" || open.Kind != "async" || open.Text != "bot" {
				t.Errorf("%+v", open)
			}
			p.said("answer", "_none_")
			p.said("set", "_none_")
			p.said("playback", "FILE PLAYED")
			p.said("getvar", "blue")
			if e := p.see(1, "event", func(s sighting) bool { return s.Kind == "CHANNEL_HANGUP" }); e.Text != "NORMAL_CLEARING" {
				t.Errorf("%+v", e)
			}
			disposition := map[string]string{"modesl": "disconnect", "esl": "linger"}[kind]
			if e := p.see(1, "event", func(s sighting) bool { return s.Kind == "disconnect" }); e.Text != disposition {
				t.Errorf("%+v", e)
			}
			p.see(1, "close", nil)
			if failed := p.sightings("failed", nil); len(failed) > 0 {
				t.Errorf("%+v", failed)
			}
			if o := c.over(t); !o.Answered || o.Hz < 430 || o.Hz > 450 {
				t.Errorf("the caller heard %+v", o)
			}
			if !s.soonSays("SOCKET ended") {
				t.Error("the script was not told the end of its socket")
			}
		})
	}
}

func TestAClientOfTheEventSocketWithAWrongPasswordIsRefused(t *testing.T) {
	needESL(t)
	startServer(t, firstServer, streamRoutes, shortPrompt(t), "--esl", eslAddr, "--esl.password", eslPassword)
	var in *peer
	for _, kind := range []string{"modesl", "esl"} {
		in = &peer{t: t}
		in.process = startFed(t, t.TempDir(), &in.in, "node", npmScript(t, "esl-client.js"), "--kind", kind, "--host", "127.77.2.11", "--port", "8021", "--password", "ClueCon")
		in.see(1, "failed", nil)
		if !in.wait(30 * time.Second) {
			t.Errorf("%s goes on", kind)
		}
	}
}

func npmScript(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("npm", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
