package audiotest

import (
	"math"
	"math/rand/v2"
	"time"
)

// Tone returns d of a sine at rate samples per second, mono, with freq in Hz and
// level in dBFS. It starts at phase 0 and is rounded to the nearest sample.
func Tone(rate int, freq, level float64, d time.Duration) []int16 {
	return Tones(rate, d, level, freq)
}

// Tones returns d of several sines added, each at level dBFS, limited to 16 bits.
func Tones(rate int, d time.Duration, level float64, freqs ...float64) []int16 {
	pcm := make([]int16, int(int64(rate)*int64(d)/int64(time.Second)))
	a := amplitude(level)
	for i := range pcm {
		v := 0.0
		for _, f := range freqs {
			v += a * math.Sin(2*math.Pi*math.Mod(f*float64(i), float64(rate))/float64(rate))
		}
		pcm[i] = round16(v)
	}
	return pcm
}

// Noise returns n samples of white noise with a level in dBFS, the same for each
// seed.
func Noise(n int, level float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	pcm := make([]int16, n)
	a := amplitude(level) / math.Sqrt2
	for i := range pcm {
		pcm[i] = round16(a * r.NormFloat64())
	}
	return pcm
}

// Voice returns d of something like a voiced sound at rate samples per second:
// harmonics of a pitch that glides around 120 Hz, swelling four times a second,
// with peaks near level dBFS.
func Voice(rate int, level float64, d time.Duration) []int16 {
	pcm := make([]int16, int(int64(rate)*int64(d)/int64(time.Second)))
	a := amplitude(level)
	for i := range pcm {
		t := float64(i) / float64(rate)
		phase := 2 * math.Pi * (120*t + 3*math.Sin(2*math.Pi*0.7*t))
		v := 0.0
		for k := 1.0; k <= 20; k++ {
			v += math.Sin(k*phase) / k
		}
		pcm[i] = round16(a * v / 2 * (0.55 - 0.45*math.Cos(2*math.Pi*4*t)))
	}
	return pcm
}

func amplitude(level float64) float64 { return 32767 * math.Pow(10, level/20) }

func round16(v float64) int16 {
	return int16(math.RoundToEven(max(-32768, min(v, 32767))))
}
