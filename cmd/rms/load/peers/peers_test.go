package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchmarksAreComparedWithPeersOfTheSameRunAndOfTheTable(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := run([]string{"bench"}, strings.NewReader(`goos: linux
pkg: rms/media
BenchmarkG711MulawEncode-2   	 1 	 46.0 ns/op
BenchmarkShape/graph-2       	 1 	 400 ns/op	 0 B/op
BenchmarkShape/goroutine_per_call-2  1  1600 ns/op
PASS
`), &out)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"BenchmarkG711MulawEncode-2 1 46.0 ns/op", // passed through
		"media.G711MulawEncode 46 92 2 mu-law by table, on the machine of docs/performance.md",
		"media.Shape/graph 400 1600 4 a goroutine for each call, in this run",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestRunsAreShownByTheirMedian(t *testing.T) {
	t.Parallel()
	var files []string
	for i, mcore := range []string{"0.5", "0.1", "0.2"} {
		name := filepath.Join(t.TempDir(), "run.json")
		text := `{"calls":2000,"codec":"PCMU","window_s":8,"processes":[{"mcore_per_call":` + mcore + `}],"machine":{"cores":2,"load_average":` + string(rune('1'+i)) + `}}`
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	var out strings.Builder
	if err := run(append([]string{"load"}, files...), nil, &out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"2000 calls, PCMU, one way", "CPU, mcore per call 0.2 0.1 0.5 <= 0.25",
		"run 3: load average 3.00", "Asterisk 23.4, .ulaw file 1.58-1.79 7.9-8.9",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestWrongInputIsAnError(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("calls 1000"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"bench", "x"}, {"load"}, {"load", broken}, {"load", broken + ".none"}, {"bench"}} {
		if err := run(args, strings.NewReader("no benchmark\n"), &strings.Builder{}); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
