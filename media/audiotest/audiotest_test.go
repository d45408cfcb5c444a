package audiotest_test

import (
	"math"
	"testing"
	"time"

	"rms/media/audiotest"
)

func TestFindMeasuresFrequencyAndLevel(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 44100} {
		for _, freq := range []float64{50, 440, 697, 1004.3, 3400} {
			for _, level := range []float64{0, -10, -40} {
				pcm := audiotest.Tone(rate, freq, level, 300*time.Millisecond)
				f, l := audiotest.Find(pcm, rate)
				if math.Abs(f-freq) > 0.1 || math.Abs(l-level) > 0.1 {
					t.Errorf("%v Hz at %v dBFS, rate %d: found %.3f Hz, %.2f dBFS", freq, level, rate, f, l)
				}
			}
		}
	}
}

func TestFindOfSilenceIsNothing(t *testing.T) {
	t.Parallel()
	for _, pcm := range [][]int16{nil, make([]int16, 5), make([]int16, 1000)} {
		if f, l := audiotest.Find(pcm, 8000); f != 0 || !math.IsInf(l, -1) {
			t.Errorf("%d samples of silence: %v Hz, %v dBFS", len(pcm), f, l)
		}
	}
}

func TestFindPicksTheLouderToneAmongNoise(t *testing.T) {
	t.Parallel()
	pcm, noise := audiotest.Tones(8000, time.Second, -20, 1209), audiotest.Noise(8000, -30, 1)
	for i, v := range audiotest.Tone(8000, 697, -14, time.Second) {
		pcm[i] += v + noise[i]
	}
	if f, l := audiotest.Find(pcm, 8000); math.Abs(f-697) > 0.5 || math.Abs(l+14) > 0.5 {
		t.Errorf("found %v Hz, %v dBFS", f, l)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Tone(8000, 1000, -6, time.Second)
	if l := audiotest.RMS(pcm); math.Abs(l+6) > 0.01 {
		t.Errorf("RMS %v, want -6", l)
	}
	if l := audiotest.RMS(audiotest.Noise(20000, -20, 1)); math.Abs(l+20) > 0.2 {
		t.Errorf("RMS of noise %v, want -20", l)
	}
	if l := audiotest.LevelAt(pcm, 8000, 2000); l > -90 {
		t.Errorf("%v dBFS where there is nothing", l)
	}
	if p := audiotest.Peak([]int16{5, -32768, 7}); p != 32768 {
		t.Errorf("peak %d", p)
	}
	if l := audiotest.RMS(nil); !math.IsInf(l, -1) {
		t.Errorf("RMS of nothing %v", l)
	}
}

// A sine rounded to 16 bits has 98.09 dB at full scale, 6.02 dB less for each bit.
func TestSNRSeesTheRounding(t *testing.T) {
	t.Parallel()
	for _, level := range []float64{0, -12.04, -24.08} {
		got := audiotest.SNR(audiotest.Tone(8000, 1021.7, level, time.Second), 8000, 1021.7)
		if want := 98.09 + level; math.Abs(got-want) > 0.5 {
			t.Errorf("%v dBFS: %.2f dB, want %.2f", level, got, want)
		}
	}
}

func TestDelayFindsTheLag(t *testing.T) {
	t.Parallel()
	a := audiotest.Voice(8000, -6, time.Second)
	for _, lag := range []int{0, 1, 77, 400} {
		b := append(make([]int16, lag), a...)
		if got, like := audiotest.Delay(a, b, 500); got != lag || like < 0.99 {
			t.Errorf("lag %d: got %d, likeness %.3f", lag, got, like)
		}
		if got, _ := audiotest.Delay(b, a, 500); got != -lag {
			t.Errorf("lag %d turned round: got %d", lag, got)
		}
	}
}

func TestClicksFindsSeamsOnly(t *testing.T) {
	t.Parallel()
	clean := map[string][]int16{
		"tone":    audiotest.Tone(8000, 440, -6, time.Second),
		"low":     audiotest.Tone(8000, 100, -6, time.Second),
		"noise":   audiotest.Noise(8000, -20, 3),
		"voice":   audiotest.Voice(8000, -6, time.Second),
		"onset":   append(make([]int16, 800), audiotest.Tone(8000, 200, -6, 100*time.Millisecond)...),
		"release": append(audiotest.Tone(8000, 200, -6, 100*time.Millisecond), make([]int16, 800)...),
	}
	for name, pcm := range clean {
		if at := audiotest.Clicks(pcm, 8000); len(at) != 0 {
			t.Errorf("%s: clicks at %v", name, at)
		}
	}
	tone := clean["tone"]
	cut := append(append([]int16(nil), tone[:4005]...), tone[4014:]...)
	silent := append([]int16(nil), tone...)
	clear(silent[4005:4165])
	spike := append([]int16(nil), tone...)
	spike[4005] += 3000
	for name, pcm := range map[string][]int16{"cut": cut, "silent": silent, "spike": spike} {
		at := audiotest.Clicks(pcm, 8000)
		if len(at) == 0 || at[0] < 4000 || at[0] > 4010 {
			t.Errorf("%s: clicks at %v, want one at 4005", name, at)
		}
	}
}
