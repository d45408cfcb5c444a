package waveform

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"rms/media"
	"rms/media/wav"
)

func testFile(t testing.TB, long time.Duration) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.wav")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(f, media.Format{Rate: 8000, Channels: 2}, wav.Mulaw)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 16000)
	for i := range pcm {
		pcm[i] = int16(i * 3)
	}
	for range int(long / time.Second) {
		if err := w.WriteSamples(pcm); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnOverviewIsMadeOnce(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	b, opened := testFile(t, 3*time.Second), 0
	s := &Source{Name: "../../etc/x.wav", Size: int64(len(b)), Time: time.Unix(1, 2)}
	s.Open = func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader(b)), nil
	}
	get := func(want int) *Overview {
		t.Helper()
		o, err := Cached(t.Context(), root, s, nil)
		if err != nil || opened != want {
			t.Fatalf("opened %d times, want %d: %v", opened, want, err)
		}
		return o
	}
	first := get(1)
	if second := get(1); !reflect.DeepEqual(first, second) {
		t.Error("the one that was kept is another")
	}
	s.Pauses = []Span{{At: time.Second, Length: time.Second}}
	get(2) // another pause, other shares of talk
	s.Time = time.Unix(2, 2)
	get(3)
	get(3)
	if err := Forget(root, s.Name); err != nil {
		t.Fatal(err)
	}
	get(4)
	if err := root.WriteFile(s.file(), []byte(magic+"garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	get(5)
}

func TestACacheThatCannotBeWrittenIsNone(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.WriteFile(".rms", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := testFile(t, time.Second)
	o, err := Cached(t.Context(), root, &Source{Name: "a", Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}, nil)
	if err != nil || o.Samples != 8000 {
		t.Errorf("%v", err)
	}
}

func FuzzUnmarshal(f *testing.F) {
	b := testFile(f, 3*time.Second)
	o, err := Read(f.Context(), bytes.NewReader(b), -1, ReadOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(o.marshal(7))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := unmarshal(b, 7)
		if err != nil {
			return
		}
		if !bytes.Equal(o.marshal(7), b) {
			t.Fatal("another after reading")
		}
		if err := o.SVG(io.Discard, Picture{}); err != nil {
			t.Fatal(err)
		}
	})
}

// An hour of stereo, from the file to the picture.
func BenchmarkAnHour(b *testing.B) {
	file := testFile(b, time.Hour)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := Read(b.Context(), bytes.NewReader(file), int64(len(file)), ReadOptions{})
		if err != nil || o.Duration() != time.Hour {
			b.Fatal(err)
		}
		if err := o.SVG(io.Discard, Picture{}); err != nil {
			b.Fatal(err)
		}
	}
}
