package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"rms/cmd/rms/graph"
)

func TestGraphShowsTheFiltersOfACall(t *testing.T) {
	t.Parallel()
	code, out, errs := rms(t, "graph", "--dial", "echo", "--after", "300ms")
	if code != exitOK || errs != "" {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	g, err := graph.Parse(out)
	if err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	for _, want := range []string{`"rtp receive\nat 127.0.0.1:2`, `"decoder PCMU/8000"`, `"mixer"`, `"rtp send\nto 127.0.0.1:`, `[label="8000 Hz x1"]`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if len(g.Edges) == 0 {
		t.Error("no links")
	}
}

func TestGraphDrawsSVGAndText(t *testing.T) {
	t.Parallel()
	code, out, errs := rms(t, "graph", "--svg", "--codec", "G722", "--dial", "tone", "--after", "100ms")
	if code != exitOK {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	d := xml.NewDecoder(strings.NewReader(out))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
	}
	if !strings.Contains(out, ">encoder G722/8000<") || !strings.Contains(out, ">16000 Hz x1<") {
		t.Errorf("no wideband in\n%s", out)
	}
	code, out, errs = rms(t, "graph", "--ascii", "--after", "100ms")
	if code != exitOK || !strings.Contains(out, "| decoder PCMU/8000 |") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	code, out, _ = rms(t, "graph", "--text", "--after", "100ms")
	if code != exitOK || !strings.Contains(out, "│ decoder PCMU/8000 │") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A script stands for the users it serves; its streams hang on the call.
func TestGraphRunsAScript(t *testing.T) {
	t.Parallel()
	script := file(t, "s.lua", `
event_route["rms:start"] = function(call)
  rms.play { file = "tone:440", loop = true }
  rms.stream_start { url = "rst://127.0.0.1:9", name = "rec", mix = "stereo" }
end`)
	code, out, errs := rms(t, "graph", "--script", script, "--after", "400ms")
	if code != exitOK || !strings.Contains(out, `"sides stereo"`) || !strings.Contains(out, `"stream rec\nring `) {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

func TestGraphSaysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	busy := file(t, "s.lua", `function route() rms.reject(486, "Busy Here") end`)
	code, _, errs := rms(t, "graph", "--script", busy)
	if code != exitError || !strings.Contains(errs, "486") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for want, args := range map[string][]string{
		"unexpected word \"x\"": {"x"}, "--after: from 0s to 1m": {"--after", "2h"}, "no/such.lua": {"--script", "/no/such.lua"},
	} {
		code, _, errs := rms(t, append([]string{"graph"}, args...)...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
	}
}
