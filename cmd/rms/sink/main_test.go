package sink_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/cmd/rms/sink"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/wav"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// probe is a sink under test with what it reported.
type probe struct {
	*sink.Sink
	t   *testing.T
	dir string

	mu     sync.Mutex
	events []sink.Event
}

// start runs a sink on a free port of this machine until the test ends.
func start(t *testing.T, o sink.Options) *probe {
	t.Helper()
	p := &probe{t: t, dir: t.TempDir()}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Dir = p.dir
	o.Report = func(e sink.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
	}
	s, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	p.Sink = s
	t.Cleanup(p.close)
	return p
}

func (p *probe) close() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		p.t.Error(err)
	}
}

// all returns the events of a kind.
func (p *probe) all(kind string) []sink.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.events), func(e sink.Event) bool { return e.Event != kind })
}

// await returns the n-th event of a kind, from 1.
func (p *probe) await(kind string, n int) sink.Event {
	p.t.Helper()
	await(p.t, "event "+kind, func() bool { return len(p.all(kind)) >= n })
	return p.all(kind)[n-1]
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// counter returns one of the sink's counters.
func (p *probe) counter(name string) uint64 { return p.Summary().Counters[name] }

// read decodes a WAV file of the sink.
func (p *probe) read(name string) (media.Format, []int16) {
	p.t.Helper()
	return readWAV(p.t, filepath.Join(p.dir, name))
}

func readWAV(t *testing.T, name string) (media.Format, []int16) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var all []int16
	pcm := make([]int16, 8192)
	for {
		n, err := r.ReadSamples(pcm)
		if err != nil {
			return r.Info().Format, all
		}
		all = append(all, pcm[:n]...)
	}
}

// wantTone checks frequency and level of mono audio.
func wantTone(t *testing.T, what string, pcm []int16, rate int, hz, dBFS float64) {
	t.Helper()
	f, l := audiotest.Find(pcm, rate)
	if math.Abs(f-hz) > hz/200 || math.Abs(l-dBFS) > 0.5 {
		t.Errorf("%s: %.1f Hz at %.1f dBFS, want %v at %v", what, f, l, hz, dBFS)
	}
}

// channel takes one side out of interleaved stereo.
func channel(pcm []int16, c int) []int16 {
	var out []int16
	for i := c; i < len(pcm); i += 2 {
		out = append(out, pcm[i])
	}
	return out
}

func interleave(left, right []int16) []int16 {
	out := make([]int16, 0, 2*len(left))
	for i := range left {
		out = append(out, left[i], right[i])
	}
	return out
}

func bytesOf(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = append(b, byte(s), byte(uint16(s)>>8))
	}
	return b
}

func samplesOf(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(b[2*i]) | uint16(b[2*i+1])<<8)
	}
	return pcm
}

// clipFile writes a WAV file of a tone to be played.
func clipFile(t *testing.T, rate int, hz, dBFS float64, d time.Duration) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.wav")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := wav.NewWriter(f, media.Format{Rate: rate, Channels: 1}, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSamples(audiotest.Tone(rate, hz, dBFS, d)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// files lists what the sink has written.
func (p *probe) files() []string {
	p.t.Helper()
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		p.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// harmless fails for text that steers a terminal.
func harmless(t *testing.T, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(r rune) bool {
		return r < 0x20 && r != '\n' || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r == 0x2028
	}); i >= 0 {
		t.Errorf("%q steers a terminal at %d", text, i)
	}
}
