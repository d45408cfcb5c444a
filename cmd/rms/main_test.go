package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output takes what a command prints; commands of these tests run beside them.
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

// rms runs a command line to its end.
func rms(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs output
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// file writes a file for a test and returns its name.
func file(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHelpNamesEveryCommandAndFlag(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		code, out, errs := rms(t, args...)
		if code != exitOK || errs != "" {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
		for _, c := range commands() {
			if !strings.Contains(out, "  "+c.name+" ") {
				t.Errorf("%v does not name %s", args, c.name)
			}
		}
	}
	for _, c := range commands() {
		for _, args := range [][]string{{"help", c.name}, {c.name, "--help"}, {c.name, "-h"}} {
			code, out, errs := rms(t, args...)
			if code != exitOK || errs != "" || !strings.Contains(out, c.short) {
				t.Errorf("%v: exit code %d, %q, %q", args, code, out, errs)
			}
		}
	}
	_, out, _ := rms(t, "serve", "--help")
	for _, want := range []string{
		"--listen, --sip.listen\n", "--script, --script.file\n", "--drain duration\n", "  -c file\n", "Default: 10000-29999.", "RMS_SECTION_KEY",
	} {
		if strings.Count(out, want) != 1 {
			t.Errorf("serve --help has %q %d times", want, strings.Count(out, want))
		}
	}
	for _, line := range strings.Split(out, "\n") {
		if len(line) > 100 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

func TestMistakesOnTheCommandLineAreToldWithCode2(t *testing.T) {
	t.Parallel()
	bad := file(t, "bad.yaml", "sip:\n  listne: udp://0.0.0.0:5060\n")
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown command":       {[]string{"srve"}, `there is no command "srve"`},
		"empty command":         {[]string{""}, `there is no command ""`},
		"help of nothing":       {[]string{"help", "srve"}, `there is no command "srve"`},
		"unknown flag":          {[]string{"serve", "--lisen", "x"}, "lisen"},
		"flag without command":  {[]string{"--lisen", "x"}, "lisen"},
		"bad value":             {[]string{"serve", "--rtp-ports", "many"}, "rtp"},
		"word too many":         {[]string{"serve", "now"}, `unexpected word "now"`},
		"config with a word":    {[]string{"config", "now"}, `unexpected word "now"`},
		"demo with a word":      {[]string{"demo", "now"}, `unexpected word "now"`},
		"no configuration":      {[]string{"serve", "-c", "/nowhere.yaml"}, "/nowhere.yaml"},
		"bad configuration":     {[]string{"config", "-c", bad}, bad + ":2"},
		"no script":             {[]string{"serve", "--script", "/nowhere.lua"}, "/nowhere.lua"},
		"no place for the log":  {[]string{"serve", "--log-file", "/nowhere/rms.log"}, "log.file"},
		"nobody to call":        {[]string{"call"}, "SIP-URI"},
		"bad duration":          {[]string{"call", "--for", "long", "sip:a@127.0.0.1"}, "long"},
		"nobody to load":        {[]string{"load"}, "SIP-URI"},
		"pid that is no number": {[]string{"load", "--pid", "x", "sip:a@127.0.0.1"}, "process id"},
		"nothing to check":      {[]string{"check"}, "which FILE"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := rms(t, tc.args...)
			if code != exitUsage || !strings.Contains(errs, tc.want) || out != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, out, errs, tc.want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"--version"}, {"-v"}} {
		if code, out, _ := rms(t, args...); code != exitOK || !strings.HasPrefix(out, "rms "+version()+" go1.") {
			t.Errorf("%v: exit code %d, %q", args, code, out)
		}
	}
}

func TestCheckNamesFileAndLine(t *testing.T) {
	t.Parallel()
	good := file(t, "good.lua", "event_route[\"rms:start\"] = function(call) rms_play(\"a.wav\") end\n")
	route := file(t, "route.lua", "event_route[\"rms:start\"] = function(call)\n  rms_play(\"a.wav\", \"rms:nowhere\")\nend\n")
	syntax := file(t, "syntax.lua", "event_route = {\n")
	tests := map[string]struct {
		args []string
		code int
		want []string // in what is printed
	}{
		"good script":        {[]string{good}, exitOK, []string{good + ": ok"}},
		"good configuration": {[]string{file(t, "good.yaml", "script:\n  file: "+good+"\n")}, exitOK, []string{": ok"}},
		"empty":              {[]string{file(t, "empty.yaml", "")}, exitOK, []string{": ok"}},
		"unknown route":      {[]string{route}, exitError, []string{route + ":2:", "rms:nowhere"}},
		"syntax":             {[]string{syntax}, exitError, []string{syntax + ":"}},
		"unknown key":        {[]string{file(t, "key.yaml", "sip:\n  prot: 1\n")}, exitError, []string{"key.yaml:2", "prot"}},
		"script of a configuration": {
			[]string{file(t, "script.yaml", "script:\n  file: "+route+"\n")}, exitError, []string{route + ":2:"},
		},
		"one good, one bad": {[]string{good, syntax}, exitError, []string{good + ": ok", syntax + ":"}},
		"missing":           {[]string{"/nowhere.lua"}, exitError, []string{"/nowhere.lua"}},
		"unknown kind":      {[]string{file(t, "x.txt", "")}, exitError, []string{".txt"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := rms(t, append([]string{"check"}, tc.args...)...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			for _, want := range tc.want {
				if !strings.Contains(out+errs, want) {
					t.Errorf("%q is not in %q", want, out+errs)
				}
			}
		})
	}
}

func TestConfigThatWasPrintedIsTheSameWhenRead(t *testing.T) {
	t.Parallel()
	code, first, errs := rms(t, "config", "--listen", "udp://127.0.0.1:5070", "--rtp-ports", "20000-20999",
		"--sip.trusted", "10.0.0.0/8", "--log.mask_digits", "--call.max_duration", "90m", "--media-root", "", "--advertise", "192.0.2.1")
	if code != exitOK {
		t.Fatal(errs)
	}
	code, second, errs := rms(t, "config", "-c", file(t, "rms.yaml", first))
	if code != exitOK {
		t.Fatal(errs)
	}
	if a, b := values(first), values(second); a != b {
		t.Errorf("printed\n%s\nread\n%s", a, b)
	}
	for _, want := range []string{"listen: [udp://127.0.0.1:5070]", "mask_digits: true", "advertise: 192.0.2.1"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is not in the output", want)
		}
	}
}

// values is a configuration without its comments, which say where a value is from.
func values(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestABooleanFlagTakesItsValueAsAWord(t *testing.T) {
	for _, args := range [][]string{{"--rst.write_hex", "true"}, {"--rst.write_hex"}, {"--rst.write_hex=true"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"config"}, args...), &out, &errs); code != 0 {
			t.Errorf("%v: code %d, %s", args, code, errs.String())
		}
		if !strings.Contains(out.String(), "write_hex: true") {
			t.Errorf("%v: not set", args)
		}
	}
}
