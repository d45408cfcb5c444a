package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
	"rms/media/wav/wavtest"
)

// shelve puts a recording of a second and its sidecar into a folder.
func shelve(t *testing.T, dir, file string, change func(*ledger.Sidecar)) {
	t.Helper()
	name := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := wavtest.Write(name, wavtest.Tone{Rate: 8000, Channels: 2, Hz: 400, Duration: time.Second}); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	sc := &ledger.Sidecar{
		Version: ledger.Version, ID: "5b2b8c3e-0000-4000-8000-000000000001", File: file, State: ledger.Complete, Started: time.Now(),
		DurationMS: 1000, Samples: 8000, Rate: 8000, Channels: 2, Encoding: "pcm", Bytes: st.Size(),
		Sides: []ledger.Side{{Packets: 50, Lost: 1}, {Channel: 1, Packets: 50}},
		Gaps:  []ledger.Gap{{LengthMS: 20, Reason: "loss"}},
	}
	if change != nil {
		change(sc)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := ledger.WriteSidecar(root, sc); err != nil {
		t.Fatal(err)
	}
}

func TestRecordingsAreLookedAtBehindTheLastCall(t *testing.T) {
	dir := t.TempDir()
	shelve(t, dir, "old.wav", func(sc *ledger.Sidecar) { sc.Started = time.Now().Add(-time.Hour) })
	shelve(t, dir, "a.wav", nil)
	shelve(t, dir, "day/b.wav", nil)
	o := Recordings{Sides: "stereo", Dir: dir}
	s := o.sum(2, time.Now().Add(-time.Minute))
	if s.Complete != 2 || s.Missing+s.Other+s.Wrong != 0 || s.Packets != 200 || s.Lost != 2 || s.Gaps["loss"] != 2 || s.GapMS["loss"] != 40 ||
		s.Shortest != 1 || s.Longest != 1 || !s.passed() {
		t.Errorf("%+v", s)
	}
	var tab table
	s.print(&tab)
	if text := tab.String(); !strings.Contains(text, "2 wanted, 2 complete") || !strings.Contains(text, "2 loss (40 ms)") {
		t.Error(text)
	}
	for name, change := range map[string]func(*ledger.Sidecar){
		"disk":     func(sc *ledger.Sidecar) { sc.Gaps = []ledger.Gap{{LengthMS: 500, Reason: "disk"}} },
		"bytes":    func(sc *ledger.Sidecar) { sc.Bytes += 4 },
		"samples":  func(sc *ledger.Sidecar) { sc.Samples = 7999 },
		"not over": func(sc *ledger.Sidecar) { sc.State = ledger.Failed },
	} {
		shelve(t, dir, "a.wav", change)
		if s := o.look(2, time.Now().Add(-time.Minute)); s.passed() {
			t.Errorf("%s: %+v", name, s)
		}
	}
	shelve(t, dir, "a.wav", nil)
	if s := o.look(3, time.Now().Add(-time.Minute)); s.passed() || s.Missing != 1 {
		t.Errorf("one is missing: %+v", s)
	}
	if s := (&Recordings{Sides: "mixed", Dir: filepath.Join(dir, "none")}).look(1, time.Now()); s.passed() || s.Problem == "" {
		t.Errorf("no folder: %+v", s)
	}
}

func TestTheInviteAsksForTheRecording(t *testing.T) {
	if _, err := (Options{Target: "sip:x@127.0.0.1", Recordings: Recordings{Sides: "left"}}).check(); err == nil {
		t.Error("sides that are none were taken")
	}
	p, err := Options{Target: "sip:x@127.0.0.1", Recordings: Recordings{Sides: "stereo"}}.check()
	if err != nil {
		t.Fatal(err)
	}
	s := script{plan: p}
	if text := string(s.invite(&call{}, nil)); !strings.Contains(text, "\r\nX-Record-Sides: stereo\r\n") {
		t.Errorf("INVITE:\n%s", text)
	}
}
