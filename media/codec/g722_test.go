package codec

import (
	"bytes"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"rms/media/audiotest"
)

func golden(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../testdata/g722/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The files hold what FFmpeg made of the same input; see testdata/g722/README.md.
func TestG722EqualsGoldenFiles(t *testing.T) {
	t.Parallel()
	pcm, code := fromLittleEndian(golden(t, "mixed.s16")), golden(t, "mixed.g722")
	if i := firstDifference(newG722Encoder().Encode(nil, pcm), code); i >= 0 {
		t.Errorf("encoder: byte %d differs", i)
	}
	got := littleEndian(newG722Decoder().Decode(nil, code))
	if i := firstDifference(got, golden(t, "mixed.decoded.s16")); i >= 0 {
		t.Errorf("decoder: byte %d differs", i)
	}
}

func TestG722BlocksMakeNoDifference(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(4000, -12, 1)
	code := newG722Encoder().Encode(nil, pcm)
	out := newG722Decoder().Decode(nil, code)
	for _, block := range []int{1, 2, 3, 160, 321, 999} {
		e, d := newG722Encoder(), newG722Decoder()
		var c []byte
		var o []int16
		for part := range slices.Chunk(pcm, block) {
			c = e.Encode(c, part)
		}
		for part := range slices.Chunk(code, block) {
			o = d.Decode(o, part)
		}
		if !bytes.Equal(c, code) || !slices.Equal(o, out) {
			t.Errorf("blocks of %d: other audio", block)
		}
	}
}

func TestG722ResetIsTheStateOfANewOne(t *testing.T) {
	t.Parallel()
	e, d := newG722Encoder(), newG722Decoder()
	pcm := audiotest.Voice(16000, -6, 100*time.Millisecond)
	first := e.Encode(nil, pcm)
	out := d.Decode(nil, first)
	d.Conceal(nil, 320)
	e.Encode(nil, pcm[:7])
	e.Reset()
	d.Reset()
	if again := e.Encode(nil, pcm); !bytes.Equal(again, first) || !slices.Equal(d.Decode(nil, again), out) {
		t.Error("a reset codec differs from a new one")
	}
}

// A payload that was encoded from reset state does not fit a decoder that heard
// other audio: that is why prompts of a codec with state are shared as PCM and
// encoded by each call.
func TestG722PayloadFromResetStateIsLoudInAnUsedDecoder(t *testing.T) {
	t.Parallel()
	worst := 0.0
	for _, before := range joinCases() {
		for _, after := range joinCases() {
			payload := newG722Encoder().Encode(nil, after.pcm)
			far, near := newG722Decoder(), newG722Decoder()
			far.Decode(nil, newG722Encoder().Encode(nil, before.pcm))
			worst = max(worst, excess(far.Decode(nil, payload), near.Decode(nil, payload)))
		}
	}
	t.Logf("worst excess %.1f dB", worst)
	if worst < 20 {
		t.Errorf("the excess is %.1f dB only: prompts could be shared as payload", worst)
	}
}

// excess returns by how many dB the peak of any 5 ms of the first 400 ms is above
// those around it in alone, -40 dBFS and less being quiet.
func excess(with, alone []int16) float64 {
	worst := 0.0
	for i := 0; i+80 <= min(len(alone), 6400); i += 80 {
		got := max(300, audiotest.Peak(with[i:i+80]))
		want := max(300, audiotest.Peak(alone[max(0, i-80):min(len(alone), i+160)]))
		worst = max(worst, 20*math.Log10(float64(got)/float64(want)))
	}
	return worst
}

type joinCase struct {
	name string
	pcm  []int16
}

func joinCases() []joinCase {
	voice := audiotest.Voice(16000, -3, 600*time.Millisecond)
	quiet := append(slices.Clone(voice), audiotest.Noise(1600, -66, 1)...)
	return []joinCase{
		{"voice", voice[:5600]},
		{"voice and pause", quiet},
		{"tone", audiotest.Tone(16000, 440, -10, 300*time.Millisecond)},
		{"loud tone", audiotest.Tone(16000, 1000, -1, 300*time.Millisecond)},
		{"noise", audiotest.Noise(4800, -20, 3)},
		{"silence", make([]int16, 1600)},
	}
}
