package ogg

// crcTable is that of the polynomial 0x04c11db7, most significant bit first, which
// hash/crc32 has no form of.
var crcTable = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&0x80000000 != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

// crc goes on with a checksum.
func crc(sum uint32, b []byte) uint32 {
	for _, v := range b {
		sum = sum<<8 ^ crcTable[byte(sum>>24)^v]
	}
	return sum
}
