package filter_test

import (
	"testing"
	"time"

	"rms/media"
)

var mono8 = media.Format{Rate: 8000, Channels: 1}

// mulaw is PCMU without concealment: what it invents is 7777.
var mulaw = media.Codec{
	Name: "PCMU", PT: 0, ClockRate: 8000, Rate: 8000, Channels: 1, Bits: 8,
	NewEncoder: func() media.Encoder { return &mulawCodec{} },
	NewDecoder: func() media.Decoder { return &mulawCodec{} },
}

type mulawCodec struct{ resets int }

func (c *mulawCodec) Reset() { c.resets++ }

func (c *mulawCodec) Encode(dst []byte, pcm []int16) []byte {
	n := len(dst)
	if cap(dst)-n < len(pcm) {
		dst = append(make([]byte, 0, n+len(pcm)), dst...)
	}
	dst = dst[:n+len(pcm)]
	for i, v := range pcm {
		dst[n+i] = media.LinearToMulaw(v)
	}
	return dst
}

func (c *mulawCodec) Decode(dst []int16, payload []byte) []int16 {
	for _, b := range payload {
		dst = append(dst, media.MulawToLinear[b])
	}
	return dst
}

func (c *mulawCodec) Conceal(dst []int16, n int) []int16 {
	for range n {
		dst = append(dst, 7777)
	}
	return dst
}

// turn runs f once on these inputs.
func turn(f media.Filter, in ...*media.Frame) *media.Frame {
	var out [1]*media.Frame
	f.Process(in, out[:])
	return out[0]
}

// hear ticks f, a source, n times and returns its audio with zeros for no audio.
func hear(f media.Filter, n int, format media.Format, tick time.Duration) []int16 {
	var pcm []int16
	for range n {
		if fr := turn(f); fr != nil {
			pcm = append(pcm, fr.PCM...)
		} else {
			pcm = append(pcm, make([]int16, format.Samples(tick))...)
		}
	}
	return pcm
}

func noAllocations(t *testing.T, f media.Filter, in ...*media.Frame) {
	t.Helper()
	var out [1]*media.Frame
	f.Process(in, out[:])
	if n := testing.AllocsPerRun(100, func() { f.Process(in, out[:]) }); n != 0 {
		t.Errorf("%T: %v allocations a tick", f, n)
	}
}
