package scripting_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting"
	"rms/scripting/scripttest"
)

var fenced = regexp.MustCompile("(?s)```(lua|python)\n(.*?)```")

// TestScriptsInTheDocumentDoTheSameInBothLanguages takes the scripts of docs/scripting.md
// in pairs, checks them and runs them.
func TestScriptsInTheDocumentDoTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/scripting.md")
	if err != nil {
		t.Fatal(err)
	}
	found := fenced.FindAllStringSubmatch(string(text), -1)
	if len(found) < 4 || len(found)%2 != 0 {
		t.Fatalf("%d scripts", len(found))
	}
	for i := 0; i < len(found); i += 2 {
		if found[i][1] != "lua" || found[i+1][1] != "python" {
			t.Fatalf("script %d is %s, then %s", i, found[i][1], found[i+1][1])
		}
		inLua, inStarlark := played(t, "t.lua", found[i][2]), played(t, "t.star", found[i+1][2])
		if diff := cmp.Diff(inLua, inStarlark); diff != "" || len(inLua) < 2 {
			t.Errorf("script %d: %v\n%s", i, inLua, diff)
		}
	}
}

// played runs every route of a script in turn and returns the verbs.
func played(t *testing.T, name, script string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, script)
	for _, err := range scripting.Check(path) {
		t.Error(err)
	}
	e, err := scripting.Load(scripting.Options{File: path, Budget: time.Minute, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	x := &scripttest.Exec{Name: "a", About: call.Info{FromUser: "bob"}}
	for _, route := range e.Routes() {
		x.Started = event(route, "played_ms", int64(100), "digit", "1")
		do(t, e, x, route)
		for len(x.Waits) > 0 {
			do(t, e, x, x.Wake("reason", "max", "digits", "4711"))
		}
	}
	return x.Done
}
