package audiotest

import "math"

// SNR fits a sine of freq Hz to mono pcm by least squares and returns the power
// of the sine over that of all the rest, in dB. A constant offset counts as noise.
// Give it an undisturbed stretch: the ends of a filtered tone are not steady.
func SNR(pcm []int16, rate int, freq float64) float64 {
	var ss, cc, sc, sy, cy, yy float64
	step := 2 * math.Pi * freq / float64(rate)
	for i, v := range pcm {
		s, c := math.Sincos(math.Mod(step*float64(i), 2*math.Pi))
		y := float64(v)
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		sy, cy, yy = sy+s*y, cy+c*y, yy+y*y
	}
	det := ss*cc - sc*sc
	if det <= 1e-9*ss*cc {
		return math.Inf(-1)
	}
	a, b := (sy*cc-cy*sc)/det, (cy*ss-sy*sc)/det
	signal := a*sy + b*cy
	return 10 * math.Log10(signal/max(yy-signal, 1e-9))
}

// Difference returns the power of want over that of got minus want, in dB, over
// the length of the shorter.
func Difference(got, want []int16) float64 {
	n := min(len(got), len(want))
	signal, noise := 0.0, 0.0
	for i := range n {
		d := float64(got[i]) - float64(want[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}
