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

func TestAStreamCostsWhatACallWithItCostsMore(t *testing.T) {
	t.Parallel()
	var files []string
	for _, text := range []string{
		`{"calls":500,"processes":[{"mcore_per_call":0.2,"rss_kb_per_call":20}],"late":1}`,
		`{"calls":500,"processes":[{"mcore_per_call":0.35,"rss_kb_per_call":60}],"streams":{"kind":"ws","rate_hz":8000,"mix":"mono","lost":2,"connect":{"max_ms":12},"delay_beyond_depth":{"p99_ms":21.5}}}`,
	} {
		name := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	var out strings.Builder
	if err := run(append([]string{"streams"}, files...), nil, &out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"CPU, mcore per stream 0.15 0.15 0.15 <= 0.25", "memory, kB RSS per stream 40 40 40 <= 60", "streams lost 2 2 2 0",
		"200 to handshake max, ms 12 12 12 <= 2000", "delay p99 beyond the jitter buffer, ms 21.5 21.5 21.5 <= 25",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for _, wrong := range [][]string{{files[1], files[0]}, {files[0], files[1], files[0]}} {
		if err := run(append([]string{"streams"}, wrong...), nil, &out); err == nil {
			t.Errorf("%v: no error", wrong)
		}
	}
}

func TestARecordingCostsWhatACallWithItCostsMore(t *testing.T) {
	t.Parallel()
	var files []string
	for _, text := range []string{
		`{"calls":1000,"processes":[{"mcore_per_call":0.2,"rss_kb_per_call":20}],"late":1}`,
		`{"calls":1000,"processes":[{"mcore_per_call":0.35,"rss_kb_per_call":50}],"recordings":{"sides":"stereo","seen":true,"missing":1,"gaps":{"disk":2,"loss":3},"closed_s":1.5}}`,
	} {
		name := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	var out strings.Builder
	if err := run(append([]string{"record"}, files...), nil, &out); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"in all 0.35 0.35 0.35 <= 0.45", "mcore per recording 0.15 0.15 0.15 <= 0.2", "kB RSS per recording 30 30 30 <= 40",
		"missing or wrong 1 1 1 0", "gaps from the disk 2 2 2 0", "gaps from the network 3 3 3", "closed behind the last call, s 1.5 1.5 1.5 <= 5",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := run([]string{"record", files[1], files[0]}, nil, &out); err == nil {
		t.Error("no error for the wrong order")
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
