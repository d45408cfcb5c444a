package starlark_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

func TestRouteNames(t *testing.T) {
	t.Parallel()
	for script, want := range map[string][]string{
		"def route(r): pass": {"route"},
		"def route(r): pass\nevent_route['rms:start'] = print":                                {"rms:start", "route"},
		"def ksr_request_route(r): pass":                                                      {"route"},
		"def b(c): pass\nevent_route['b'] = b\nevent_route['c'] = b\nevent_route['c'] = None": {"b"},
		"for n in ['x', 'y']:\n  event_route[n] = lambda call: None":                          {"x", "y"},
		"event_route['a'] = print\nf = event_route['a']\nevent_route['b'] = f":                {"a", "b"},
		"route = 5": nil,
	} {
		if diff := cmp.Diff(want, load(t, script, quiet).Routes()); diff != "" {
			t.Errorf("%s\n%s", script, diff)
		}
	}
}

func TestScriptsThatDoNotLoad(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"x = = 1":                  "t.star:1:5: syntax error",
		"\ndef f(":                 "t.star:2:7: syntax error",
		"\nfail('bad')":            "t.star:2:5: bad",
		"\nrms_zz_give(1)":         "t.star:2:12: rms_zz_give: works in a route",
		"rms_zz_nothing()":         "t.star:1:1: rms_zz_nothing: unknown verb",
		"rms_bridge('x')":          "t.star:1:1: rms_bridge: not available",
		"\nKSR.x.exit()":           "t.star:2:1: KSR is for scripts in Lua",
		"\nevent_route['x'] = 1":   "t.star:2:12: event_route[\"x\"]: wants a function",
		"\nevent_route[1] = print": "t.star:2:12: event_route: the name",
		"\n[0 for x in range(1 << 24) for y in range(1 << 24)]": "t.star:2:",
		"s = 'a' * 200000\nx = s + s":                           "t.star:2:7: string too long",
		"exit()":                                                "t.star:1:5: exit: works in a route",
		"is_method('INVITE')":                                   "t.star:1:10: is_method: works in a route",
		"while True: pass":                                      "t.star:1:1: ",
		"x = 1\nx = 2":                                          "t.star:2:1: cannot reassign global x",
		"x = b'abc'":                                            "t.star:1:5: bytes are not available",
		"x = bytes('abc')":                                      "t.star:1:10: bytes are not available",
		"def f():\n  def g():\n    return g\n  return g\nh = f()": "t.star: the globals of the script are nested too deeply",
		"load('x.star', 'y')":                                  "t.star:1:1: load \"x.star\": this script has no directory",
		"x = " + strings.Repeat("y.", 2000) + "y":              "t.star:1:5: expression is too long",
		"x = 1" + strings.Repeat("0", 2000):                    "t.star:1:5: integer too large",
		"def f(): return [" + strings.Repeat("0,", 5000) + "]": "t.star: function f is too large",
	} {
		p, err := starlark.Compile("t.star", []byte(script), limited(sandbox.Limits{Budget: 500 * time.Millisecond}))
		if err == nil {
			_, err = p.NewState()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v", script, err)
		}
	}
	if _, err := starlark.Compile("t.star", bytes.Repeat([]byte("#"), 1<<20), quiet); err == nil {
		t.Error("a script of 1 MiB was compiled")
	}
	if s := load(t, "\xef\xbb\xbfroute = print", quiet); len(s.Routes()) != 1 {
		t.Error("byte order mark")
	}
	if s := load(t, "#!/usr/bin/rms\nroute = print", quiet); len(s.Routes()) != 1 {
		t.Error("first line with #!")
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFilesBesideTheScriptAreLoaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.star", "load('lib/b.star', n = 'number')\nvalue = [n + 1]\ndef bad():\n  fail('deep')\n")
	write(t, dir, "lib/b.star", "number = 41\nevent_route['from_b'] = lambda call: rms_zz_give('b')\n")
	o := quiet
	o.Dir = dir
	p, err := starlark.Compile("t.star", []byte("load('a.star', 'value', 'bad')\nload('lib/b.star', 'number')\ndef route(call):\n  rms_zz_give(value[0])\n  bad()\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "lib/b.star"), filepath.Join(dir, "a.star")}, p.Files()); diff != "" {
		t.Error(diff)
	}
	write(t, dir, "a.star", "broken(")
	s, err := p.NewState() // the text that was compiled
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	x := &scripttest.Exec{}
	if err := s.Run(x, "route"); !hasWhere(err, filepath.Join(dir, "a.star")+":4:") || !strings.Contains(err.Error(), "deep") {
		t.Error(err)
	}
	if err := s.Run(x, "from_b"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"zz_give(value=42)", "zz_give(value=b)"}, x.Done); diff != "" {
		t.Error(diff)
	}
}

func TestFilesElsewhereAreNotLoaded(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, "secret.star", "x = 1")
	write(t, dir, "bad.star", "\nx = = 1")
	write(t, dir, "fails.star", "\nfail('top')")
	write(t, dir, "circle.star", "load('circle.star', 'x')")
	write(t, dir, "other.txt", "x = 1")
	if err := os.Symlink(filepath.Join(outside, "secret.star"), filepath.Join(dir, "link.star")); err != nil {
		t.Fatal(err)
	}
	o := starlark.Options{Log: zerolog.Nop(), Dir: dir, Limits: quiet.Limits}
	for file, want := range map[string]string{
		"../" + filepath.Base(outside) + "/secret.star": "only files in the directory",
		filepath.Join(outside, "secret.star"):           "only files in the directory",
		"link.star":                                     "link.star",
		"./bad.star":                                    "only files in the directory",
		"none.star":                                     "no such file",
		"other.txt":                                     "ending in .star",
		"bad.star":                                      filepath.Join(dir, "bad.star") + ":2:5: syntax error",
		"fails.star":                                    filepath.Join(dir, "fails.star") + ":2:5: top",
		"circle.star":                                   "in a circle",
	} {
		p, err := starlark.Compile("t.star", []byte("load('"+file+"', 'x')"), o)
		if err == nil {
			_, err = p.NewState()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
