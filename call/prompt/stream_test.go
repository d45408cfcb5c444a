package prompt_test

import (
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"rms/call/prompt"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/wav/wavtest"
)

// hear reads a stream to its end.
func hear(t *testing.T, s media.Source) []int16 {
	t.Helper()
	var all []int16
	var f media.Frame
	for {
		err := s.Read(&f)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(f.PCM) == 0 || len(f.PCM) > f.Format.Samples(20*time.Millisecond) {
			t.Fatalf("a frame of %d samples", len(f.PCM))
		}
		all = append(all, f.PCM...)
	}
}

func TestLongFileIsStreamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "long.wav", wavtest.Tone{Rate: 44100, Channels: 2, Hz: 440, Duration: 3 * time.Second})
	c := newCache(t, prompt.Options{Roots: []string{dir}, Long: 16000})
	cd := lookup(t, "PCMU", 8000)
	if _, err := c.Get(t.Context(), "long.wav", cd); !errors.Is(err, prompt.ErrLong) {
		t.Fatalf("%v", err)
	}
	s, err := c.Stream("long.wav", cd.Format(), 0)
	if err != nil {
		t.Fatal(err)
	}
	pcm := hear(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if hz, _ := audiotest.Find(pcm, 8000); len(pcm) != 24000 || math.Abs(hz-440) > 3 || s.Format() != cd.Format() {
		t.Errorf("%d samples, %v Hz", len(pcm), hz)
	}
	if _, err := c.Stream("none.wav", cd.Format(), 0); err == nil {
		t.Error("a missing file streams")
	}
}

func TestStreamEqualsTheCachedPrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.wav", wavtest.Tone{Rate: 48000, Channels: 2, Encoding: "pcm24"})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "L16", 16000)
	want := get(t, c, "a.wav", cd).PCM
	s, err := c.Stream("a.wav", cd.Format(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := hear(t, s)
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("sample %d is %d, want %d", i, got[i], want[i])
		}
	}
}

func TestLoopHasNoSeam(t *testing.T) {
	t.Parallel()
	c := newCache(t, prompt.Options{})
	cd := lookup(t, "PCMU", 8000)
	s, err := c.Stream("music.wav", cd.Format(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pcm := hear(t, s)
	if len(pcm) != 3*51200 {
		t.Errorf("%d samples, want %d", len(pcm), 3*51200)
	}
	// A seam would be a step larger than any inside the music.
	most, seam := 0, 0
	for i := 1; i < len(pcm); i++ {
		step := int(math.Abs(float64(pcm[i]) - float64(pcm[i-1])))
		if i%51200 == 0 {
			seam = max(seam, step)
		} else {
			most = max(most, step)
		}
	}
	if seam > most {
		t.Errorf("step of %d at the seam, %d inside", seam, most)
	}
	forever, err := c.Stream("beep.wav", cd.Format(), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer forever.Close()
	var f media.Frame
	for i := range 1000 {
		if err := forever.Read(&f); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
}

func TestEmptyFileEndsEvenInALoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "empty.wav", wavtest.Tone{Duration: time.Nanosecond})
	put(t, dir, "empty44.wav", wavtest.Tone{Duration: time.Nanosecond, Rate: 44100})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	for _, name := range []string{"empty.wav", "empty44.wav"} {
		s, err := c.Stream(name, cd.Format(), -1)
		if err != nil {
			t.Fatal(err)
		}
		if pcm := hear(t, s); len(pcm) != 0 {
			t.Errorf("%d samples", len(pcm))
		}
		_ = s.Close()
		if p := get(t, c, name, cd); p.Samples != 0 {
			t.Errorf("%d samples", p.Samples)
		}
	}
}

func TestStreamDoesNotAllocate(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.wav", wavtest.Tone{Rate: 48000, Channels: 2, Duration: 20 * time.Second})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	s, err := c.Stream("a.wav", media.Format{Rate: 8000, Channels: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := media.Frame{PCM: make([]int16, 0, 160)}
	if err := s.Read(&f); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(200, func() {
		if err := s.Read(&f); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}
