package shelf_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/media"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/wav"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a folder with books.
type desk struct {
	t      testing.TB
	dir    string
	root   *os.Root
	ledger *ledger.Ledger
	shelf  *shelf.Shelf
	live   map[string]*growing
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), live: map[string]*growing{}}
	var err error
	if d.root, err = os.OpenRoot(d.dir); err != nil {
		t.Fatal(err)
	}
	if d.ledger, err = ledger.Open(d.root, ledger.Options{}); err != nil {
		t.Fatal(err)
	}
	d.shelf = shelf.New(shelf.Options{Root: d.root, Ledger: d.ledger, Live: func(id string) (shelf.Live, bool) {
		g, ok := d.live[id]
		return g, ok
	}})
	t.Cleanup(func() {
		if err := errors.Join(d.ledger.Close(), d.root.Close()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// put writes a recording of a stereo ramp and enters it into the books.
func (d *desk) put(id, file string, frames int) *ledger.Sidecar {
	d.t.Helper()
	text := ramp(d.t, frames)
	name := filepath.Join(d.dir, filepath.FromSlash(file))
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, text, 0o640)); err != nil {
		d.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	s := &ledger.Sidecar{
		ID: id, Call: "c-" + id, File: file, State: ledger.Complete, Rate: 8000, Channels: 2, Encoding: "pcm", Samples: int64(frames),
		DurationMS: int64(frames) / 8, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Started: time.Now(),
	}
	if err := d.ledger.Append(s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// ramp is a stereo file that counts its samples.
func ramp(t testing.TB, frames int) []byte {
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

// growing is a recording that is being made: its file holds a header that is behind, and
// more samples from time to time.
type growing struct {
	t    testing.TB
	f    *os.File
	file string
	mu   sync.Mutex
	size int64
	at   int
	over bool
	grew chan struct{}
}

func (d *desk) grow(id, file string) *growing {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.dir, file))
	if err != nil {
		d.t.Fatal(err)
	}
	g := &growing{t: d.t, f: f, file: file, grew: make(chan struct{})}
	d.live[id] = g
	s := &ledger.Sidecar{ID: id, File: file, State: ledger.Recording, Rate: 8000, Channels: 2, Encoding: "pcm", Started: time.Now()}
	if err := ledger.WriteSidecar(d.root, s); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = f.Close() })
	g.write(ramp(d.t, 0), 0)
	return g
}

func (g *growing) write(b []byte, end int64) {
	g.t.Helper()
	at := g.size
	if _, err := g.f.WriteAt(b, at); err != nil {
		g.t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size += int64(len(b)) + end
	close(g.grew)
	g.grew = make(chan struct{})
}

// add writes so many frames.
func (g *growing) add(frames int) {
	g.t.Helper()
	var b []byte
	for range frames {
		b = append(b, byte(g.at), byte(g.at>>8), byte(g.at), byte(g.at>>8))
		g.at++
	}
	g.write(b, 0)
}

// end writes the true header and something behind the samples.
func (g *growing) end() {
	g.t.Helper()
	if _, err := g.f.WriteAt(ramp(g.t, g.at)[:94], 0); err != nil {
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

func (g *growing) File() string { return g.file }

func (g *growing) Size() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size
}

func (g *growing) Follow(ctx context.Context, size int64) error {
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

func (d *desk) open(id string) *shelf.Audio {
	d.t.Helper()
	rec, err := d.shelf.Find(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	a, err := d.shelf.Open(d.t.Context(), rec)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = a.Close() })
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
	d := newDesk(t)
	d.put("a1", "day/a.wav", 800)
	for range 2 { // the second time its name is known
		rec, err := d.shelf.Find(t.Context(), "a1")
		if err != nil || rec.File != "day/a.wav" {
			t.Fatalf("%+v, %v", rec, err)
		}
	}
	whole, err := d.open("a1").Whole()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(whole)
	if err != nil || counted(t, b, true) != 800 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if err := d.shelf.Delete(t.Context(), "a1", "me", "why not"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.shelf.Find(t.Context(), "a1"); !errors.Is(err, shelf.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestHostileIDsNameNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put("a1", "a.wav", 8)
	for _, id := range []string{"", "../a", "a.wav/..", "/etc/passwd", "..", ".", ".rms", "a1\x00", "a1 ", "*", "a1/", strings.Repeat("a", 200), "%2e%2e", "A1", "\xff"} {
		if rec, err := d.shelf.Find(t.Context(), id); !errors.Is(err, shelf.ErrNotFound) {
			t.Errorf("%q: %+v, %v", id, rec, err)
		}
	}
}

// Sidecars may have been written by anybody who can write there: none leads out of the
// root, to the key, or to something that is no file.
func TestHostileSidecarsLeadNowhere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	outside := filepath.Join(t.TempDir(), "secret.wav")
	if err := os.WriteFile(outside, ramp(t, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.Symlink(outside, filepath.Join(d.dir, "link.wav")), syscall.Mkfifo(filepath.Join(d.dir, "fifo.wav"), 0o600),
		os.Mkdir(filepath.Join(d.dir, "folder.wav"), 0o700), os.Symlink("/", filepath.Join(d.dir, "up")))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, file := range []string{"link.wav", "fifo.wav", "folder.wav", ".rms/key", ".rms/key.wav", "../secret.wav", outside, "up" + outside, "", "a.wav\x00", "a.txt", "/dev/zero.wav"} {
			a, err := d.shelf.Open(t.Context(), &ledger.Sidecar{ID: "x", File: file})
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
	d := newDesk(t)
	g := d.grow("g1", "g.wav")
	for _, n := range []int{0, 1, 799, 8000, 3} {
		g.add(n)
		whole, err := d.open("g1").Whole()
		if err != nil {
			t.Fatal(err)
		}
		g.add(5) // what comes while it is read is not in it
		b, err := io.ReadAll(whole)
		if err != nil || int64(len(b)) != whole.Size() {
			t.Fatalf("%d bytes of %d, %v", len(b), whole.Size(), err)
		}
		if got := counted(t, b, true); got != g.at-5 {
			t.Errorf("%d frames, want %d", got, g.at-5)
		}
		if rec, err := d.shelf.Find(t.Context(), "g1"); err != nil || rec.Samples != int64(g.at) || rec.State != ledger.Recording {
			t.Errorf("%+v, %v", rec, err)
		}
	}
	g.write([]byte{1}, 0) // half a sample
	if whole, err := d.open("g1").Whole(); err != nil || (whole.Size()-94)%4 != 0 {
		t.Errorf("%v, %v", whole.Size(), err)
	}
}

func TestFollowingEndsWithTheRecording(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	g := d.grow("g1", "g.wav")
	g.add(100)
	f, err := d.open("g1").Follow(t.Context())
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
		g.add(77)
	}
	g.end()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := counted(t, b, false); n != g.at || len(b) != 94+4*g.at {
		t.Errorf("%d frames in %d bytes, want %d", n, len(b), g.at)
	}
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.grow("g1", "g.wav")
	ctx, cancel := context.WithCancel(t.Context())
	f, err := d.open("g1").Follow(ctx)
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
	d := newDesk(t)
	d.put("a1", "a.wav", 8)
	g := d.grow("g1", "g.wav")
	g.add(8)
	if rec, err := d.shelf.Hold(t.Context(), "a1", "me", "case"); err != nil || rec.Hold == nil || rec.Hold.Why != "case" {
		t.Fatalf("%+v, %v", rec, err)
	}
	if err := d.shelf.Delete(t.Context(), "a1", "me", ""); !errors.Is(err, ledger.ErrHeld) {
		t.Errorf("held: %v", err)
	}
	if err := d.shelf.Delete(t.Context(), "g1", "me", ""); !errors.Is(err, shelf.ErrRunning) {
		t.Errorf("running: %v", err)
	}
	if _, err := d.shelf.Release(t.Context(), "a1", "me", ""); err != nil {
		t.Fatal(err)
	}
	if err := d.shelf.Delete(t.Context(), "a1", "me", "done"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "a.wav")); err == nil {
		t.Error("it is still there")
	}
	if err := shelf.New(shelf.Options{Root: d.root}).Delete(t.Context(), "g1", "", ""); !errors.Is(err, shelf.ErrReadOnly) {
		t.Errorf("without books: %v", err)
	}
}

func TestAnAccessIsNotedOnceForAWhile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rec := d.put("a1", "a.wav", 8)
	for range 100 {
		if err := errors.Join(d.shelf.Note(rec, "alice", "fetch"), d.shelf.Note(rec, "bob", "fetch")); err != nil {
			t.Fatal(err)
		}
	}
	var who []string
	err := d.ledger.Entries("a.wav", func(e *ledger.Entry) bool {
		who = append(who, e.Who+" "+e.What)
		return true
	}, ledger.KindAccess)
	if err != nil || fmt.Sprint(who) != "[alice fetch bob fetch]" {
		t.Errorf("%v, %v", who, err)
	}
}

func TestTheWaveformOfAGrowingFileIsNotMadeForEverybody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	g := d.grow("g1", "g.wav")
	g.add(800)
	rec, err := d.shelf.Find(t.Context(), "g1")
	if err != nil {
		t.Fatal(err)
	}
	first, err := d.shelf.Waveform(t.Context(), rec, nil)
	if err != nil || first.Samples != 800 {
		t.Fatalf("%+v, %v", first, err)
	}
	g.add(800)
	if second, err := d.shelf.Waveform(t.Context(), rec, nil); err != nil || second != first {
		t.Errorf("made again at once: %v", err)
	}
}

func TestVerifyFindsWhatWasAltered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put("a1", "a.wav", 8000)
	if r, err := d.shelf.Verify(t.Context(), "a1", nil); err != nil || !r.OK() || r.Files != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	f, err := os.OpenFile(filepath.Join(d.dir, "a.wav"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{1}, 1000)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := d.shelf.Verify(t.Context(), "a1", nil); err != nil || r.OK() {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWhatIsGoneSaysWhereItIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	rec := d.put("a1", "a.wav", 8)
	rec.Uploads = []ledger.Upload{{URL: "s3://bucket/a.wav", State: "done"}}
	if err := os.Remove(filepath.Join(d.dir, "a.wav")); err != nil {
		t.Fatal(err)
	}
	_, err := d.shelf.Open(t.Context(), rec)
	if !errors.Is(err, shelf.ErrGone) || !strings.Contains(err.Error(), "s3://bucket/a.wav") {
		t.Errorf("%v", err)
	}
}
