//go:build linux

package interop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script reads one of testdata/scripts.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata/scripts", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheModulesOwnExampleRunsBehindKamailio(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	dir := t.TempDir()
	file := filepath.Join(dir, "reference_8000.wav")
	sound(t, file, "1.2", "440", "-r", "8000", "-c", "1")
	text := strings.ReplaceAll(script(t, "seed.lua"), "/tmp/reference_8000.wav", file)
	s := startServer(t, firstServer, text, dir)
	k := startKamailio(t, "", firstServer)

	e := listen(t)
	caller{scenario: "prompt", user: "ivr", ear: e}.call(t)
	wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, promptLength)
	for _, line := range []string{"[rms:start] play ...", "[rms:after_play] play done..."} {
		if !s.soonSays(line) {
			t.Errorf("the log lacks %q", line)
		}
	}

	caller{scenario: "hangup", user: "ivr", listen: 300 * time.Millisecond}.call(t)
	if !s.soonSays("BYE RECEIVED [1-") {
		t.Error("the log lacks the BYE with its Call-ID")
	}

	caller{scenario: "unknown", user: "ivr", via: firstServer}.call(t)
	caller{scenario: "unavailable", user: "ivr", formats: "18"}.call(t)
	if !k.soonSays("reply 503 server error") {
		t.Error("an rms_answer that fails did not lead to the script's 503")
	}
}

func TestKEMIScriptReadsTheHeadersOfKamailio(t *testing.T) {
	need(t, "kamailio", "sipp", "ffmpeg")
	s := startServer(t, firstServer, script(t, "kemi.lua"), t.TempDir())
	startKamailio(t, "", firstServer)
	e := listen(t)
	caller{scenario: "prompt", user: "support", ear: e}.call(t)
	if heard := loud(decode(t, "mulaw", "8000", e.stream(t, 0)), 8000); len(heard) < 8000 {
		t.Errorf("heard %d samples of the built-in prompt", len(heard))
	}
	if !s.soonSays("to support, route ivr") {
		t.Error("the script did not read $rU and $hdr(X-RMS-Route)")
	}
}

func TestAPromptThatIsNotThereEndsTheCall(t *testing.T) {
	need(t, "sipp", "ffmpeg")
	s := startServer(t, firstServer, playUser, t.TempDir())
	caller{scenario: "prompt", user: "missing", via: firstServer, limit: 30 * time.Second}.call(t)
	if !s.soonSays("missing.wav") {
		t.Error("the log does not name the file")
	}
}
