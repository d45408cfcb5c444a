package codec_test

import (
	"math"
	"testing"

	"rms/media/audiotest"
	"rms/media/codec"
)

func TestComfortNoiseHasTheLevelOfItsPayload(t *testing.T) {
	t.Parallel()
	for _, payload := range [][]byte{{30}, {50}, {65}, {40, 127 - 100, 127 + 40}, {40, 200, 60, 127, 130, 90}} {
		var c codec.ComfortNoise
		c.Update(payload)
		pcm := c.Generate(nil, 80000)[8000:]
		if got := audiotest.RMS(pcm) - 3.01; math.Abs(got+float64(payload[0])) > 0.7 {
			t.Errorf("%v: %.1f dBov", payload, got)
		}
	}
}

// A negative first coefficient is low-pass noise, a positive one high-pass.
func TestComfortNoiseHasTheSpectrumOfItsPayload(t *testing.T) {
	t.Parallel()
	for _, k := range []int{-100, 100} {
		var c codec.ComfortNoise
		c.Update([]byte{30, byte(127 + k)})
		pcm := c.Generate(nil, 40000)
		together := 0.0
		for i := 1; i < len(pcm); i++ {
			together += float64(pcm[i]) * float64(pcm[i-1])
		}
		if together*float64(k) >= 0 {
			t.Errorf("coefficient %d: neighbours go together by %g", k, together)
		}
	}
}

func TestComfortNoiseBearsAnyPayload(t *testing.T) {
	t.Parallel()
	var c codec.ComfortNoise
	if p := audiotest.Peak(c.Generate(nil, 1000)); p != 0 {
		t.Errorf("before any payload the peak is %d", p)
	}
	wild := make([]byte, 300)
	for i := range wild {
		wild[i] = byte(i * 197)
	}
	for _, payload := range [][]byte{wild, nil, {0}, {127}, {0, 0}, {0, 255, 0, 255, 0}} {
		c.Update(payload)
		c.Generate(nil, 4000)
	}
	c.Update([]byte{127})
	if p := audiotest.Peak(c.Generate(nil, 8000)[4000:]); p > 1 {
		t.Errorf("-127 dBov has a peak of %d", p)
	}
	c.Reset()
	if p := audiotest.Peak(c.Generate(nil, 1000)); p != 0 {
		t.Errorf("after Reset the peak is %d", p)
	}
}

func TestComfortNoiseGlides(t *testing.T) {
	t.Parallel()
	var c codec.ComfortNoise
	c.Update([]byte{40})
	pcm := c.Generate(nil, 8000)
	c.Update([]byte{60})
	pcm = c.Generate(pcm, 8000)
	if at := audiotest.Clicks(pcm[800:], 8000); len(at) > 0 {
		t.Errorf("clicks at %v", at)
	}
}

func TestComfortNoiseDoesNotAllocate(t *testing.T) {
	var c codec.ComfortNoise
	dst, payload := make([]int16, 0, 160), []byte{40, 100, 140}
	if n := testing.AllocsPerRun(100, func() {
		c.Update(payload)
		dst = c.Generate(dst[:0], 160)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
