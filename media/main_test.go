package media_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var mono8 = media.Format{Rate: 8000, Channels: 1}

// counter is a source whose frames hold the number of the tick.
type counter struct {
	format  media.Format
	n       int16
	prepare time.Duration
	shard   int
	skipped int
	out     media.Frame
}

func newCounter() *counter { return &counter{format: mono8, shard: -1} }

func (c *counter) Process(_, out []*media.Frame) {
	c.n++
	for i := range c.out.PCM {
		c.out.PCM[i] = c.n
	}
	out[0] = &c.out
}

func (c *counter) Prepare(tick time.Duration) {
	c.prepare = tick
	c.out = media.Frame{PCM: make([]int16, c.format.Samples(tick)), Format: c.format}
}
func (c *counter) Placed(shard int)  { c.shard = shard }
func (c *counter) Skip(n int)        { c.skipped += n }
func (c *counter) In() media.Format  { return media.Format{} }
func (c *counter) Out() media.Format { return c.format }
func (c *counter) Name() string      { return "counter" }

// ear keeps the first sample of each input in each tick, -1 for none.
type ear struct {
	heard [][]int16
	quiet bool // do not keep
}

func (e *ear) Process(in, out []*media.Frame) {
	if e.quiet {
		return
	}
	row := make([]int16, len(in))
	for i, f := range in {
		row[i] = -1
		if f != nil {
			row[i] = f.PCM[0]
		}
	}
	e.heard = append(e.heard, row)
	for i := range out {
		out[i] = nil
		if len(in) > 0 {
			out[i] = in[0]
		}
	}
}
func (e *ear) Name() string { return "ear" }

// fixed wants one format.
type fixed struct {
	ear
	format media.Format
}

func (f *fixed) In() media.Format  { return f.format }
func (f *fixed) Out() media.Format { return f.format }

// halve is a converter to half the rate.
type halve struct {
	to  media.Format
	out media.Frame
}

func (h *halve) Process(in, out []*media.Frame) {
	out[0] = nil
	if in[0] != nil {
		h.out = media.Frame{PCM: in[0].PCM[:len(in[0].PCM)/2], Format: h.to}
		out[0] = &h.out
	}
}
func (h *halve) Name() string { return "halve" }

// bomb panics in its n-th tick.
type bomb struct{ n int }

func (b *bomb) Process(_, _ []*media.Frame) {
	if b.n--; b.n <= 0 {
		panic("boom")
	}
}
func (b *bomb) Name() string { return "bomb" }

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// eventually polls until ok or the test's patience ends.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
