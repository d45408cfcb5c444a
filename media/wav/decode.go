package wav

import (
	"encoding/binary"
	"math"

	"rms/media"
)

// decode turns len(dst) stored samples into 16 bits. Wider integers are rounded,
// floats beyond full scale are clipped and NaN is silence.
func (l *layout) decode(dst []int16, src []byte) {
	switch {
	case l.encoding == Mulaw:
		for i := range dst {
			dst[i] = media.MulawToLinear[src[i]]
		}
	case l.encoding == Alaw:
		for i := range dst {
			dst[i] = media.AlawToLinear[src[i]]
		}
	case l.encoding == Float && l.width == 4:
		for i := range dst {
			dst[i] = media.FloatToLinear(float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))))
		}
	case l.encoding == Float:
		for i := range dst {
			dst[i] = media.FloatToLinear(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	default:
		decodePCM(dst, src, l.width)
	}
}

// decodePCM reads integers of 1 (unsigned) to 4 bytes.
func decodePCM(dst []int16, src []byte, width int) {
	switch width {
	case 1:
		for i := range dst {
			dst[i] = int16(int(src[i])-128) << 8
		}
	case 2:
		src = src[:2*len(dst)]
		for i := range dst {
			dst[i] = int16(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case 3:
		for i := range dst {
			b := src[3*i : 3*i+3]
			dst[i] = round16(int32(b[0])<<8 | int32(b[1])<<16 | int32(b[2])<<24)
		}
	case 4:
		for i := range dst {
			dst[i] = round16(int32(binary.LittleEndian.Uint32(src[4*i:])))
		}
	}
}

// round16 keeps the upper half of v, rounded.
func round16(v int32) int16 {
	if v >= math.MaxInt16<<16 {
		return math.MaxInt16
	}
	return int16((v + 1<<15) >> 16)
}
