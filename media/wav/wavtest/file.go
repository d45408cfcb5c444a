package wavtest

import (
	"encoding/binary"
	"math"
)

// stored says the format tag and the bits of each encoding.
var stored = map[string][2]uint16{
	"pcm8": {1, 8}, "pcm16": {1, 16}, "pcm24": {1, 24}, "pcm32": {1, 32},
	"float32": {3, 32}, "float64": {3, 64}, "alaw": {6, 8}, "ulaw": {7, 8},
}

// file puts the chunks around the samples.
func (t Tone) file(encoding string, samples []byte) []byte {
	le := binary.LittleEndian
	var body []byte
	if t.RF64 {
		body = append(body, "ds64\x1c\x00\x00\x00"...)
		body = append(body, make([]byte, 8)...) // the size of all, filled below
		body = le.AppendUint64(body, uint64(len(samples)))
		body = append(body, make([]byte, 12)...)
	}
	fmtBody := t.fmtBody(encoding)
	body = append(body, "fmt "...)
	body = le.AppendUint32(body, uint32(len(fmtBody)))
	body = append(body, fmtBody...)
	body = append(body, "data"...)
	size := uint32(len(samples))
	if t.Streamed || t.RF64 {
		size = math.MaxUint32
	}
	body = le.AppendUint32(body, size)
	body = append(body, samples...)
	if len(samples)%2 == 1 && !t.Streamed {
		body = append(body, 0)
	}
	id, all := "RIFF", uint32(4+len(body))
	if t.RF64 {
		le.PutUint64(body[8:], uint64(all))
		id = "RF64"
	}
	if t.Streamed || t.RF64 {
		all = math.MaxUint32
	}
	out := le.AppendUint32([]byte(id), all)
	return append(append(out, "WAVE"...), body...)
}

// fmtBody is the body of the fmt chunk, in the plain or the extensible form.
func (t Tone) fmtBody(encoding string) []byte {
	le := binary.LittleEndian
	tag, bits := stored[encoding][0], stored[encoding][1]
	block := t.Channels * int(bits) / 8
	shown := tag
	if t.Extensible {
		shown = 0xFFFE
	}
	b := le.AppendUint16(nil, shown)
	b = le.AppendUint16(b, uint16(t.Channels))
	b = le.AppendUint32(b, uint32(t.Rate))
	b = le.AppendUint32(b, uint32(t.Rate*block))
	b = le.AppendUint16(b, uint16(block))
	b = le.AppendUint16(b, bits)
	switch {
	case t.Extensible:
		b = le.AppendUint16(b, 22)
		b = le.AppendUint16(b, bits)
		b = le.AppendUint32(b, uint32(1)<<t.Channels-1)
		b = le.AppendUint16(b, tag)
		b = append(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	case tag != 1:
		b = append(b, 0, 0)
	}
	return b
}
