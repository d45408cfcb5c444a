package target

import "encoding/binary"

// onStack is how many samples a message has at most that is made on the stack: 24 kHz
// in one channel. The stack is in the cache, which the storage of a stream never is.
const onStack = 480

// appendSamples appends samples little-endian, XORed with the key of a mask, or 0.
func appendSamples(dst []byte, pcm []int16, mask uint32) []byte {
	key := uint64(mask)<<32 | uint64(mask)
	for ; len(pcm) >= 4; pcm = pcm[4:] {
		v := uint64(uint16(pcm[0])) | uint64(uint16(pcm[1]))<<16 | uint64(uint16(pcm[2]))<<32 | uint64(uint16(pcm[3]))<<48
		dst = binary.LittleEndian.AppendUint64(dst, v^key)
	}
	for i, s := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(s)^uint16(key>>(16*i)))
	}
	return dst
}
