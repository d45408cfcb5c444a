package shelf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/shelf/shelftest"
	"rms/media/wav"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, d *shelftest.Desk, id string) *shelf.Audio {
	t.Helper()
	rec, err := d.Shelf.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Shelf.Open(t.Context(), rec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// counted checks that a file holds the ramp, and returns its frames.
func counted(t testing.TB, b []byte, whole bool) int {
	t.Helper()
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 2*len(b)+2)
	n, err := r.ReadSamples(pcm)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for i := range n {
		if pcm[i] != int16(i/2) {
			t.Fatalf("sample %d is %d", i, pcm[i])
		}
	}
	if whole && r.Info().Frames != int64(n/2) {
		t.Errorf("the header says %d frames, there are %d", r.Info().Frames, n/2)
	}
	return n / 2
}

func TestARecordingIsFoundByItsID(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	d.Put("a1", "day/a.wav", 800)
	for range 2 { // the second time its name is known
		rec, err := d.Shelf.Find(t.Context(), "a1")
		if err != nil || rec.File != "day/a.wav" {
			t.Fatalf("%+v, %v", rec, err)
		}
	}
	whole, err := open(t, d, "a1").Whole()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(whole)
	if err != nil || counted(t, b, true) != 800 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if err := d.Shelf.Delete(t.Context(), "a1", "me", "why not"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Shelf.Find(t.Context(), "a1"); !errors.Is(err, shelf.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestHostileIDsNameNothing(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	d.Put("a1", "a.wav", 8)
	for _, id := range []string{"", "../a", "a.wav/..", "/etc/passwd", "..", ".", ".rms", "a1\x00", "a1 ", "*", "a1/", strings.Repeat("a", 200), "%2e%2e", "A1", "\xff"} {
		if rec, err := d.Shelf.Find(t.Context(), id); !errors.Is(err, shelf.ErrNotFound) {
			t.Errorf("%q: %+v, %v", id, rec, err)
		}
	}
}

// Sidecars may have been written by anybody who can write there: none leads out of the
// root, to the key, or to something that is no file.
func TestHostileSidecarsLeadNowhere(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	outside := filepath.Join(t.TempDir(), "secret.wav")
	if err := os.WriteFile(outside, shelftest.Ramp(t, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.Symlink(outside, filepath.Join(d.Dir, "link.wav")), syscall.Mkfifo(filepath.Join(d.Dir, "fifo.wav"), 0o600),
		os.Mkdir(filepath.Join(d.Dir, "folder.wav"), 0o700), os.Symlink("/", filepath.Join(d.Dir, "up")))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, file := range []string{"link.wav", "fifo.wav", "folder.wav", ".rms/key", ".rms/key.wav", "../secret.wav", outside, "up" + outside, "", "a.wav\x00", "a.txt", "/dev/zero.wav"} {
			a, err := d.Shelf.Open(t.Context(), &ledger.Sidecar{ID: "x", File: file})
			if err == nil {
				_ = a.Close()
				t.Errorf("%q was opened", file)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("a FIFO holds the reader")
	}
}

func TestAGrowingFileIsWholeAtAnyTime(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	g := d.Grow("g1", "g.wav")
	for _, n := range []int{0, 1, 799, 8000, 3} {
		g.Add(n)
		whole, err := open(t, d, "g1").Whole()
		if err != nil {
			t.Fatal(err)
		}
		g.Add(5) // what comes while it is read is not in it
		b, err := io.ReadAll(whole)
		if err != nil || int64(len(b)) != whole.Size() {
			t.Fatalf("%d bytes of %d, %v", len(b), whole.Size(), err)
		}
		if got := counted(t, b, true); got != g.Frames-5 {
			t.Errorf("%d frames, want %d", got, g.Frames-5)
		}
		if rec, err := d.Shelf.Find(t.Context(), "g1"); err != nil || rec.Samples != int64(g.Frames) || rec.State != ledger.Recording {
			t.Errorf("%+v, %v", rec, err)
		}
	}
	g.Write([]byte{1}) // half a sample
	if whole, err := open(t, d, "g1").Whole(); err != nil || (whole.Size()-94)%4 != 0 {
		t.Errorf("%v, %v", whole.Size(), err)
	}
}

func TestFollowingEndsWithTheRecording(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	g := d.Grow("g1", "g.wav")
	g.Add(100)
	f, err := open(t, d, "g1").Follow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	done := make(chan error, 1)
	go func() {
		var err error
		b, err = io.ReadAll(f)
		done <- err
	}()
	for range 50 {
		g.Add(77)
	}
	g.End()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := counted(t, b, false); n != g.Frames || len(b) != 94+4*g.Frames {
		t.Errorf("%d frames in %d bytes, want %d", n, len(b), g.Frames)
	}
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	d.Grow("g1", "g.wav")
	ctx, cancel := context.WithCancel(t.Context())
	f, err := open(t, d, "g1").Follow(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, f)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestLegalHoldForbidsToDelete(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	d.Put("a1", "a.wav", 8)
	g := d.Grow("g1", "g.wav")
	g.Add(8)
	if rec, err := d.Shelf.Hold(t.Context(), "a1", "me", "case"); err != nil || rec.Hold == nil || rec.Hold.Why != "case" {
		t.Fatalf("%+v, %v", rec, err)
	}
	if err := d.Shelf.Delete(t.Context(), "a1", "me", ""); !errors.Is(err, ledger.ErrHeld) {
		t.Errorf("held: %v", err)
	}
	if err := d.Shelf.Delete(t.Context(), "g1", "me", ""); !errors.Is(err, shelf.ErrRunning) {
		t.Errorf("running: %v", err)
	}
	if _, err := d.Shelf.Release(t.Context(), "a1", "me", ""); err != nil {
		t.Fatal(err)
	}
	if err := d.Shelf.Delete(t.Context(), "a1", "me", "done"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(d.Dir, "a.wav")); err == nil {
		t.Error("it is still there")
	}
	if err := shelf.New(shelf.Options{Root: d.Root}).Delete(t.Context(), "g1", "", ""); !errors.Is(err, shelf.ErrReadOnly) {
		t.Errorf("without books: %v", err)
	}
}

func TestAnAccessIsNotedOnceForAWhile(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	rec := d.Put("a1", "a.wav", 8)
	for range 100 {
		if err := errors.Join(d.Shelf.Note(rec, "alice", "fetch"), d.Shelf.Note(rec, "bob", "fetch")); err != nil {
			t.Fatal(err)
		}
	}
	var who []string
	err := d.Ledger.Entries("a.wav", func(e *ledger.Entry) bool {
		who = append(who, e.Who+" "+e.What)
		return true
	}, ledger.KindAccess)
	if err != nil || fmt.Sprint(who) != "[alice fetch bob fetch]" {
		t.Errorf("%v, %v", who, err)
	}
}

func TestTheWaveformOfAGrowingFileIsNotMadeForEverybody(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	g := d.Grow("g1", "g.wav")
	g.Add(800)
	rec, err := d.Shelf.Find(t.Context(), "g1")
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.Shelf.Waveform(t.Context(), rec, nil)
	if err != nil || first.Samples != 800 {
		t.Fatalf("%+v, %v", first, err)
	}
	g.Add(800)
	if second, err := d.Shelf.Waveform(t.Context(), rec, nil); err != nil || second != first {
		t.Errorf("made again at once: %v", err)
	}
}

func TestVerifyFindsWhatWasAltered(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	d.Put("a1", "a.wav", 8000)
	if r, err := d.Shelf.Verify(t.Context(), "a1", nil); err != nil || !r.OK() || r.Files != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	f, err := os.OpenFile(filepath.Join(d.Dir, "a.wav"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{1}, 1000)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := d.Shelf.Verify(t.Context(), "a1", nil); err != nil || r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatIsGoneSaysWhereItIs(t *testing.T) {
	t.Parallel()
	d := shelftest.New(t)
	rec := d.Put("a1", "a.wav", 8)
	rec.Uploads = []ledger.Upload{{URL: "s3://bucket/a.wav", State: "done"}}
	if err := os.Remove(filepath.Join(d.Dir, "a.wav")); err != nil {
		t.Fatal(err)
	}
	_, err := d.Shelf.Open(t.Context(), rec)
	if !errors.Is(err, shelf.ErrGone) || !strings.Contains(err.Error(), "s3://bucket/a.wav") {
		t.Errorf("%v", err)
	}
}
