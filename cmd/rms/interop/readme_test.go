//go:build linux

package interop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block returns the first fenced code block of a language in a document.
func block(t *testing.T, document, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+language+"\n")
	code, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("%s has no block of %s", document, language)
	}
	return code
}

// The least that a Kamailio has; %s stands where the README adds its lines.
const leastKamailio = `#!KAMAILIO
listen=udp:127.77.2.1:5060
log_stderror=yes
auto_aliases=no
loadmodule "ctl.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "dispatcher.so"
modparam("ctl", "binrpc", "unix:kamailio_ctl")
%s
request_route {
	if (has_totag()) {
		if (loose_route() || t_check_trans()) t_relay();
		exit;
	}
	if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
	%s
}
`

func TestTheLinesOfTheReadmeAreEnoughForKamailio(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	dir, sounds := t.TempDir(), t.TempDir()
	sound(t, filepath.Join(sounds, "hello.wav"), "1.2", "440", "-r", "8000", "-c", "1")
	sound(t, filepath.Join(sounds, "long.wav"), "7", "440", "-r", "8000", "-c", "1")
	s := startServer(t, firstServer, playUser, sounds)
	params, route, _ := strings.Cut(block(t, "README.md", "kamailio"), "# in request_route")
	_, route, _ = strings.Cut(route, "\n")
	params = strings.ReplaceAll(params, "/etc/kamailio/", "")
	for name, text := range map[string]string{
		"kamailio.cfg":    fmt.Sprintf(leastKamailio, params, route),
		"dispatcher.list": "1 sip:" + firstServer + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := &kamailio{process: start(t, dir, "kamailio", "-DD", "-E", "-f", "kamailio.cfg", "-Y", ".", "-w", "."), dir: dir}
	eventually(t, 30*time.Second, "Kamailio to answer", func() bool { return ping(kamailioAddr) != "" })
	e := listen(t)
	list := caller{scenario: "prompt", user: "hello", ear: e}.call(t)
	wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, promptLength)
	if via := find(t, list, "BYE ").header("Via"); !strings.Contains(via, " 127.77.2.1;") {
		t.Errorf("the BYE came by %q, not through Kamailio", via)
	}
	e = listen(t)
	long := caller{scenario: "prompt", user: "long", ear: e}.place(t)
	eventually(t, 30*time.Second, "the call to play", func() bool { return len(e.packets()) > 10 })
	s.signal(t, syscall.SIGTERM)
	eventually(t, 30*time.Second, "the dispatcher to leave the draining server", func() bool { return strings.HasPrefix(k.flags(firstServer), "I") })
	long.end(t)
}

// The first script of a new user: a key replaces the welcome by the music, whose end,
// not that of the welcome, ends the call.
func TestTheScriptOfTheReadmeDoesWhatItSays(t *testing.T) {
	s := startServer(t, firstServer, block(t, "README.md", "lua"), t.TempDir())
	saved := filepath.Join(t.TempDir(), "heard.wav")
	p := start(t, t.TempDir(), program, "call", "sip:anyone@"+s.addr, "--digits", "1", "--for", "20s", "--save", saved)
	if !p.wait(40*time.Second) || p.err != nil {
		t.Fatalf("rms call: %v\n%s", p.err, p.output())
	}
	if !p.soonSays("ended by the far end") {
		t.Errorf("the script did not hang up:\n%s", p.output())
	}
	for _, line := range []string{`"file":"welcome.wav","reason":"replaced"`, `"file":"music.wav","reason":"done"`} {
		if !s.soonSays(line) {
			t.Errorf("the log lacks %s", line)
		}
	}
}
