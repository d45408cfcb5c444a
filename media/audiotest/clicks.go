package audiotest

// Clicks returns where mono pcm jumps: the places, 5 ms apart at least, whose
// bend (the third difference) is more than ten times the usual one of the 10 ms
// on either side, and more than a jump of -50 dBFS has. A tone that starts from
// or ends in silence at a zero crossing is no click; a missing packet, a seam
// that does not fit and a spike are.
func Clicks(pcm []int16, rate int) []int {
	bend, slope := bends(pcm)
	near := rate / 100
	var found []int
	for i, v := range bend {
		at := i + 2
		if v < 4*amplitude(-50) || len(found) > 0 && at-found[len(found)-1] < rate/200 {
			continue
		}
		before, after := around(bend, i, near)
		if v <= 10*max(before, after) {
			continue
		}
		if 50*min(before, after) < max(before, after) && edge(slope, i, near) {
			continue
		}
		found = append(found, at)
	}
	return found
}

// bends returns the magnitudes of the third differences of pcm, and of the first
// ones at the same places.
func bends(pcm []int16) (bend, slope []float64) {
	if len(pcm) < 4 {
		return nil, nil
	}
	bend, slope = make([]float64, len(pcm)-3), make([]float64, len(pcm)-3)
	for i := range bend {
		a, b, c, d := float64(pcm[i]), float64(pcm[i+1]), float64(pcm[i+2]), float64(pcm[i+3])
		bend[i] = magnitude(d - 3*c + 3*b - a)
		slope[i] = magnitude(c - b)
	}
	return bend, slope
}

// edge reports whether a place beside silence is a plain start or end: no steeper
// than the sound itself.
func edge(slope []float64, at, near int) bool {
	before, after := around(slope, at, near)
	steepest := 0.0
	for _, v := range slope[max(at-2, 0):min(at+3, len(slope))] {
		steepest = max(steepest, v)
	}
	return steepest <= 1.5*max(before, after)
}

// around returns the greatest of v before and after a place, without the five
// values on each side that a click itself touches.
func around(v []float64, at, near int) (before, after float64) {
	const guard = 5
	for _, x := range v[max(at-near, 0):max(at-guard, 0)] {
		before = max(before, x)
	}
	for _, x := range v[min(at+guard, len(v)):min(at+near, len(v))] {
		after = max(after, x)
	}
	return before, after
}

func magnitude(v float64) float64 { return max(v, -v) }
