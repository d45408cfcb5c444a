package rms_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// The verb of CONTRIBUTING.md is one file that rms does not have. With it, and without
// another edit, a program is built here, and looked for in every place where a verb is.

// ageScripts use the verb in both languages.
var ageScripts = map[string]string{
	"age.lua": `event_route["rms:start"] = function(call)
  rms_log("lua: " .. type(rms_age()) .. ", " .. type(rms.age{answered = true}) .. ", " .. KSR.rtp_media_server.rms_age())
  rms.play{file = "tone:440", loop = true}
end
`,
	"age.star": `def start(call):
    rms_log("star: %s, %s" % (type(rms_age()), type(rms.age(answered = True))))
    rms.play(file = "tone:440", loop = True)

event_route["rms:start"] = start
`,
}

// output collects what a program writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// waits returns what an expression matches in the output.
func (o *output) waits(t *testing.T, expression string) string {
	t.Helper()
	re := regexp.MustCompile(expression)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
	}
	t.Fatalf("never: %s in\n%s", expression, o.String())
	return ""
}

// background runs a program until the test ends.
func background(t *testing.T, dir, program string, args ...string) *output {
	t.Helper()
	out := &output{}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "HOME="+dir, "RMS_CONFIG=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return out
}

// says runs a program to its end.
func says(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestAVerbInOneFileIsEverywhere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	overlay, dir := examples(t), t.TempDir()
	program := filepath.Join(dir, "rms")
	says(t, "go", "build", "-overlay="+overlay, "-o", program, "./cmd/rms")
	for name, text := range ageScripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := filepath.Join(dir, name)
			write(t, script, text)
			says(t, program, "check", script)
			server := background(t, dir, program, "serve", "--listen", "udp://127.0.0.1:0", "--script", script, "--http", "127.0.0.1:0", "--http.socket", "",
				"--esl", "127.0.0.1:0", "--esl.password", "of this test", "--media-root", "", "--log.format", "json")
			sip, api, socket := server.waits(t, `udp://(\S+)`), server.waits(t, `(http://\S+)`), server.waits(t, `esl://(\S+)`)
			background(t, dir, program, "call", "sip:x@"+sip, "--for", "60s")
			server.waits(t, map[string]string{"age.lua": "lua: number, number, 1", "age.star": "star: float, float"}[name])
			id := callOf(t, api)
			ageOverHTTP(t, api, id)
			ageOverESL(t, socket, id)
			ageInConsole(t, program, api, id)
		})
	}
	t.Run("documents", func(t *testing.T) {
		t.Parallel()
		says(t, "go", "run", "-overlay="+overlay, "./call/gen", dir)
		doc, err := os.ReadFile(filepath.Join(dir, "verbs.md"))
		if err != nil || !strings.Contains(string(doc), "\n## rms_age(answered)\n\nTells how long the call has lasted.\n") {
			t.Errorf("docs/verbs.md lacks the verb (%v)", err)
		}
	})
}

// get reads JSON.
func get(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
}

// callOf returns the id of the one call of a server.
func callOf(t *testing.T, api string) string {
	t.Helper()
	var list struct{ Calls []struct{ ID string } }
	if get(t, api+"/v1/calls", &list); len(list.Calls) != 1 {
		t.Fatalf("%d calls", len(list.Calls))
	}
	return list.Calls[0].ID
}

func ageOverHTTP(t *testing.T, api, id string) {
	t.Helper()
	resp, err := http.Post(api+"/v1/calls/"+id+"/age", "application/json", strings.NewReader(`{"answered": true}`)) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Result float64 }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK || answer.Result <= 0 {
		t.Errorf("%d, %+v, %v", resp.StatusCode, answer, err)
	}
	var table struct {
		Verbs []struct{ Name, Result string }
	}
	get(t, api+"/v1/verbs", &table)
	known := false
	for _, v := range table.Verbs {
		known = known || v.Name == "age" && v.Result == "seconds since the INVITE, or since the answer"
	}
	if !known {
		t.Error("GET /v1/verbs lacks the verb")
	}
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		}
	}
	get(t, api+"/v1/openapi.json", &doc)
	post, args := doc.Paths["/v1/calls/{id}/age"]["post"], doc.Components.Schemas["Arguments_age"]
	if !bytes.Contains(post, []byte("Tells how long the call has lasted.")) || !bytes.Contains(args, []byte("count from the answer")) {
		t.Errorf("the OpenAPI document says %s, %s of the verb", post, args)
	}
}

// ageOverESL asks as a client of FreeSWITCH does.
func ageOverESL(t *testing.T, address, id string) {
	t.Helper()
	conn, err := net.Dial("tcp", address) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "auth of this test\n\napi rms_age %s answered=true\n\napi rms_age %s answered=maybe\n\nexit\n\n", id, id)
	text, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil || !regexp.MustCompile(`\+OK \d+(\.\d+)?(e-\d+)?\n`).Match(text) || !bytes.Contains(text, []byte(`-ERR rms_age: parameter "answered": wants true or false, got the string "maybe"`)) {
		t.Errorf("%v: %s", err, text)
	}
}

func ageInConsole(t *testing.T, program, api, id string) {
	t.Helper()
	if help := says(t, program, "ctl", "--url", api, "age", "--help"); !strings.Contains(help, "rms_age: Tells how long the call has lasted.") || !strings.Contains(help, "count from the answer") {
		t.Errorf("the help of the verb is %s", help)
	}
	if list := says(t, program, "ctl", "--url", api); !strings.Contains(list, "\n  age  ") {
		t.Errorf("rms ctl lists %s", list)
	}
	if age := strings.TrimSpace(says(t, program, "ctl", "--url", api, "age", id[:8], "answered=true")); !regexp.MustCompile(`^\d`).MatchString(age) {
		t.Errorf("rms ctl age says %q", age)
	}
	for _, shell := range []string{"bash", "zsh"} {
		if script := says(t, program, "completion", shell); !regexp.MustCompile(`\bage\b`).MatchString(script) || !strings.Contains(script, "answered=") {
			t.Errorf("completion for %s lacks the verb", shell)
		}
	}
}
