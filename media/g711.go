package media

import "math/bits"

// MulawToLinear is the G.711 mu-law expansion: 16 bit PCM for each code, the
// 14 bit values of the Recommendation shifted left by two.
var MulawToLinear = expandTable(mulawExpand)

// AlawToLinear is the G.711 A-law expansion: 16 bit PCM for each code, the
// 13 bit values of the Recommendation shifted left by three.
var AlawToLinear = expandTable(alawExpand)

// A code depends on the upper 14 bits (mu-law) or 12 bits (A-law) of a sample
// only, so compression is one look-up in a table that fits the first cache.
var (
	mulawCode = compressTable14()
	alawCode  = compressTable12()
)

// LinearToMulaw compresses one 16 bit sample by G.711 mu-law. Decision values
// are exact; samples beyond the overload point take the outermost code.
func LinearToMulaw(s int16) byte { return mulawCode[uint16(s)>>2] }

// LinearToAlaw compresses one 16 bit sample by G.711 A-law, even bits inverted
// as on the wire.
func LinearToAlaw(s int16) byte { return alawCode[uint16(s)>>4] }

func expandTable(expand func(byte) int16) (t [256]int16) {
	for i := range t {
		t[i] = expand(byte(i))
	}
	return t
}

func compressTable14() (t [1 << 14]byte) {
	for i := range t {
		t[i] = mulawCompress(int16(uint16(i) << 2))
	}
	return t
}

func compressTable12() (t [1 << 12]byte) {
	for i := range t {
		t[i] = alawCompress(int16(uint16(i) << 4))
	}
	return t
}

// mulawExpand returns the middle of the code's interval: with the bias of 33
// the eight segments start at powers of two, 16 steps each (G.711 table 2).
func mulawExpand(code byte) int16 {
	code = ^code // all bits travel inverted
	segment := code >> 4 & 7
	v := (int(code&15)<<1|33)<<segment - 33
	if code&0x80 != 0 {
		v = -v
	}
	return int16(v << 2)
}

func mulawCompress(s int16) byte {
	sign, m := split(s)
	m = min(m>>2+33, 8191)
	segment := bits.Len(uint(m)) - 6
	return ^(sign | byte(segment<<4) | byte(m>>(segment+1)&15))
}

// alawExpand returns the middle of the code's interval: the first two segments
// share a step, the others double it (G.711 table 1).
func alawExpand(code byte) int16 {
	code ^= 0x55 // every second bit travels inverted
	segment := int(code >> 4 & 7)
	v := int(code&15)<<1 | 1
	if segment > 0 {
		v = (v | 32) << (segment - 1)
	}
	if code&0x80 == 0 {
		v = -v
	}
	return int16(v << 3)
}

func alawCompress(s int16) byte {
	sign, m := split(s)
	m >>= 4
	segment := max(bits.Len(uint(m))-4, 0)
	mantissa := m >> max(segment-1, 0) & 15
	return (sign ^ 0x80 | byte(segment<<4) | byte(mantissa)) ^ 0x55
}

// split returns 0x80 for a negative sample, and the magnitude in one's
// complement: G.711's intervals are symmetrical about the point between -1 and 0.
func split(s int16) (sign byte, magnitude int) {
	if s < 0 {
		return 0x80, int(^s)
	}
	return 0, int(s)
}
