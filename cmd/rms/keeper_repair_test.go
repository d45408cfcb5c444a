package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
)

// leftOpen makes a folder as a killed server leaves it: with a recording that nobody
// closed.
func leftOpen(t *testing.T) string {
	t.Helper()
	running, left := t.TempDir(), filepath.Join(t.TempDir(), "left")
	s, err := record.Open(record.Options{Root: running})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	r, err := s.Start(record.Spec{File: "left.wav"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Duration(0)
	for end := time.Now().Add(20 * time.Second); r.Size() < 16000; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes after %v", r.Size(), at)
		}
		r.PCM(0, at, make([]int16, 160), 8000)
		at += 20 * time.Millisecond
		r.Tick(at)
	}
	if err := os.CopyFS(left, os.DirFS(running)); err != nil {
		t.Fatal(err)
	}
	return left
}

func TestTheServerClosesWhatAKilledOneLeftOpen(t *testing.T) {
	t.Parallel()
	root := leftOpen(t)
	s := serve(t, "--record-root", root)
	s.signal()
	s.ends(exitOK)
	if log := s.log.String(); !strings.Contains(log, "was left open and is closed now") {
		t.Error(log)
	}
	folder, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = folder.Close() }()
	sc, err := ledger.ReadSidecar(folder, "left.wav")
	if err != nil || sc.State != ledger.Repaired || sc.DurationMS < 100 {
		t.Errorf("%+v, %v", sc, err)
	}
	if code, out, errs := rms(t, "verify", root); code != exitOK || !strings.Contains(out, "all in order") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
}
