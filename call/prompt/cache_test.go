package prompt_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"rms/call/prompt"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/filter"
	"rms/media/wav/wavtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func lookup(t testing.TB, name string, clock int) media.Codec {
	t.Helper()
	c, ok := codec.Lookup(name, clock, 1)
	if !ok {
		t.Fatalf("no codec %s/%d", name, clock)
	}
	return c
}

// put writes a tone into a folder.
func put(t testing.TB, dir, name string, spec wavtest.Tone) string {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := wavtest.Write(full, spec); err != nil {
		t.Fatal(err)
	}
	return full
}

func newCache(t testing.TB, o prompt.Options) *prompt.Cache {
	t.Helper()
	c, err := prompt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t testing.TB, c *prompt.Cache, name string, cd media.Codec) *filter.Prompt {
	t.Helper()
	p, err := c.Get(t.Context(), name, cd)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCallersShareOnePrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.wav", wavtest.Tone{Rate: 48000})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMA", 8000)
	got := make([]*filter.Prompt, 50)
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() { got[i], _ = c.Get(context.Background(), "a.wav", cd) })
	}
	wait.Wait()
	for i, p := range got {
		if p == nil || p != got[0] {
			t.Fatalf("caller %d has a prompt of its own", i)
		}
	}
	if s := c.Stats(); s.Misses != 1 || s.Hits != 49 || s.Prompts != 1 {
		t.Errorf("%+v", s)
	}
	if other := get(t, c, "a.wav", lookup(t, "PCMU", 8000)); other == got[0] {
		t.Error("two codecs share a payload")
	}
}

func TestChangedFileIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := put(t, dir, "a.wav", wavtest.Tone{Hz: 500})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	first := get(t, c, "a.wav", cd)
	put(t, dir, "b.wav", wavtest.Tone{Hz: 900}) // same size and, below, same time: another inode
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chtimes(filepath.Join(dir, "b.wav"), st.ModTime(), st.ModTime()), os.Rename(filepath.Join(dir, "b.wav"), name)); err != nil {
		t.Fatal(err)
	}
	second := get(t, c, "a.wav", cd)
	if hz, _ := audiotest.Find(second.PCM, 8000); math.Abs(hz-900) > 5 {
		t.Errorf("replaced by rename: %v Hz", hz)
	}
	if hz, _ := audiotest.Find(first.PCM, 8000); math.Abs(hz-500) > 5 {
		t.Errorf("the prompt in use changed: %v Hz", hz)
	}
	put(t, dir, "a.wav", wavtest.Tone{Hz: 700})
	if err := os.Chtimes(name, time.Time{}, st.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if hz, _ := audiotest.Find(get(t, c, "a.wav", cd).PCM, 8000); math.Abs(hz-700) > 5 {
		t.Errorf("written in place: %v Hz", hz)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "a.wav", cd); err == nil {
		t.Error("removed file still plays")
	}
	if s := c.Stats(); s.Dropped != 2 || s.Prompts != 1 {
		t.Errorf("%+v", s)
	}
}

func TestMemoryStaysWithinTheBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const budget = 200 << 10
	c := newCache(t, prompt.Options{Roots: []string{dir}, Bytes: budget})
	cd := lookup(t, "PCMU", 8000)
	for i := range 20 {
		name := fmt.Sprintf("%d.wav", i)
		put(t, dir, name, wavtest.Tone{Encoding: "ulaw", Duration: 2 * time.Second})
		get(t, c, name, cd)
		get(t, c, "0.wav", cd) // stays, because it is used most
		if s := c.Stats(); s.Bytes > budget || s.Bytes <= 0 {
			t.Fatalf("%+v", s)
		}
	}
	s := c.Stats()
	if s.Prompts != 4 || s.Dropped != 16 || s.Misses != 20 {
		t.Errorf("%+v", s)
	}
}

func TestFailureIsSharedButNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a.wav")
	if err := os.WriteFile(name, []byte("RIFF0000WAVEnothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	for range 2 {
		_, err := c.Get(t.Context(), "a.wav", cd)
		var e *prompt.Error
		if !errors.As(err, &e) || e.Name != "a.wav" {
			t.Errorf("%v", err)
		}
	}
	if s := c.Stats(); s.Failures != 2 || s.Prompts != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCancelledCallerDoesNotSpoilItForOthers(t *testing.T) {
	t.Parallel()
	reading, goOn := make(chan struct{}), make(chan struct{})
	b, err := wavtest.Bytes(wavtest.Tone{})
	if err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Embedded: &gate{FS: fstest.MapFS{"a.wav": {Data: b}}, reading: reading, goOn: goOn}})
	cd := lookup(t, "PCMU", 8000)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := c.Get(ctx, "a.wav", cd); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
	})
	<-reading
	wait.Go(func() {
		if _, err := c.Get(context.Background(), "a.wav", cd); err != nil {
			t.Errorf("other caller: %v", err)
		}
	})
	for c.Stats().Hits == 0 {
		runtime.Gosched()
	}
	cancel()
	close(goOn)
	wait.Wait()
}

// gate stops the first Open until goOn is closed.
type gate struct {
	fs.FS
	once    sync.Once
	reading chan struct{}
	goOn    chan struct{}
}

func (g *gate) Open(name string) (fs.File, error) {
	g.once.Do(func() { close(g.reading); <-g.goOn })
	return g.FS.Open(name)
}

// Stat keeps Get's look at the name from going through Open.
func (g *gate) Stat(name string) (fs.FileInfo, error) { return fs.Stat(g.FS, name) }

func TestPanicOfACodecIsAnErrorOfThePrompt(t *testing.T) {
	t.Parallel()
	cd := lookup(t, "PCMU", 8000)
	cd.Name = "BROKEN"
	cd.NewEncoder = func() media.Encoder { panic("boom") }
	c := newCache(t, prompt.Options{})
	for range 2 {
		if _, err := c.Get(t.Context(), "beep.wav", cd); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("%v", err)
		}
	}
}

func BenchmarkGetHit(b *testing.B) {
	dir := b.TempDir()
	put(b, dir, "a.wav", wavtest.Tone{})
	c := newCache(b, prompt.Options{Roots: []string{dir}})
	cd := lookup(b, "PCMU", 8000)
	b.ReportAllocs()
	for b.Loop() {
		get(b, c, "a.wav", cd)
	}
}

func BenchmarkGetMiss(b *testing.B) {
	dir := b.TempDir()
	for _, rate := range []int{8000, 44100} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			put(b, dir, "a.wav", wavtest.Tone{Rate: rate, Channels: 2, Duration: 2 * time.Second})
			cd := lookup(b, "PCMU", 8000)
			for b.Loop() {
				get(b, newCache(b, prompt.Options{Roots: []string{dir}}), "a.wav", cd)
			}
		})
	}
}
