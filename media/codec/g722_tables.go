package codec

import "math"

// g722Ends are the ends of the quantizer's intervals for the lower band, in
// 1/4096 of the step size (G.722 table 14, Q6).
var g722Ends = [29]uint16{
	35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
	786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
}

const g722LastEnd = 2919

// g722Interval is the number of the first end of at least the index, counted
// from 1; 30 above the last.
var g722Interval = func() (t [g722LastEnd + 2]uint8) {
	i := 0
	for u := range t {
		for i < len(g722Ends) && int(g722Ends[i]) < u {
			i++
		}
		t[u] = uint8(i + 1)
	}
	return t
}()

// g722LowCode is the 6 bit code of an interval, for positive and negative
// differences (G.722 table 17). The first two negative codes lie apart: 64 kbit/s
// has no code with the upper four bits 0.
var g722LowCode = func() (t [32][2]int32) {
	for i := 1; i <= 30; i++ {
		t[i] = [2]int32{int32(62 - i), int32(34 - i)}
	}
	t[1][1], t[2][1] = 63, 62
	return t
}()

// g722Out4, g722Out6 and g722Out2 are the inverse quantizers, in 1/32768 of the
// step size: the lower band's upper four bits, all its six bits (G.722 table 15),
// and the upper band (table 18).
var (
	g722Out4 = [16]int32{
		0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
		20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
	}
	g722Out6 = [64]int32{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704,
		-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
		-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
		10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
		1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	g722Out2 = [4]int32{-7408, -1616, 7408, 1616}
)

// g722Step4 and g722Step2 are what a code adds to the logarithmic scale factor
// (G.722 tables 19 and 20).
var (
	g722Step4 = [16]int32{
		-60, 3042, 1198, 538, 334, 172, 58, -30,
		3042, 1198, 538, 334, 172, 58, -30, -60,
	}
	g722Step2 = [4]int32{798, -214, 798, -214}
)

// g722LowDelta and g722HighDelta turn the upper bits of the scale factor (32 an
// octave) into a step size.
var (
	g722LowDelta  = g722Deltas(8)
	g722HighDelta = g722Deltas(10)
)

// g722Deltas computes 4 * 2^(i/32), rounded as table 21 of the Recommendation
// does: eleven bits of mantissa first, then the shift for the octave.
func g722Deltas(octaves int) (t [22528>>6 + 1]int32) {
	for i := range t {
		mantissa := int(math.Round(2048 * math.Exp2(float64(i%32)/32)))
		if shift := octaves - i/32; shift >= 0 {
			t[i] = int32(mantissa >> shift << 2)
		} else {
			t[i] = int32(mantissa << -shift << 2)
		}
	}
	return t
}
