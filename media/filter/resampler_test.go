package filter_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

var resampleRates = []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000}

// oddRatePairs share no usual factor, so that the rows of the filter are blended.
var oddRatePairs = [][2]int{{44101, 8000}, {8000, 44101}, {191999, 8000}, {7999, 16000}, {8000, 11027}}

// ratePairs are those that a call can meet, and some between the extremes.
func ratePairs() (all [][2]int) {
	for _, from := range resampleRates {
		for _, to := range []int{8000, 16000, 48000} {
			all = append(all, [2]int{from, to}, [2]int{to, from})
		}
	}
	all = append(all, [2]int{11025, 12000}, [2]int{44100, 11025}, [2]int{192000, 11025}, [2]int{22050, 32000})
	return append(all, oddRatePairs...)
}

func resample(t testing.TB, pcm []int16, from, to, channels int) []int16 {
	t.Helper()
	r, err := filter.NewRate(from, to, channels)
	if err != nil {
		t.Fatal(err)
	}
	return r.Flush(r.Process(nil, pcm))
}

// steady cuts the ends off, where a tone that starts and stops is not a sine.
func steady(pcm []int16) []int16 { return pcm[len(pcm)/5 : len(pcm)*4/5] }

func TestResamplerKeepsATone(t *testing.T) {
	t.Parallel()
	worst := math.Inf(1)
	for _, p := range ratePairs() {
		from, to := p[0], p[1]
		low := float64(min(from, to))
		for _, freq := range []float64{0.0313 * low, 0.1257 * low, 0.3751 * low, 0.425 * low} {
			out := steady(resample(t, audiotest.Tone(from, freq, -0.5, 100*time.Millisecond), from, to, 1))
			snr := audiotest.SNR(out, to, freq)
			worst = min(worst, snr)
			if snr < 90 {
				t.Errorf("%d to %d Hz: %.0f Hz has SNR %.1f dB", from, to, freq, snr)
			}
			if level := audiotest.RMS(out) + 0.5; math.Abs(level) > 0.1 {
				t.Errorf("%d to %d Hz: %.0f Hz changes by %.3f dB", from, to, freq, level)
			}
		}
	}
	t.Logf("worst SNR %.1f dB", worst)
}

func TestResamplerRejectsAliases(t *testing.T) {
	t.Parallel()
	worst := math.Inf(-1)
	for _, p := range ratePairs() {
		from, to := p[0], p[1]
		if to >= from {
			continue
		}
		for _, share := range []float64{0.01, 0.03, 0.1, 0.4, 0.9} {
			freq := float64(to)/2 + share*float64(from-to)/2
			out := steady(resample(t, audiotest.Tone(from, freq, 0, 40*time.Millisecond), from, to, 1))
			if level := audiotest.RMS(out); level > -90 {
				t.Errorf("%d to %d Hz: %.0f Hz comes through at %.1f dBFS", from, to, freq, level)
			} else {
				worst = max(worst, level)
			}
		}
	}
	t.Logf("worst alias %.1f dBFS", worst)
}

func TestResamplerRejectsImages(t *testing.T) {
	t.Parallel()
	for _, p := range ratePairs() {
		from, to := p[0], p[1]
		if to < from*3/2 {
			continue
		}
		for _, share := range []float64{0.05, 0.3, 0.425, 0.49} {
			freq := share * float64(from)
			image := float64(from) - freq
			out := steady(resample(t, audiotest.Tone(from, freq, 0, 150*time.Millisecond), from, to, 1))
			if level := audiotest.LevelAt(out, to, image); image < float64(to)/2 && level > -90 {
				t.Errorf("%d to %d Hz: %.0f Hz has an image at %.0f Hz of %.1f dBFS", from, to, freq, image, level)
			}
		}
	}
}

func TestResamplerIsAlignedAndOfTheRightLength(t *testing.T) {
	t.Parallel()
	for _, p := range ratePairs() {
		from, to := p[0], p[1]
		in := audiotest.Voice(from, -6, 207*time.Millisecond)
		out := resample(t, in, from, to, 1)
		want := float64(len(in)) * float64(to) / float64(from)
		if math.Abs(float64(len(out))-want) > 1 {
			t.Errorf("%d to %d Hz: %d samples give %d, want %.1f", from, to, len(in), len(out), want)
		}
		lag, like := audiotest.Delay(audiotest.Voice(to, -6, 207*time.Millisecond), out, to/100)
		if lag != 0 || like < 0.99 {
			t.Errorf("%d to %d Hz: lag %d, likeness %.4f", from, to, lag, like)
		}
	}
}

