package codec

// g722Taps is the length of the quadrature mirror filter (G.722 table 11).
const g722Taps = 24

// g722QMF returns the sums over the even and the odd taps of the mirror filter,
// x[23] being the newest sample. The same filter splits the band in the encoder
// and joins it in the decoder. The taps are symmetrical, scaled by 8192, and
// their absolute sum keeps the result within 31 bits.
func g722QMF(x *[g722Taps]int16) (even, odd int32) {
	even = 3*int32(x[23]) - 11*int32(x[21]) + 12*int32(x[19]) + 32*int32(x[17]) -
		210*int32(x[15]) + 951*int32(x[13]) + 3876*int32(x[11]) - 805*int32(x[9]) +
		362*int32(x[7]) - 156*int32(x[5]) + 53*int32(x[3]) - 11*int32(x[1])
	odd = 3*int32(x[0]) - 11*int32(x[2]) + 12*int32(x[4]) + 32*int32(x[6]) -
		210*int32(x[8]) + 951*int32(x[10]) + 3876*int32(x[12]) - 805*int32(x[14]) +
		362*int32(x[16]) - 156*int32(x[18]) + 53*int32(x[20]) - 11*int32(x[22])
	return even, odd
}

// clamp15 limits to the range of a sub-band sample.
func clamp15(v int32) int32 { return max(-16384, min(v, 16383)) }

// clamp16 limits to 16 bits, as every addition of the Recommendation does.
func clamp16(v int32) int32 {
	if v != int32(int16(v)) {
		return 32767 ^ v>>31
	}
	return v
}
