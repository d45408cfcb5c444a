package httpapi_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rms/scripting/httpapi"
)

// example is a block of commands of docs/http.md, and what it says they print.
var example = regexp.MustCompile("(?s)```sh\n(.*?)```\n(?:\n```json\n(.*?)```\n)?")

// The examples of the document run as they stand, one after the other in one shell;
// only where curl connects to is another place.
func TestTheExamplesOfTheDocumentWork(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed")
		}
		t.Skip("curl is not installed")
	}
	page, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h, d := archive(t, func(o *httpapi.Options) { o.Socket = filepath.Join(dir, "rms.sock") })
	d.Put("9f3a77c0", "day/a.wav", 8000)
	_, c := h.dial()
	script := fmt.Sprintf("set -eu\ncurl() { command curl --connect-to 127.0.0.1:8080:%s \"$@\"; }\n", h.server.Addr())
	blocks := example.FindAllStringSubmatch(string(page), -1)
	for i, b := range blocks {
		script += b[1] + fmt.Sprintf("echo; echo '=== %d'\n", i)
	}
	if len(blocks) < 12 {
		t.Fatalf("%d examples", len(blocks))
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rest := string(out)
	for i, b := range blocks {
		printed, after, ok := strings.Cut(rest, fmt.Sprintf("\n=== %d\n", i))
		if !ok {
			t.Fatalf("example %d did not run: %s", i, out)
		}
		if rest = after; !looksLike(printed, b[2]) {
			t.Errorf("%sprints\n%s\nand not\n%s", b[1], printed, b[2])
		}
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
}

// looksLike compares with a text in which "..." stands for anything.
func looksLike(text, want string) bool {
	var pattern strings.Builder
	for i, part := range strings.Split(strings.TrimSpace(want), "...") {
		if i > 0 {
			pattern.WriteString("(?s:.*)")
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	return want == "" || regexp.MustCompile("^"+pattern.String()+"$").MatchString(strings.TrimSpace(text))
}
