package wav_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/media"
	"rms/media/wav"
)

const corpus = "../../testdata/wav"

// expectation is one entry of the corpus' EXPECT.json.
type expectation struct {
	Expect   string
	Seconds  []float64
	Hz       *float64
	Rate     int
	Channels int
	Why      string
}

// readAll reads a whole file in ticks of 20 ms.
func readAll(t testing.TB, r *wav.Reader) []int16 {
	t.Helper()
	pcm := make([]int16, max(r.Info().Format.Samples(20*time.Millisecond), 8))
	var all []int16
	for {
		n, err := r.ReadSamples(pcm)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%r.Info().Format.Channels != 0 {
			t.Fatalf("%d samples are not whole groups", n)
		}
		all = append(all, pcm[:n]...)
	}
}

// dominant is the strongest frequency of the first channel, from 60 Hz up.
func dominant(pcm []int16, f media.Format) float64 {
	x := make([]float64, len(pcm)/f.Channels)
	for i := range x {
		// A Hann window keeps the strength of a tone out of far bins.
		x[i] = float64(pcm[i*f.Channels]) * (1 - math.Cos(2*math.Pi*float64(i)/float64(len(x))))
	}
	best, hzBest := 0.0, 0.0
	step := math.Max(2, float64(f.Rate)/float64(len(x))/4)
	for hz := 60.0; hz < math.Min(3500, float64(f.Rate)/2); hz += step {
		k := 2 * math.Cos(2*math.Pi*hz/float64(f.Rate))
		var a, b float64
		for _, v := range x {
			a, b = v+k*a-b, a
		}
		if p := a*a + b*b - k*a*b; p > best {
			best, hzBest = p, hz
		}
	}
	return hzBest
}

// crossings is the frequency of a clean tone by its zero crossings.
func crossings(pcm []int16, f media.Format) float64 {
	n, up := len(pcm)/f.Channels, 0
	for i := 1; i < n; i++ {
		if pcm[i*f.Channels] >= 0 != (pcm[(i-1)*f.Channels] >= 0) {
			up++
		}
	}
	return float64(up) / 2 * float64(f.Rate) / float64(n)
}

func TestCorpusIsJudgedAsExpected(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(corpus, "EXPECT.json"))
	if err != nil {
		t.Fatal(err)
	}
	expect := map[string]expectation{}
	if err := json.Unmarshal(text, &expect); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(corpus, "*.wav"))
	if len(files) != len(expect) || len(files) < 36 {
		t.Fatalf("%d files, %d expectations", len(files), len(expect))
	}
	for name, e := range expect {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := os.Open(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			st, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int64{st.Size(), -1} {
				if _, err := f.Seek(0, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				judge(t, e, f, size)
			}
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			judge(t, e, struct{ io.Reader }{f}, -1)
		})
	}
}

// judge opens one file and compares with its expectation.
func judge(t *testing.T, e expectation, f io.Reader, size int64) {
	t.Helper()
	r, err := wav.Open(f, size)
	if err != nil {
		t.Logf("refused: %v", err)
		if e.Expect == "play" {
			t.Errorf("refused (%v) but must play: %s", err, e.Why)
		}
		return
	}
	if e.Expect == "reject" {
		t.Fatalf("accepted but must be refused: %s", e.Why)
	}
	i := r.Info()
	if i.Format.Rate != e.Rate || i.Format.Channels != e.Channels {
		t.Errorf("format %v, want %d Hz x%d", i.Format, e.Rate, e.Channels)
	}
	pcm := readAll(t, r)
	seconds := float64(len(pcm)) / float64(i.Format.Rate*i.Format.Channels)
	right := false
	for _, s := range e.Seconds {
		right = right || math.Abs(s-seconds) < 0.001
	}
	if !right {
		t.Errorf("%v s, want %v", seconds, e.Seconds)
	}
	if d, ok := i.Duration(); size >= 0 && (!ok || math.Abs(d.Seconds()-seconds) > 0.001) {
		t.Errorf("Duration() = %v, %v, but %v s were read", d, ok, seconds)
	}
	if hz := dominant(pcm, i.Format); e.Hz != nil && math.Abs(hz-*e.Hz) > 0.02**e.Hz {
		t.Errorf("%v Hz, want %v", hz, *e.Hz)
	}
}
