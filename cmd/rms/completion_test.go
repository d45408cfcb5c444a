package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rms/call"
)

// completionScript writes the script for a shell to a file.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	code, out, errs := rms(t, "completion", shell)
	if code != exitOK || strings.Contains(out, "#TABLE#") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return file(t, "_rms", out)
}

// bashTry loads the script with a server of two calls, and prints what completes a
// line.
const bashTry = `
source "$1"
rms() { [[ "$*" == recordings* ]] && { echo 9f3a77c0; return; }; [[ "$*" == *"--socket /x"* ]] && echo special; printf '%s\n' 368b0070-caf6 283ce612-634a; }
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
cd "$2"
while IFS= read -r COMP_LINE; do
  COMP_POINT=${#COMP_LINE} COMPREPLY=()
  _rms
  echo "${COMPREPLY[*]}"
done
`

func TestBashCompletesCommandsFlagsVerbsAndCalls(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	script := completionScript(t, "bash")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prompt.wav"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ line, want string }{
		{"rms ver", "verify version"},
		{"rms ctl ver", "verbs version"},
		{"rms ctl call ", "368b0070-caf6 283ce612-634a"},
		{"rms ctl play 3", "368b0070-caf6"},
		{"rms ctl --socket /x play s", "special"},
		{"rms ctl play 368 ", "file= route= mode= loop="},
		{"rms ctl play 368 mode=", "queue replace mix"}, // = parts words of bash
		{"rms ctl play 368 mode=r", "replace"},
		{"rms ctl play 368 file=pro", "prompt.wav"},
		{"rms ctl rms_trace 368 on=t", "true"},
		{"rms ctl log level w", "warn"},
		{"rms ctl events --call 2", "283ce612-634a"},
		{"rms ctl events --call=2", "283ce612-634a"},
		{"rms ctl calls --id", "--ids"},
		{"rms ctl graph 368 --s", "--socket --svg"},
		{"rms serve --log-level ", "trace debug info warn error"},
		{"rms serve --script p", "prompt.wav"},
		{"rms --log-level=d", "debug"},
		{"rms --log-lev", "--log-level"},
		{"rms check p", "prompt.wav"},
		{"rms sink a", "audiosocket"},
		{"rms completion ", "bash zsh"},
		{"rms top --ev", "--every"},
		{"rms ctl nonsense ", ""},
		{"rms recordings re", "release"},
		{"rms recordings show ", "9f3a77c0"},
		{"rms recordings show --sv", "--svg"},
		{"rms ctl play 368 file=$(touch${IFS}x)", ""},
	}
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.line + "\n")
	}
	cmd := exec.Command(bash, "--norc", "-c", bashTry+"complete -p rms", "bash", script, dir)
	cmd.Stdin = strings.NewReader(lines.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(got) != len(cases)+1 || got[len(cases)] != "complete -F _rms rms" {
		t.Fatalf("%s", out)
	}
	for i, c := range cases {
		if got[i] != c.want {
			t.Errorf("%q is completed by %q, want %q", c.line, got[i], c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("a line was run")
	}
}

// zshTry does the same where the shell's own functions are played.
const zshTry = `
compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rn -- "$* " }
compset() { : }
compdef() { : }
_files() { print -n FILES }
rms() { print -l 368b0070-caf6 283ce612-634a }
source "$1" 2>/dev/null
while IFS= read -r line; do
  words=("${(@s: :)line}"); CURRENT=$#words
  _rms
  print
done
`

func TestZshCompletesTheSame(t *testing.T) {
	script := completionScript(t, "zsh")
	zsh, err := exec.LookPath("zsh")
	if err != nil {
		t.Skip("no zsh here")
	}
	if out, err := exec.Command(zsh, "-n", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cases := []struct{ line, want string }{
		{"rms ctl call ", "368b0070-caf6 283ce612-634a "},
		{"rms ctl log level ", "trace debug info warn error "},
		{"rms serve --log-level ", "trace debug info warn error "},
		{"rms serve --script ", "FILES"},
		{"rms completion ", "bash zsh "},
	}
	var lines strings.Builder
	for _, c := range cases {
		lines.WriteString(c.line + "\n")
	}
	cmd := exec.Command(zsh, "-f", "-c", zshTry, "zsh", script)
	cmd.Stdin = strings.NewReader(lines.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i, c := range cases {
		if i >= len(got) || got[i] != c.want {
			t.Errorf("%q: %q, want %q", c.line, got, c.want)
		}
	}
}

func TestCompletionKnowsEveryCommandAndVerb(t *testing.T) {
	t.Parallel()
	table := map[string]completed{}
	for _, p := range completionTable(t.Context()) {
		table[p.key] = p
	}
	for _, c := range commands() {
		if p := table[c.name]; len(p.flags) == 0 {
			t.Errorf("no flags of %s", c.name)
		}
	}
	for _, v := range call.Verbs() {
		p, there := table["ctl rms_"+v.Name]
		if !there || len(p.rest) != len(v.Params) {
			t.Errorf("%s: %+v", v.Name, p)
		}
	}
}

func TestCompletionIsForKnownShells(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"completion"}, {"completion", "fish"}, {"completion", "bash", "zsh"}} {
		if code, _, errs := rms(t, args...); code != exitUsage || !strings.Contains(errs, "bash or zsh") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
}
