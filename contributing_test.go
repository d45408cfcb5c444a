package rms_test

import (
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exampleFile is a whole file of CONTRIBUTING.md: its path, then its text.
var exampleFile = regexp.MustCompile("(?s)`([a-z0-9_/]+\\.go)`:\n\n```go\n(.*?)```")

// What nobody reads in CONTRIBUTING.md but its test: a target at work, a script with the verb.
const (
	targetTest = `package target_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"testing"

	"rms/media"
	"rms/media/target"
)

func TestPCMArrivesAsItIs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			heard <- nil
			return
		}
		raw, _ := io.ReadAll(conn)
		heard <- raw
	}()
	u, _ := url.Parse("pcm://" + l.Addr().String())
	scheme, ok := target.Lookup("pcm")
	if !ok {
		t.Fatal("the scheme is not registered")
	}
	o := &target.Options{URL: u, Format: media.Format{Rate: 8000, Channels: 1}}
	if err := scheme.Check(o); err != nil {
		t.Fatal(err)
	}
	conn, err := scheme.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Write(&media.Frame{PCM: []int16{1, -2}, Format: o.Format}); err != nil {
		t.Fatal(err)
	}
	if e := conn.Finish(context.Background(), ""); e.By != target.ByLocal {
		t.Errorf("ended by %s", e.By)
	}
	if raw := <-heard; string(raw) != "\x01\x00\xfe\xff" {
		t.Errorf("heard % x", raw)
	}
}
`
	verbScript = `
event_route["rms:start"] = function(call)
  rms_log("age " .. rms_age() .. ", " .. tostring(rms.age{answered = true}))
end
`
)

// examples takes the files out of CONTRIBUTING.md and returns an overlay for the go
// command with them in their places.
func examples(t *testing.T) (overlay string) {
	t.Helper()
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, files := t.TempDir(), map[string]string{"media/target/pcm_test.go": targetTest}
	for _, match := range exampleFile.FindAllSubmatch(page, -1) {
		path, text := string(match[1]), string(match[2])
		if tidy, err := format.Source(match[2]); err != nil || string(tidy) != text {
			t.Errorf("%s in CONTRIBUTING.md is not as gofmt wants it: %v", path, err)
		}
		files[path] = text
	}
	if len(files) != 6 {
		t.Fatalf("CONTRIBUTING.md has %d example files, want 5: %v", len(files)-1, files)
	}
	replace := map[string]string{}
	for path, text := range files {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there already: the example needs another name", path)
		}
		place, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		replace[place] = filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		write(t, replace[place], text)
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	write(t, overlay, string(data))
	return overlay
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExamplesOfContributingWork(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles five packages")
	}
	overlay, dir := examples(t), t.TempDir()
	script := filepath.Join(dir, "age.lua")
	write(t, script, verbScript)
	// The go command cannot go into a folder that is not there: the target's test is built
	// first and then run.
	program := filepath.Join(dir, "target.test")
	for _, line := range []string{
		"go vet -overlay=" + overlay + " ./media/codec ./media/filter ./call",
		"go test -overlay=" + overlay + " -run=TestEveryCodec|TestCodecs|TestLimiter ./media/codec ./media/filter",
		"go test -vet=off -overlay=" + overlay + " -c -o " + program + " ./media/target",
		program + " -test.run=TestPCM",
		"go run -overlay=" + overlay + " ./call/gen " + dir,
		"go run -overlay=" + overlay + " ./cmd/rms check " + script,
	} {
		words := strings.Fields(line)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	verbs, err := os.ReadFile(filepath.Join(dir, "verbs.md"))
	if err != nil || !strings.Contains(string(verbs), "since the INVITE") {
		t.Errorf("docs/verbs.md would lack the verb of the example: %v", err)
	}
}
