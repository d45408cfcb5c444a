//go:build linux

package interop_test

import (
	"os"
	"path/filepath"
	"strings"
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
