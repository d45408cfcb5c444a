package codec

import "rms/media"

func init() {
	Register(media.Codec{
		Name: "PCMA", PT: 8, ClockRate: 8000, Rate: 8000, Channels: 1, Bits: 8,
		NewEncoder: func() media.Encoder { return alawEncoder{} },
		NewDecoder: func() media.Decoder { return newTableDecoder(&media.AlawToLinear) },
	})
}

// alawEncoder is G.711 A-law; it has no state.
type alawEncoder struct{}

func (alawEncoder) Reset() {}

func (alawEncoder) Encode(dst []byte, pcm []int16) []byte {
	dst, out := extend(dst, len(pcm))
	for i, s := range pcm[:len(out)] {
		out[i] = media.LinearToAlaw(s)
	}
	return dst
}
