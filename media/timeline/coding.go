package timeline

import (
	"encoding/binary"
	"strings"

	"rms/media"
)

// plain is a coding without memory, which is decoded here from any place of a
// payload: no decoder is kept for it.
type plain uint8

const (
	plainNone plain = iota
	plainMulaw
	plainAlaw
	plainLinear
)

// coding is what a payload type means.
type coding struct {
	pt       uint8
	silent   bool // comfort noise, digits: no audio
	plain    plain
	codec    media.Codec
	spare    []media.Decoder
	channels int
}

// comfortNoise is the static payload type of RFC 3389.
const comfortNoise = 13

func newCoding(pt uint8, c media.Codec) *coding {
	k := &coding{pt: pt, codec: c, channels: max(c.Channels, 1)}
	if k.codec.Rate <= 0 {
		k.codec.Rate = c.ClockRate
	}
	switch strings.ToUpper(c.Name) {
	case "CN", "TELEPHONE-EVENT":
		k.silent = true
	case "PCMU":
		k.plain = plainMulaw
	case "PCMA":
		k.plain = plainAlaw
	case "L16":
		k.plain = plainLinear
	}
	if k.plain != plainNone {
		k.codec.Rate, k.codec.Bits = c.ClockRate, 8
		if k.plain == plainLinear {
			k.codec.Bits = 16
		}
	}
	return k
}

// usable tells whether packets of the coding can be placed.
func (k *coding) usable() bool {
	c := &k.codec
	known := k.plain != plainNone || c.NewDecoder != nil
	return k.silent || (known && c.ClockRate >= 1000 && c.ClockRate <= 384000 && c.Rate >= 1000 && c.Rate <= 384000)
}

// units is the length of a payload in units of the clock, 0 when its size does not
// tell.
func (k *coding) units(payload int) int64 {
	if bits := k.codec.Bits * k.channels; bits > 0 {
		return int64(payload) * 8 / int64(bits)
	}
	return 0
}

// bytesPerSecond is what a stream brings at most, as far as the coding tells.
func (k *coding) bytesPerSecond() int {
	bits := k.codec.Bits
	if bits == 0 {
		bits = 16
	}
	return k.codec.ClockRate * bits * k.channels / 8
}

// decoder lends a decoder in its reset state; nil for plain codings.
func (k *coding) decoder() media.Decoder {
	if k.plain != plainNone {
		return nil
	}
	if n := len(k.spare); n > 0 {
		d := k.spare[n-1]
		k.spare = k.spare[:n-1]
		d.Reset()
		return d
	}
	return k.codec.NewDecoder()
}

func (k *coding) giveBack(d media.Decoder) {
	if d != nil && len(k.spare) < 2 {
		k.spare = append(k.spare, d)
	}
}

// decode appends the audio of a payload, as mono.
func (k *coding) decode(d media.Decoder, dst []int16, payload []byte) []int16 {
	start := len(dst)
	switch k.plain {
	case plainMulaw:
		dst = expand(dst, payload, &media.MulawToLinear)
	case plainAlaw:
		dst = expand(dst, payload, &media.AlawToLinear)
	case plainLinear:
		for ; len(payload) >= 2; payload = payload[2:] {
			dst = append(dst, int16(binary.BigEndian.Uint16(payload)))
		}
	case plainNone:
		dst = d.Decode(dst, payload)
	}
	if k.channels > 1 {
		dst = mix(dst, start, k.channels)
	}
	return dst
}

func expand(dst []int16, payload []byte, table *[256]int16) []int16 {
	n := len(dst)
	if cap(dst)-n < len(payload) {
		dst = append(dst, make([]int16, len(payload))...)
	}
	dst = dst[:n+len(payload)]
	out := dst[n:]
	for i, c := range payload {
		out[i] = table[c]
	}
	return dst
}

// mix makes one channel of what begins at start.
func mix(pcm []int16, start, channels int) []int16 {
	in, n := pcm[start:], (len(pcm)-start)/channels
	for i := range n {
		sum := 0
		for _, s := range in[i*channels:][:channels] {
			sum += int(s)
		}
		in[i] = int16(sum / channels)
	}
	return pcm[:start+n]
}

// end returns the part of a plain payload that holds its last n samples; nil when
// it holds fewer.
func (k *coding) end(payload []byte, n int) []byte {
	size := k.channels
	if k.plain == plainLinear {
		size *= 2
	}
	whole := len(payload) / size * size
	if whole < n*size {
		return nil
	}
	return payload[whole-n*size : whole]
}
