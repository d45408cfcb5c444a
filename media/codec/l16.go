package codec

import (
	"encoding/binary"

	"rms/media"
)

// L16 is linear PCM in network byte order (RFC 3551 section 4.5.11). Its static
// payload types are for 44.1 kHz only, so these rates have dynamic ones.
func init() {
	for _, rate := range []int{8000, 16000} {
		Register(media.Codec{
			Name: "L16", PT: -1, ClockRate: rate, Rate: rate, Channels: 1, Bits: 16,
			NewEncoder: func() media.Encoder { return l16Encoder{} },
			NewDecoder: func() media.Decoder { return &l16Decoder{plc: newConcealer(rate)} },
		})
	}
}

type l16Encoder struct{}

func (l16Encoder) Reset() {}

func (l16Encoder) Encode(dst []byte, pcm []int16) []byte {
	dst, out := extend(dst, 2*len(pcm))
	for i, s := range pcm {
		binary.BigEndian.PutUint16(out[2*i:], uint16(s))
	}
	return dst
}

type l16Decoder struct{ plc concealer }

// Decode leaves out the odd last byte of a damaged payload.
func (d *l16Decoder) Decode(dst []int16, payload []byte) []int16 {
	dst, out := extend(dst, len(payload)/2)
	for i := range out {
		out[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	d.plc.heard(out)
	return dst
}

func (d *l16Decoder) Conceal(dst []int16, n int) []int16 { return d.plc.conceal(dst, n) }

func (d *l16Decoder) Reset() { d.plc.reset() }
