package record_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/media"
	"rms/media/record"
	"rms/media/wav"
)

func TestMain(m *testing.M) {
	if os.Getenv(childRoot) != "" {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

const tick = 20 * time.Millisecond

// patience is how long tests wait for what should be soon.
const patience = 3 * time.Minute

// open opens a store whose turns the test takes.
func open(t *testing.T, o record.Options) *record.Store {
	t.Helper()
	if o.Root == "" {
		o.Root = t.TempDir()
	}
	s, err := record.Open(o.Still())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func start(t *testing.T, s *record.Store, spec record.Spec) (*record.Recording, *diary) {
	t.Helper()
	d := &diary{stopped: make(chan struct{})}
	spec.Events = d
	r, err := s.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "the file to be open", func() bool { return r.State() != record.Opening && d.begun() })
	return r, d
}

func wait(t *testing.T, what string, true_ func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !true_(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// diary notes the events of a recording.
type diary struct {
	mu      sync.Mutex
	started bool
	gaps    []record.Gap
	errs    []error
	result  record.Result
	ends    int
	after   bool // something was told after the end
	stopped chan struct{}
}

func (d *diary) note(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after = d.after || d.ends > 0
	f()
}
func (d *diary) Started(*record.Recording) { d.note(func() { d.started = true }) }
func (d *diary) Gap(_ *record.Recording, g record.Gap) {
	d.note(func() { d.gaps = append(d.gaps, g) })
}
func (d *diary) Failed(_ *record.Recording, err error) {
	d.note(func() { d.errs = append(d.errs, err) })
}
func (d *diary) Stopped(_ *record.Recording, result record.Result) {
	d.note(func() {
		d.result = result
		if d.ends++; d.ends == 1 {
			close(d.stopped)
		}
	})
}

func (d *diary) begun() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started || len(d.errs) > 0
}

func (d *diary) seen() ([]record.Gap, []error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]record.Gap(nil), d.gaps...), append([]error(nil), d.errs...)
}

// end waits for the last event.
func (d *diary) end(t *testing.T) record.Result {
	t.Helper()
	select {
	case <-d.stopped:
	case <-time.After(patience):
		t.Fatal("the recording does not stop")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.after || d.ends != 1 {
		t.Errorf("%d ends, events after the end: %v", d.ends, d.after)
	}
	return d.result
}

// tone is a tone whose samples depend on their place only.
func tone(at, n int, hz float64, rate int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(8000*math.Sin(2*math.Pi*hz*float64(at+i)/float64(rate))) | 1 // never silence
	}
	return pcm
}

// feed gives both sides so much of a tone, a tick at a time, and tells the time.
func feed(r *record.Recording, from, to time.Duration, rate int) {
	for at := from; at < to; at += tick {
		n := int(int64(rate) * int64(tick) / int64(time.Second))
		place := int(int64(at) * int64(rate) / int64(time.Second))
		r.PCM(0, at, tone(place, n, 440, rate), rate)
		r.PCM(1, at, tone(place, n, 1000, rate), rate)
		r.Tick(at + tick)
	}
}

// read returns the samples of a file, interleaved.
func read(t *testing.T, root, name string) (media.Format, []int16) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, b)
}

func decode(t *testing.T, b []byte) (media.Format, []int16) {
	t.Helper()
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var all []int16
	buf := make([]int16, 4096)
	for {
		n, err := r.ReadSamples(buf)
		all = append(all, buf[:n]...)
		if err != nil || n == 0 {
			break
		}
	}
	return r.Info().Format, all
}

// channel picks one of two channels.
func channel(pcm []int16, n int) []int16 {
	out := make([]int16, 0, len(pcm)/2)
	for i := n; i < len(pcm); i += 2 {
		out = append(out, pcm[i])
	}
	return out
}

// same reports the first difference.
func same(t *testing.T, what string, got, want []int16) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d samples, want %d", what, len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("%s: sample %d is %d, want %d", what, i, got[i], want[i])
			return
		}
	}
}
