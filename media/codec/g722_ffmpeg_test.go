package codec

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
)

func mustLookup(t testing.TB, name string, clockRate int) media.Codec {
	t.Helper()
	c, ok := Lookup(name, clockRate, 1)
	if !ok {
		t.Fatalf("%s/%d is not registered", name, clockRate)
	}
	return c
}

// g722Signals are what both implementations code. None overloads the filter bank
// (see TestG722DiffersFromFFmpegInOverloadOnly).
func g722Signals() map[string][]int16 {
	sweep := audiotest.Tone(16000, 100, -6, 100*time.Millisecond)
	for f := 200.0; f < 8000; f *= 1.3 {
		sweep = append(sweep, audiotest.Tone(16000, f, -6, 100*time.Millisecond)...)
	}
	burst := audiotest.Noise(16000, -12, 7)
	for i := range burst {
		burst[i] >>= i / 1000 % 12
	}
	return map[string][]int16{
		"sweep":     sweep,
		"noise":     audiotest.Noise(32000, -14, 1),
		"bursts":    burst,
		"voice":     audiotest.Voice(16000, -3, 2*time.Second),
		"quiet":     audiotest.Noise(16000, -70, 2),
		"silence":   make([]int16, 4000),
		"loud tone": audiotest.Tone(16000, 1000, -0.1, time.Second),
		"dc":        slices.Repeat([]int16{20000}, 4000),
	}
}

func TestG722EncoderEqualsFFmpeg(t *testing.T) {
	t.Parallel()
	g722 := mustLookup(t, "G722", 8000)
	for name, pcm := range g722Signals() {
		got := g722.NewEncoder().Encode(nil, pcm)
		want := ffmpeg(t, littleEndian(pcm), "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-", "-c:a", "g722", "-f", "g722", "-")
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("%s: byte %d of %d differs (ours has %d)", name, i, len(want), len(got))
		}
	}
}

func TestG722DecoderEqualsFFmpeg(t *testing.T) {
	t.Parallel()
	g722 := mustLookup(t, "G722", 8000)
	inputs := map[string][]byte{}
	for name, pcm := range g722Signals() {
		inputs[name] = g722.NewEncoder().Encode(nil, pcm)
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 20000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	inputs["random"] = random
	for name, payload := range inputs {
		got := littleEndian(g722.NewDecoder().Decode(nil, payload))
		want := ffmpeg(t, payload, "-f", "g722", "-i", "-", "-f", "s16le", "-")
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("%s: byte %d of %d differs (ours has %d)", name, i, len(want), len(got))
		}
	}
}

// The Recommendation limits both bands to 15 bits behind the filter bank (section
// 5.2.1). FFmpeg leaves that out, which only shows in signals far beyond the
// overload point: without the limit our bits are FFmpeg's.
func TestG722DiffersFromFFmpegInOverloadOnly(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, 32000)
	for i := range pcm {
		pcm[i] = [2]int16{32767, -32768}[r.Uint32()&1]
	}
	want := ffmpeg(t, littleEndian(pcm), "-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-", "-c:a", "g722", "-f", "g722", "-")
	limited := newG722Encoder().Encode(nil, pcm)
	if firstDifference(limited, want) < 0 {
		t.Error("the signal does not overload")
	}
	e := newG722Encoder()
	padded := append(make([]int16, g722Taps-2), pcm...)
	unlimited := make([]byte, len(pcm)/2)
	for i := range unlimited {
		even, odd := g722QMF((*[g722Taps]int16)(padded[2*i:]))
		unlimited[i] = byte(e.high.encodeHigh((even-odd)>>14)<<6 | e.low.encodeLow((even+odd)>>14))
	}
	if i := firstDifference(unlimited, want); i >= 0 {
		t.Errorf("byte %d differs without the limit too", i)
	}
}

// firstDifference returns where the two differ, -1 when they are equal.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return -1
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func BenchmarkG722(b *testing.B) {
	g722 := mustLookup(b, "G722", 8000)
	pcm := audiotest.Voice(16000, -6, time.Second)
	payload := g722.NewEncoder().Encode(nil, pcm)
	b.Run("encode", func(b *testing.B) {
		enc, dst := g722.NewEncoder(), make([]byte, 0, 160)
		for i := 0; b.Loop(); i++ {
			dst = enc.Encode(dst[:0], pcm[i%50*320:][:320])
		}
	})
	b.Run("decode", func(b *testing.B) {
		dec, dst := g722.NewDecoder(), make([]int16, 0, 320)
		for i := 0; b.Loop(); i++ {
			dst = dec.Decode(dst[:0], payload[i%50*160:][:160])
		}
	})
}
