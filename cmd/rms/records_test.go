package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

// recordsIn reads a file of call records.
func recordsIn(t *testing.T, name string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for line := range strings.Lines(string(text)) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

// waitForRecords waits until a file has so many lines.
func waitForRecords(t *testing.T, name string, n int) []map[string]any {
	t.Helper()
	for range 4000 {
		if text, err := os.ReadFile(name); err == nil && strings.Count(string(text), "\n") >= n {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	out := recordsIn(t, name)
	if len(out) != n {
		t.Fatalf("%d records, want %d", len(out), n)
	}
	return out
}

func TestEachCallThatEndedIsOneLine(t *testing.T) {
	name := filepath.Join(t.TempDir(), "calls.jsonl")
	s, _ := smallServer(t, map[string][]string{"log.records": {name}})
	talk(t, s, "tone", 600*time.Millisecond)
	talk(t, s, "echo", 100*time.Millisecond)
	got := waitForRecords(t, name, 2)
	r := got[0]
	for field, want := range map[string]any{"by": "caller", "code": 0.0, "codec": "PCMU/8000", "lost": 0.0} {
		if r[field] != want {
			t.Errorf("%s is %v, want %v: %v", field, r[field], want, r)
		}
	}
	for _, field := range []string{"call", "sip_call_id", "from", "to", "ruri", "source", "invited", "answered", "ended", "cause", "reason", "setup_ms", "jitter_ms"} {
		if _, there := r[field]; !there {
			t.Errorf("there is no %s: %v", field, r)
		}
	}
	if ms, _ := r["duration_ms"].(float64); ms < 500 || ms > 60000 {
		t.Errorf("duration %v", r["duration_ms"])
	}
	if n, _ := r["packets_out"].(float64); n < 5 {
		t.Errorf("packets_out %v", r["packets_out"])
	}
	if id, _ := r["sip_call_id"].(string); id == "" {
		t.Errorf("no Call-ID: %v", r)
	}
}

func TestRecordsGoToANewFileAfterTheOldOneWasMoved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "calls.jsonl")
	r, err := openRecords(name, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	end := func(id string) { r.watch(&call.Event{Kind: call.EventEnd, Call: id, Time: time.Now()}) }
	end("one")
	waitForRecords(t, name, 1)
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	end("two")
	waitForRecords(t, name+".1", 2)
	r.reopen()
	for range 1000 {
		if _, err := os.Stat(name); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	end("three")
	if got := waitForRecords(t, name, 1); got[0]["call"] != "three" {
		t.Errorf("%v", got)
	}
	r.close()
	r.close()
	end("late")
	if len(recordsIn(t, name+".1")) != 2 || len(recordsIn(t, name)) != 1 {
		t.Error("lines were written twice or late")
	}
}

func TestRecordsThatCannotBeWrittenStopNoCall(t *testing.T) {
	if _, err := openRecords(filepath.Join(t.TempDir(), "no", "where"), zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "log.records") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	var log output
	r, err := openRecords("/dev/full", zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	for range recordsWait + 1000 {
		r.watch(&call.Event{Kind: call.EventEnd, Call: "x", Time: time.Now()})
	}
	r.close()
	if n := strings.Count(log.String(), "call records not written"); n != 1 {
		t.Errorf("the log complains %d times", n)
	}
}

func TestNothingIsKeptOfCallsThatEnded(t *testing.T) {
	r, err := openRecords(filepath.Join(t.TempDir(), "calls"), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for _, kind := range []string{call.EventInvite, call.EventStart, call.EventDTMF, call.EventEnd} {
		r.watch(&call.Event{Kind: kind, Call: "x", Time: time.Now()})
	}
	r.watch(&call.Event{Kind: call.EventInvite, Time: time.Now()}) // outside a call
	if len(r.live) != 0 {
		t.Errorf("%v", r.live)
	}
}

func TestServerDrainsOnRequestAndEndsAfterItsLastCall(t *testing.T) {
	s, out := smallServer(t, nil)
	waited := make(chan struct{})
	go func() {
		s.wait(t.Context(), nil)
		close(waited)
	}()
	over := make(chan struct{})
	go func() {
		talk(t, s, "loop", 3*time.Second) // longer than it takes to be refused once
		close(over)
	}()
	for s.calls.Stats().Answered == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	s.drain()
	s.drain()
	if res := talk(t, s, "tone", time.Second); res.Code != 503 {
		t.Errorf("a new call got %d", res.Code)
	}
	select {
	case <-waited:
		if s.calls.Len() > 0 {
			t.Error("the server ends under a call")
		}
	case <-time.After(30 * time.Second):
		t.Error("the server does not end")
	}
	<-over
	if n := strings.Count(out.String(), "draining"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
}