func TestResamplerBlocksMakeNoDifference(t *testing.T) {
	t.Parallel()
	for _, p := range [][2]int{{8000, 16000}, {16000, 8000}, {44100, 8000}, {11025, 48000}, {44101, 8000}} {
		in := audiotest.Noise(5000, -12, 1)
		whole := resample(t, in, p[0], p[1], 1)
		for _, block := range []int{1, 7, 160, 441, 4999} {
			r, err := filter.NewRate(p[0], p[1], 1)
			if err != nil {
				t.Fatal(err)
			}
			var out []int16
			for part := range slices.Chunk(in, block) {
				had := len(out)
				out = r.Process(out, part)
				if n := len(out) - had; n > r.MaxOut(len(part)) && had > 0 {
					t.Fatalf("%v: %d samples gave %d, MaxOut is %d", p, len(part), n, r.MaxOut(len(part)))
				}
			}
			if out = r.Flush(out); !slices.Equal(out, whole) {
				t.Errorf("%v: blocks of %d give other audio", p, block)
			}
		}
	}
}

func TestResamplerKeepsChannelsApart(t *testing.T) {
	t.Parallel()
	left, right := audiotest.Tone(44100, 440, -6, 100*time.Millisecond), audiotest.Noise(4410, -20, 2)
	both := make([]int16, 0, 2*len(left))
	for i := range left {
		both = append(both, left[i], right[i])
	}
	out := resample(t, both, 44100, 8000, 2)
	wantLeft, wantRight := resample(t, left, 44100, 8000, 1), resample(t, right, 44100, 8000, 1)
	if len(out) != 2*len(wantLeft) {
		t.Fatalf("%d samples, want %d", len(out), 2*len(wantLeft))
	}
	for i := range wantLeft {
		if out[2*i] != wantLeft[i] || out[2*i+1] != wantRight[i] {
			t.Fatalf("sample %d is %v, want %d and %d", i, out[2*i:2*i+2], wantLeft[i], wantRight[i])
		}
	}
}

func TestResamplerLimitsInsteadOfWrapping(t *testing.T) {
	t.Parallel()
	square := make([]int16, 4000)
	for i := range square {
		square[i] = 32767
		if i/20%2 == 1 {
			square[i] = -32768
		}
	}
	out := steady(resample(t, square, 8000, 16000, 1))
	for i := 1; i < len(out); i++ {
		if d := int(out[i]) - int(out[i-1]); d > 60000 || d < -60000 {
			t.Fatalf("sample %d wraps from %d to %d", i, out[i-1], out[i])
		}
	}
}

func TestResamplerAfterFlushIsNew(t *testing.T) {
	t.Parallel()
	r, err := filter.NewRate(22050, 8000, 1)
	if err != nil {
		t.Fatal(err)
	}
	in := audiotest.Noise(3000, -12, 1)
	first := r.Flush(r.Process(nil, in))
	if again := r.Flush(r.Process(nil, in)); !slices.Equal(first, again) {
		t.Error("the second stream differs")
	}
	if out := r.Flush(nil); len(out) != 0 {
		t.Errorf("nothing gives %d samples", len(out))
	}
}

func TestResamplerRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	for _, p := range [][3]int{{0, 8000, 1}, {8000, -1, 1}, {999, 8000, 1}, {8000, 400000, 1}, {8000, 16000, 0}, {8000, 16000, 9}} {
		if _, err := filter.NewRate(p[0], p[1], p[2]); !errors.Is(err, media.ErrFormat) {
			t.Errorf("%v: error %v", p, err)
		}
		if _, err := filter.NewResampler(p[0], p[1], p[2]); !errors.Is(err, media.ErrFormat) {
			t.Errorf("%v: error %v", p, err)
		}
	}
}

func TestResamplerDoesNotAllocate(t *testing.T) {
	for _, p := range [][2]int{{8000, 16000}, {48000, 8000}, {44101, 8000}} {
		r, err := filter.NewRate(p[0], p[1], 2)
		if err != nil {
			t.Fatal(err)
		}
		src := make([]int16, 2*p[0]/50)
		dst := make([]int16, 0, r.MaxOut(len(src)))
		if n := testing.AllocsPerRun(100, func() { dst = r.Process(dst[:0], src) }); n != 0 {
			t.Errorf("%v: %v allocations", p, n)
		}
	}
}

func FuzzResamplerTakesAnyRatesAndBlocks(f *testing.F) {
	f.Add(8000, 16000, 160, uint8(1))
	f.Add(44100, 8000, 3, uint8(2))
	f.Add(384000, 1000, 777, uint8(8))
	f.Fuzz(func(t *testing.T, from, to, block int, channels uint8) {
		r, err := filter.NewRate(from, to, int(channels))
		if err != nil || block < 0 || block > 5000 {
			return
		}
		src := make([]int16, block)
		out := r.Process(nil, src)
		out = r.Flush(r.Process(out, src))
		want := float64(2*(block/int(channels))) * float64(to) / float64(from)
		if math.Abs(float64(len(out)/int(channels))-want) > 1 {
			t.Fatalf("%s: %d samples, want %.1f", fmt.Sprint(from, to, block, channels), len(out), want)
		}
	})
}
