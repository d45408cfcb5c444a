package codec

import "rms/media"

func init() {
	Register(media.Codec{
		Name: "PCMU", PT: 0, ClockRate: 8000, Rate: 8000, Channels: 1, Bits: 8,
		NewEncoder: func() media.Encoder { return mulawEncoder{} },
		NewDecoder: func() media.Decoder { return newTableDecoder(&media.MulawToLinear) },
	})
}

// mulawEncoder is G.711 mu-law; it has no state.
type mulawEncoder struct{}

func (mulawEncoder) Reset() {}

func (mulawEncoder) Encode(dst []byte, pcm []int16) []byte {
	dst, out := extend(dst, len(pcm))
	for i, s := range pcm[:len(out)] {
		out[i] = media.LinearToMulaw(s)
	}
	return dst
}
