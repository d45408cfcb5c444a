//go:build linux

package interop_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// httpAddr is where the server of these tests serves HTTP.
const httpAddr = "127.77.2.11:8080"

// holdCall says nothing and lets others drive the call.
const holdCall = `event_route["rms:start"] = function(call) end`

// needGenerator skips a test when openapi-typescript or the compiler is not there.
func needGenerator(t *testing.T) {
	t.Helper()
	need(t, "node")
	for _, name := range []string{"openapi-typescript", "typescript"} {
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

// node runs a script of a package to its end.
func node(t *testing.T, dir, script string, args ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("npm", "node_modules", script))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{path}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestATypedClientDrivesACall makes types of the OpenAPI document that the server
// serves, compiles a client against them, and has it drive a call.
func TestATypedClientDrivesACall(t *testing.T) {
	needGenerator(t)
	s := startServer(t, firstServer, holdCall, t.TempDir(), "--http", httpAddr)
	dir := t.TempDir()
	if out := node(t, dir, "openapi-typescript/bin/cli.js", "http://"+httpAddr+"/v1/openapi.json", "--output", "api.d.ts", "--default-non-nullable", "false"); strings.Contains(strings.ToLower(out), "warn") {
		t.Errorf("openapi-typescript warns: %s", out)
	}
	client, err := os.ReadFile("npm/http-client.ts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "client.ts"), client, 0o600); err != nil {
		t.Fatal(err)
	}
	node(t, dir, "typescript/bin/tsc", "--strict", "--target", "es2022", "--module", "commonjs", "--lib", "es2022,dom", "--noEmitOnError", "client.ts")
	c := start(t, dir, "node", "client.js", "http://"+httpAddr)
	if !c.soonSays(`"subscribed"`) {
		t.Fatalf("the client does not subscribe: %s", c.tail(2000))
	}
	start(t, dir, program, "call", "sip:anyone@"+s.addr, "--for", "30s")
	if !c.wait(30*time.Second) || c.err != nil {
		t.Fatalf("the client failed: %v\n%s", c.err, c.tail(3000))
	}
	want := []string{
		`refused type 400 file rms_play: parameter "file": wants a string, got the number 7`,
		`refused parameter 400 loud rms_play: unknown parameter "loud" (has: file, route, mode, loop)`,
		`refused missing 400 file rms_play: missing argument "file" (string): what to play`,
		`refused verb 400 <nil> rms_nonsense: unknown verb`,
		`end that was all us [rms:start rms:end]`,
		`refused ended 404 <nil> there is no such call`,
	}
	var got []string
	seen := map[string]map[string]any{}
	for line := range strings.Lines(c.output()) {
		var e map[string]any
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		switch e["event"] {
		case "refused":
			detail, _, _ := strings.Cut(fmt.Sprint(e["detail"]), " (known:")
			got = append(got, fmt.Sprintf("refused %v %v %v %s", e["what"], e["status"], e["parameter"], detail))
		case "end":
			got = append(got, fmt.Sprintf("end %v %v %v", e["cause"], e["by"], e["names"]))
		default:
			seen[fmt.Sprint(e["event"])] = e
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the client saw (-want +got)\n%s", diff)
	}
	if v := fmt.Sprint(seen["variable"]["value"]); v != "map[deep:[red 7 true]]" {
		t.Errorf("the variable came back as %s", v)
	}
	if p := seen["played"]; p["reason"] != "done" || p["played_ms"] != 500.0 {
		t.Errorf("the tone ended with %v", p)
	}
	if c := seen["call"]; c["codec"] == "" || c["state"] != "answered" {
		t.Errorf("the call is %v", c)
	}
}

func TestCurlUsesVerbs(t *testing.T) {
	need(t, "curl")
	s := startServer(t, firstServer, holdCall, t.TempDir(), "--http", httpAddr, "--http.tokens", "of-the-interop-tests,read:only-for-reading")
	start(t, t.TempDir(), program, "call", "sip:anyone@"+s.addr, "--for", "30s")
	curl := func(args ...string) string {
		out, err := exec.Command("curl", append([]string{"-sS", "-w", " %{http_code}"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("curl %v: %v %s", args, err, out)
		}
		return string(out)
	}
	const all, read = "Authorization: Bearer of-the-interop-tests", "Authorization: Bearer only-for-reading"
	var list struct {
		Calls []struct{ ID, State string }
	}
	eventually(t, 30*time.Second, "the call", func() bool {
		text, _, _ := strings.Cut(curl("-H", read, "http://"+httpAddr+"/v1/calls"), "\n ")
		return json.Unmarshal([]byte(text), &list) == nil && len(list.Calls) == 1 && list.Calls[0].State == "answered"
	})
	verb := "http://" + httpAddr + "/v1/calls/" + list.Calls[0].ID + "/hangup"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-d", "{}", "-H", "Content-Type: application/json", verb}, " 401"},
		{[]string{"-d", "{}", "-H", "Content-Type: application/json", "-H", read, verb}, " 403"},
		{[]string{"-d", "{}", "-H", all, verb}, " 415"}, // curl says that it is a form
		{[]string{"-d", `{"reason": "by curl"}`, "-H", "Content-Type: application/json", "-H", all, verb}, "{\"result\":true}\n 200"},
	} {
		if got := curl(c.args...); !strings.HasSuffix(got, c.want) {
			t.Errorf("curl %v: %s, want %s", c.args, got, c.want)
		}
	}
}
