package media

import "math"

// FloatToLinear returns 16 bit PCM for a sample of -1 to 1, to the nearest and limited;
// what is no number is silence.
func FloatToLinear(v float64) int16 {
	v *= 1 << 15
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v != v:
		return 0
	}
	return int16(math.RoundToEven(v))
}
