package record_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"rms/media/record"
)

// TestAFullFileSystem uses a real one of 8 MiB, where that may be mounted.
func TestAFullFileSystem(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	}()
	s, err := record.Open(record.Options{Root: root}.Still())
	if err != nil {
		t.Fatal(err)
	}
	var ends []*diary
	var all []*record.Recording
	for range 20 {
		r, e := start(t, s, record.Spec{Template: "{id}.wav"})
		all, ends = append(all, r), append(ends, e)
	}
	for at := time.Duration(0); at < 30*time.Second; at += time.Second {
		for _, r := range all {
			feed(r, at, at+time.Second, 8000)
		}
		s.TurnAll()
		s.SyncAll()
	}
	if err := os.Remove(filepath.Join(root, all[0].File())); err != nil { // room for sidecars
		t.Fatal(err)
	}
	for i, r := range all {
		r.Stop(30*time.Second, "")
		result := ends[i].end(t)
		if _, errs := ends[i].seen(); len(errs) != 1 || result.Err == nil {
			t.Errorf("%d events of the error, %v", len(errs), result.Err)
		}
		if i == 0 {
			continue
		}
		_, pcm := read(t, root, r.File())
		n := len(pcm) / 2
		if n < 3*8000 {
			t.Errorf("%s has %d samples", r.File(), n)
		}
		good := min(n, 10*8000)
		same(t, r.File(), pcm[:min(2*good, len(pcm))], expected(record.Stereo, good, 8000))
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
