package shelf_test

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/shelf"
)

// What a store writes is followed from its first sample to its last.
func TestARecordingOfAStoreIsFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := record.Open(record.Options{Root: dir, Interval: 5 * time.Millisecond, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s := shelf.New(shelf.Options{Root: root, Live: shelf.Of(store)})
	r, err := store.Start(record.Spec{ID: "r1", File: "a.wav"})
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 160)
	at, end := time.Duration(0), 4*time.Second
	say := func(until time.Duration) {
		for ; at < until; at += 20 * time.Millisecond {
			for i := range pcm {
				pcm[i] = int16(int(at/time.Millisecond)*8 + i)
			}
			r.PCM(0, at, pcm, 8000)
			r.PCM(1, at, pcm, 8000)
			r.Tick(at + 20*time.Millisecond)
		}
	}
	say(2 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := r.Follow(ctx, 94); err != nil {
		t.Fatal(err)
	}
	rec, err := s.Find(ctx, "r1")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Open(ctx, rec)
	if err != nil || !a.Growing() {
		t.Fatalf("%v", err)
	}
	defer a.Close()
	whole, err := a.Whole()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(whole); err != nil || counted(t, b, true) == 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	f, err := a.Follow(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(f)
		done <- b
	}()
	say(end)
	r.Stop(end, "test")
	if n := counted(t, <-done, false); n != int(end.Milliseconds()*8) {
		t.Errorf("%d frames, want %d", n, end.Milliseconds()*8)
	}
	<-r.Done()
	if rec, err = s.Find(ctx, "r1"); err != nil || rec.State == "recording" {
		t.Errorf("%+v, %v", rec, err)
	}
	if err := store.Close(ctx); err != nil {
		t.Error(err)
	}
}
