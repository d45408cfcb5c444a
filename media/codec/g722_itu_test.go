package codec

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
)

// The ITU-T's sequences of G.722 Appendix II go round the filter bank: both
// bands get the same word, whose last bit says reset. Sequence 2 drives every
// sum into saturation. It is made here by its rule; the checksums that the ITU-T
// publishes beside its files say whether the input and our answers are right.
func TestG722MatchesITUOverflowSequence(t *testing.T) {
	t.Parallel()
	input := overflowSequence()
	checkCRC(t, "bt1c2.xmt", input, 0x2D604685)

	low, high := newG722Band(g722LowStart), newG722Band(g722HighStart)
	codes := make([]uint16, len(input))
	for i, w := range input {
		if w&1 == 1 {
			low, high = newG722Band(g722LowStart), newG722Band(g722HighStart)
			codes[i] = 1
			continue
		}
		x := int32(int16(w)) >> 1
		codes[i] = uint16(high.encodeHigh(x)<<6|low.encodeLow(x)) << 8
	}
	checkCRC(t, "bt2r2.cod", codes, 0x344EA5D0)

	outLow, outHigh := make([]uint16, len(codes)), make([]uint16, len(codes))
	for i, w := range codes {
		if w&1 == 1 {
			low, high = newG722Band(g722LowStart), newG722Band(g722HighStart)
			outLow[i], outHigh[i] = 1, 1
			continue
		}
		outLow[i] = uint16(low.decodeLow(int32(w>>8&63)) << 1)
		outHigh[i] = uint16(high.decodeHigh(int32(w>>14)) << 1)
	}
	checkCRC(t, "bt3l2.rc1", outLow, 0xAF00F31F)
	checkCRC(t, "bt3h2.rc0", outHigh, 0x5330AE2E)
}

func overflowSequence() []uint16 {
	reset := slices.Repeat([]uint16{1}, 16)
	s := slices.Clone(reset)
	s = append(s, slices.Repeat([]uint16{0x8000, 0x7FFE}, 319)...)
	s = append(s, 0x8000, 0, 0xB1E0, 0xC000)
	for len(s) < 800-16 {
		s = append(s, 0x8000, 0x7FFE, 0x8000)
	}
	return append(s[:800-16], reset...)
}

func checkCRC(t *testing.T, name string, words []uint16, want uint32) {
	t.Helper()
	b := make([]byte, 0, 2*len(words))
	for _, w := range words {
		b = binary.LittleEndian.AppendUint16(b, w)
	}
	if got := crc32.ChecksumIEEE(b); got != want {
		t.Errorf("%s: CRC %08X, want %08X: %s", name, got, want, fmt.Sprintf("%04x", words[:24]))
	}
}
