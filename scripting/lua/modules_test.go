package lua_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/scripting/lua"
	"rms/scripting/scripttest"
)

// folder writes files and returns options for a script that lies beside them.
func folder(t *testing.T, files map[string]string) (lua.Options, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := quiet
	o.Dir = dir
	return o, dir
}

func TestRequireRunsAFileOncePerInterpreter(t *testing.T) {
	t.Parallel()
	o, dir := folder(t, map[string]string{
		"menu.lua":       `local lib = require("lib.prompt") count = (count or 0) + 1 return {file = function() return lib .. ".wav" end}`,
		"lib/prompt.lua": `event_route["from a file"] = function() rms_zz_give("module") end return "hello"`,
		"plain.lua":      `count = (count or 0) + 10`,
		"late.lua":       `return 7`,
	})
	s := load(t, `local menu = require("menu") require "plain"
		function route() rms_zz_give(menu.file() .. count .. tostring(require("plain")) .. tostring(require("menu") == menu) .. require("late")) end`, o)
	x := &scripttest.Exec{}
	for _, route := range []string{"route", "from a file"} {
		if err := s.Run(x, route); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"zz_give(value=hello.wav11truetrue7)", "zz_give(value=module)"}, x.Done); diff != "" {
		t.Error(diff)
	}
	p, err := lua.Compile("t.lua", []byte(`require("menu") local f = require f("plain")`), o)
	if err != nil {
		t.Fatal(err)
	}
	// What becomes of the files changes nothing for a version that is compiled.
	if err := os.WriteFile(filepath.Join(dir, "menu.lua"), []byte("x = = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	want := []string{filepath.Join(dir, "menu.lua"), filepath.Join(dir, "lib", "prompt.lua"), filepath.Join(dir, "plain.lua")}
	if diff := cmp.Diff(want, p.Files()); diff != "" {
		t.Error(diff)
	}
}

func TestAFileMayWait(t *testing.T) {
	t.Parallel()
	o, _ := folder(t, map[string]string{"ask.lua": `return function(call) return rms.zz_slow_wait("menu").digits end`})
	s := load(t, `local ask = require("ask") function route(call) rms_zz_give(ask(call)) end`, o)
	x := &scripttest.Exec{Name: "a"}
	if err := s.Run(x, "route"); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(x, x.Wake("digits", "12")); err != nil || x.Done[1] != "zz_give(value=12)" {
		t.Error(err, x.Done)
	}
}

func TestRequireStaysInTheFolder(t *testing.T) {
	t.Parallel()
	o, dir := folder(t, map[string]string{"good.lua": "return 1", "broken.lua": "\nx = = 1", "fails.lua": "\nerror('bad')", "self.lua": `require("self")`, "far/x.lua": "return 1", "waits.lua": "rms.zz_nap(1)"})
	outside := filepath.Join(t.TempDir(), "outside.lua")
	if err := os.WriteFile(outside, []byte("return 'stolen'"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link.lua": outside, "up.lua": "../" + filepath.Base(filepath.Dir(outside)) + "/outside.lua", "folder": filepath.Dir(outside)} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "dir.lua"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"../outside": "no name of a file", "/etc/passwd": "no name of a file", "..": "no name of a file", ".x": "no name of a file",
		"a/b": "no name of a file", "": "no name of a file", "good.lua": "no such file", "good\x00": "no name of a file", "x%2e%2e": "no name of a file",
		"link": "escapes", "up": "escapes", "folder.outside": "escapes", "dir": "not a regular file", "none": "no such file",
		"broken": "broken.lua:2: syntax error", "fails": "fails.lua:2: bad", "self": "requires itself",
		strings.Repeat("a", 65): "no name of a file",
	} {
		quoted := `require("` + strings.ReplaceAll(name, "\x00", `\0`) + `")`
		computed := `local f = require f("` + strings.ReplaceAll(name, "\x00", `\0`) + `")`
		for _, script := range []string{quoted, computed} {
			p, err := lua.Compile("t.lua", []byte(script), o)
			if err == nil {
				_, err = p.NewState()
			}
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".lua:") {
				t.Errorf("%s: %v, want %q", script, err, want)
			}
			if errs := lua.Check("t.lua", []byte(script), o); len(errs) == 0 {
				t.Errorf("%s passes check", script)
			}
		}
	}
	for script, want := range map[string]string{
		`function route() local f = require f("good") end`: "a file is loaded with the script",
		`local f = require f("waits")`:                     "by a name in quotes",
	} {
		p, err := lua.Compile("t.lua", []byte(script), o)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.NewState()
		if err == nil {
			err = s.Run(nil2(), "route")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if _, err := lua.Compile("t.lua", []byte(`require("good")`), quiet); err == nil || err.Error() != "t.lua:1: require is not available: the script has no folder" {
		t.Error(err)
	}
}

func TestFilesOfAScriptAreBounded(t *testing.T) {
	t.Parallel()
	files := map[string]string{"m0.lua": "", "large.lua": strings.Repeat("-", 300<<10)}
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		files[n+".lua"] = strings.Repeat("--long\n", 250<<10/7)
	}
	o, dir := folder(t, files)
	for script, want := range map[string]string{
		`require("large")`: "a script may have 262144",
		`require("a") require("b") require("c") require("d") require("e")`: "1048576 bytes together",
	} {
		if _, err := lua.Compile("t.lua", []byte(script), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	var script strings.Builder
	for i := range 110 {
		name := "n" + strings.Repeat("x", i%50) + string(rune('a'+i/50))
		if err := os.WriteFile(filepath.Join(dir, name+".lua"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		script.WriteString("require('" + name + "')\n")
	}
	if _, err := lua.Compile("t.lua", []byte(script.String()), o); err == nil || !strings.Contains(err.Error(), "100 files") {
		t.Error(err)
	}
}

func TestCheckLooksIntoRequiredFiles(t *testing.T) {
	t.Parallel()
	o, dir := folder(t, map[string]string{"menu.lua": "\nfunction rms_own() rms_play() rms_play('a.wav', 'none') end\nfunction f() rms.play_wait{route = 'x'} rms.zz_slow_wait('a', 'b') end"})
	var got []string
	for _, err := range lua.Check("t.lua", []byte("require('menu')\nfunction route() rms_own() rms_pley() end"), o) {
		got = append(got, strings.TrimPrefix(err.Error(), dir))
	}
	want := []string{"t.lua:2: rms_pley: unknown verb", "/menu.lua:2: rms_play: missing argument", "/menu.lua:2: rms_play: no event_route", "/menu.lua:3: rms_play_wait: unknown parameter \"route\"", "/menu.lua:3: rms_zz_slow_wait: parameter \"n\""}
	for i := range want {
		if i < len(got) && strings.HasPrefix(got[i], want[i]) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
