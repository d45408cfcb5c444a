package prompt_test

import (
	"context"
	"math"
	"testing"
	"time"

	"rms/call/prompt"
	"rms/media/audiotest"
	"rms/media/codec"
)

func TestTonesAreSharedAndOfTheirLength(t *testing.T) {
	t.Parallel()
	c, err := prompt.New(prompt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pcmu, _ := codec.Lookup("PCMU", 8000, 1)
	for name, want := range map[string]struct {
		hz float64
		d  time.Duration
	}{"tone:440": {440, time.Second}, "tone:1000/250ms": {1000, 250 * time.Millisecond}, "silence:2s": {0, 2 * time.Second}} {
		p, err := c.Get(context.Background(), name, pcmu)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Duration(p.Samples) * time.Second / 8000; got != want.d {
			t.Errorf("%s lasts %v", name, got)
		}
		if hz, _ := audiotest.Find(p.PCM, 8000); want.hz > 0 && math.Abs(hz-want.hz) > 5 {
			t.Errorf("%s is at %.0f Hz", name, hz)
		}
		again, err := c.Get(context.Background(), name, pcmu)
		if err != nil || again != p {
			t.Errorf("%s is made again for each call (%v)", name, err)
		}
	}
	for _, name := range []string{"tone:", "tone:0", "tone:5000", "tone:440/1h", "silence:x", "silence:-1s"} {
		if _, err := c.Get(context.Background(), name, pcmu); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}
