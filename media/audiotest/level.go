package audiotest

import "math"

// RMS returns the level of pcm in dBFS, -Inf for silence. A square wave of full
// scale has +3.01.
func RMS(pcm []int16) float64 { return level(2 * power(pcm)) }

// Peak returns the greatest magnitude in pcm.
func Peak(pcm []int16) int {
	peak := 0
	for _, s := range pcm {
		peak = max(peak, int(s), -int(s))
	}
	return peak
}

// LevelAt returns the level of one frequency, in Hz, in dBFS. Other tones are
// kept out by a window when they are at least 4*rate/len(pcm) away.
func LevelAt(pcm []int16, rate int, freq float64) float64 {
	return level(goertzel(windowed(pcm), 2*math.Pi*freq/float64(rate)))
}

// goertzel returns the square of the amplitude at step radians a sample.
func goertzel(x []float64, step float64) float64 {
	c := 2 * math.Cos(step)
	s1, s2 := 0.0, 0.0
	for _, v := range x {
		s1, s2 = v+c*s1-s2, s1
	}
	return s1*s1 + s2*s2 - c*s1*s2
}

// level turns a squared amplitude into dBFS.
func level(square float64) float64 {
	return 10 * math.Log10(square/(32767*32767))
}

func power(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return sum / float64(len(pcm))
}

// windowed returns pcm under the Blackman-Harris window, whose side lobes are
// 92 dB down, scaled so that a transform gives amplitudes.
func windowed(pcm []int16) []float64 {
	x := make([]float64, len(pcm))
	step, scale := 2*math.Pi/float64(len(pcm)), 2/(0.35875*float64(len(pcm)))
	for i, s := range pcm {
		c := math.Cos(step * (float64(i) + 0.5))
		c2 := 2*c*c - 1
		w := 0.35875 - 0.48829*c + 0.14128*c2 - 0.01168*c*(2*c2-1)
		x[i] = w * scale * float64(s)
	}
	return x
}
