package wav_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	goaudio "github.com/go-audio/wav"

	"rms/media"
	"rms/media/wav"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sine is d of a tone at half level.
func sine(hz float64, f media.Format, d time.Duration) []int16 {
	pcm := make([]int16, f.Samples(d))
	for i := range pcm {
		pcm[i] = int16(16384 * math.Sin(2*math.Pi*hz*float64(i/f.Channels)/float64(f.Rate)))
	}
	return pcm
}

func TestWrittenFilesAreReadByBothReaders(t *testing.T) {
	t.Parallel()
	f := media.Format{Rate: 16000, Channels: 2}
	pcm := sine(600, f, 1234*time.Millisecond)
	for _, e := range []wav.Encoding{wav.PCM, wav.Mulaw, wav.Alaw} {
		file, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		w, err := wav.NewWriter(file, f, e)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteSamples(pcm); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		b := readFile(t, file.Name())
		r := open(t, b)
		got := readAll(t, r)
		if r.Info().Format != f || len(got) != len(pcm) || w.Samples() != int64(len(pcm)) {
			t.Errorf("%v: %+v, %d samples, want %d", e, r.Info(), len(got), len(pcm))
		}
		if hz := dominant(got, f); math.Abs(hz-600) > 12 {
			t.Errorf("%v: %v Hz", e, hz)
		}
		if e != wav.PCM {
			continue
		}
		want, err := goaudio.NewDecoder(bytes.NewReader(b)).FullPCMBuffer()
		if err != nil || len(want.Data) != len(pcm) || want.Data[999] != int(pcm[999]) {
			t.Errorf("the oracle: %v", err)
		}
		if err := w.WriteSamples(pcm); err == nil {
			t.Error("written after Close")
		}
	}
}

func TestOddDataIsPadded(t *testing.T) {
	t.Parallel()
	var m memory
	w, err := wav.NewWriter(&m, media.Format{Rate: 8000, Channels: 1}, wav.Mulaw)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.WriteSamples(make([]int16, 7)), w.Close()); err != nil {
		t.Fatal(err)
	}
	if len(m.b)%2 != 0 || len(readAll(t, open(t, m.b))) != 7 {
		t.Errorf("%d bytes", len(m.b))
	}
}

func TestFileIsPlayableAtAnyMoment(t *testing.T) {
	t.Parallel()
	f := media.Format{Rate: 8000, Channels: 1}
	tick := sine(500, f, 20*time.Millisecond)
	var m memory
	w, err := wav.NewWriter(&m, f, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := w.WriteSamples(tick); err != nil {
			t.Fatal(err)
		}
		r, err := wav.Open(bytes.NewReader(m.b), int64(len(m.b)))
		if err != nil {
			t.Fatalf("tick %d: %v", i, err)
		}
		written, got := f.Duration((i+1)*len(tick)), f.Duration(len(readAll(t, r)))
		if got > written || written-got >= time.Second {
			t.Fatalf("tick %d: %v written, %v playable", i, written, got)
		}
	}
}

func TestOver4GiBTheFileIsRF64(t *testing.T) {
	t.Parallel()
	f := media.Format{Rate: 192000, Channels: 8}
	s := &sparse{}
	w, err := wav.NewWriter(s, f, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSamples(make([]int16, 8)); err != nil {
		t.Fatal(err)
	}
	w.Skip(1 << 33)
	if err := errors.Join(w.WriteSamples(make([]int16, 8)), w.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := wav.Open(bytes.NewReader(s.head), 1<<34)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(1<<33+32) / 16; string(s.head[:4]) != "RF64" || r.Info().Frames != want {
		t.Errorf("%q, %+v, want %d frames", s.head[:4], r.Info(), want)
	}
}

func TestBadOrdersToTheWriterAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f media.Format
		e wav.Encoding
	}{{media.Format{}, wav.PCM}, {media.Format{Rate: 8000, Channels: 9}, wav.PCM}, {media.Format{Rate: 8000, Channels: 1}, wav.Float}, {media.Format{Rate: 8000, Channels: 1}, 0}} {
		if _, err := wav.NewWriter(&memory{}, c.f, c.e); err == nil {
			t.Errorf("accepted: %v %v", c.f, c.e)
		}
	}
}

func TestFullDiskIsReportedAndWhatIsWrittenStaysPlayable(t *testing.T) {
	t.Parallel()
	f := media.Format{Rate: 8000, Channels: 1}
	m := memory{limit: 40000}
	w, err := wav.NewWriter(&m, f, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = w.WriteSamples(make([]int16, 160))
	}
	if !errors.Is(err, errFull) || !errors.Is(w.WriteSamples(make([]int16, 160)), errFull) || !errors.Is(w.Close(), errFull) {
		t.Errorf("got %v", err)
	}
	if n := len(readAll(t, open(t, m.b))); n < 16000 {
		t.Errorf("%d samples playable of 39906 bytes", n)
	}
}

func TestWritingDoesNotAllocate(t *testing.T) {
	for _, e := range []wav.Encoding{wav.PCM, wav.Mulaw, wav.Alaw} {
		w, err := wav.NewWriter(&sparse{}, media.Format{Rate: 8000, Channels: 1}, e)
		if err != nil {
			t.Fatal(err)
		}
		pcm := make([]int16, 160)
		if n := testing.AllocsPerRun(200, func() {
			if err := w.WriteSamples(pcm); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations per write", e, n)
		}
	}
}

var errFull = errors.New("no space left")

// memory is a file in memory, with a limit when it is not 0.
type memory struct {
	b     []byte
	limit int
}

func (m *memory) Write(p []byte) (int, error) {
	if m.limit > 0 && len(m.b)+len(p) > m.limit {
		n := m.limit - len(m.b)
		m.b = append(m.b, p[:n]...)
		return n, errFull
	}
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > int64(len(m.b)) {
		return 0, io.ErrShortWrite
	}
	return copy(m.b[at:], p), nil
}

// sparse keeps only the last header.
type sparse struct{ head []byte }

func (s *sparse) Write(p []byte) (int, error) {
	if s.head == nil {
		s.head = bytes.Clone(p)
	}
	return len(p), nil
}

func (s *sparse) WriteAt(p []byte, _ int64) (int, error) { return copy(s.head, p), nil }
