package wav_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"rms/media/wav"
	"rms/media/wav/wavtest"
)

func TestErrorsOfTheSourceReachTheCaller(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	b := tone(t, wavtest.Tone{})
	r, err := wav.Open(io.MultiReader(bytes.NewReader(b[:1000]), iotest.ErrReader(broken)), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 4096)
	if n, err := r.ReadSamples(pcm); n != (1000-44)/2 || err != nil {
		t.Errorf("before the error: %d, %v", n, err)
	}
	if _, err := r.ReadSamples(pcm); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := wav.Open(io.MultiReader(bytes.NewReader(b[:20]), iotest.ErrReader(broken)), int64(len(b))); !errors.Is(err, broken) {
		t.Errorf("in the header: %v", err)
	}
	if _, err := wav.Open(stuck{}, -1); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source without progress: %v", err)
	}
	if _, err := r.ReadSamples(nil); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("no room: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// chunked returns a header followed by n copies of a chunk and then the rest.
func chunked(head, chunk string, n int, rest []byte) []byte {
	return append([]byte(head+strings.Repeat(chunk, n)), rest...)
}

func TestClaimedSizesCostNoMemoryAndNoTime(t *testing.T) {
	b := tone(t, wavtest.Tone{})
	head := "RIFF\xff\xff\xff\xffWAVE"
	big := "LIST\xff\xff\xff\x7f"
	for name, data := range map[string][]byte{
		"list of 2 GiB":       []byte(head + big),
		"many claims":         chunked(head, "cue \x00\x00\x00\x00", 100000, b[12:]),
		"fmt of 4 GiB":        []byte(head + "fmt \xff\xff\xff\xff"),
		"ds64 of 2^63":        chunked("RF64\xff\xff\xff\xffWAVEds64\x1c\x00\x00\x00"+strings.Repeat("\xff", 28), "", 0, b[12:]),
		"data of 2 GiB":       chunked(head, "", 0, append(append([]byte{}, b[12:40]...), "\xfe\xff\xff\x7f"...)),
		"data of 4 GiB - 2":   chunked(head, "", 0, append(append([]byte{}, b[12:40]...), "\xfe\xff\xff\xff"...)),
		"odd size, no source": []byte(head + "LIST\xff\xff\xff\xff"),
	} {
		for _, size := range []int64{int64(len(data)), -1, 1 << 62} {
			for _, src := range []io.Reader{bytes.NewReader(data), struct{ io.Reader }{bytes.NewReader(data)}} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				if r, err := wav.Open(src, size); err == nil {
					if n := len(readAll(t, r)); n > len(data) {
						t.Errorf("%s: %d samples out of %d bytes", name, n, len(data))
					}
				}
				runtime.ReadMemStats(&after)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 200<<10 {
					t.Errorf("%s: %d bytes allocated", name, grown)
				}
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join(corpus, "*.wav"))
	for _, name := range files {
		f.Add(readFile(f, name))
	}
	f.Add(tone(f, wavtest.Tone{RF64: true, Duration: 10 * time.Millisecond, Extensible: true}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var want []int16
		for i, src := range []io.Reader{bytes.NewReader(b), iotest.HalfReader(bytes.NewReader(b))} {
			r, err := wav.Open(src, int64(len(b)))
			if err != nil {
				continue
			}
			info := r.Info()
			if info.Format.Check() != nil || info.Frames < 0 {
				t.Fatalf("%+v", info)
			}
			pcm := readAll(t, r)
			if int64(len(pcm)) != info.Frames*int64(info.Format.Channels) {
				t.Fatalf("%d samples, but %+v", len(pcm), info)
			}
			if i == 1 && want != nil && len(want) != len(pcm) {
				t.Fatalf("%d and %d samples by seeking and by reading", len(want), len(pcm))
			}
			want = pcm
		}
	})
}
