// Package shelftest makes folders with recordings for tests, also such that grow.
package shelftest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/wav"
)

// Desk is a folder with books.
type Desk struct {
	Dir    string
	Root   *os.Root
	Ledger *ledger.Ledger
	Shelf  *shelf.Shelf
	t      testing.TB
	mu     sync.Mutex
	live   map[string]*Growing
}

// New makes an empty folder.
func New(t testing.TB) *Desk {
	t.Helper()
	d := &Desk{t: t, Dir: t.TempDir(), live: map[string]*Growing{}}
	var err error
	if d.Root, err = os.OpenRoot(d.Dir); err != nil {
		t.Fatal(err)
	}
	if d.Ledger, err = ledger.Open(d.Root, ledger.Options{}); err != nil {
		t.Fatal(err)
	}
	d.Shelf = shelf.New(shelf.Options{Root: d.Root, Ledger: d.Ledger, Live: func(id string) (shelf.Live, bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		g, ok := d.live[id]
		return g, ok
	}})
	t.Cleanup(func() {
		if err := errors.Join(d.Ledger.Close(), d.Root.Close()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Put writes a recording of a stereo ramp and enters it into the books.
func (d *Desk) Put(id, file string, frames int) *ledger.Sidecar {
	d.t.Helper()
	text := Ramp(d.t, frames)
	name := filepath.Join(d.Dir, filepath.FromSlash(file))
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, text, 0o640)); err != nil {
		d.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	s := &ledger.Sidecar{
		ID: id, Call: "c-" + id, File: file, State: ledger.Complete, Rate: 8000, Channels: 2, Encoding: "pcm", Samples: int64(frames),
		DurationMS: int64(frames) / 8, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Started: time.Now(),
	}
	if err := d.Ledger.Append(s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// Ramp is a stereo file that counts its samples.
func Ramp(t testing.TB, frames int) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(f, media.Format{Rate: 8000, Channels: 2}, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 2*frames)
	for i := range pcm {
		pcm[i] = int16(i / 2)
	}
	if err := errors.Join(w.WriteSamples(pcm), w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Growing is a recording that is being made: its file holds a header that is behind, and
// more samples from time to time.
type Growing struct {
	t      testing.TB
	f      *os.File
	file   string
	mu     sync.Mutex
	size   int64
	Frames int // so far
	over   bool
	grew   chan struct{}
}

// Grow begins a recording that is being made.
func (d *Desk) Grow(id, file string) *Growing {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.Dir, file))
	if err != nil {
		d.t.Fatal(err)
	}
	g := &Growing{t: d.t, f: f, file: file, grew: make(chan struct{})}
	d.mu.Lock()
	d.live[id] = g
	d.mu.Unlock()
	s := &ledger.Sidecar{ID: id, File: file, State: ledger.Recording, Rate: 8000, Channels: 2, Encoding: "pcm", Started: time.Now()}
	if err := ledger.WriteSidecar(d.Root, s); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = f.Close() })
	g.Write(Ramp(d.t, 0))
	return g
}

// Write adds bytes.
func (g *Growing) Write(b []byte) {
	g.t.Helper()
	at := g.size
	if _, err := g.f.WriteAt(b, at); err != nil {
		g.t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size += int64(len(b))
	close(g.grew)
	g.grew = make(chan struct{})
}

// Add writes so many frames.
func (g *Growing) Add(frames int) {
	g.t.Helper()
	var b []byte
	for range frames {
		b = append(b, byte(g.Frames), byte(g.Frames>>8), byte(g.Frames), byte(g.Frames>>8))
		g.Frames++
	}
	g.Write(b)
}

// End writes the true header and something behind the samples.
func (g *Growing) End() {
	g.t.Helper()
	if _, err := g.f.WriteAt(Ramp(g.t, g.Frames)[:94], 0); err != nil {
		g.t.Fatal(err)
	}
	if _, err := g.f.WriteAt([]byte("LIST\x04\x00\x00\x00abcd"), g.size); err != nil {
		g.t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	close(g.grew)
	g.grew = make(chan struct{})
}

// File is part of shelf.Live.
func (g *Growing) File() string { return g.file }

// Size is part of shelf.Live.
func (g *Growing) Size() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size
}

// Follow is part of shelf.Live.
func (g *Growing) Follow(ctx context.Context, size int64) error {
	for {
		g.mu.Lock()
		grew, over, now := g.grew, g.over, g.size
		g.mu.Unlock()
		switch {
		case now > size:
			return nil
		case over:
			return io.EOF
		}
		select {
		case <-grew:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
