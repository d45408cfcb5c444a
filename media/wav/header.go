package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"rms/media"
)

// HeaderSize is the length in bytes of the headers that this package writes: RIFF, room
// for ds64, fmt with extension size, fact, data.
const HeaderSize = 12 + 36 + 26 + 12 + 8

// written tells whether an encoding is one that files are written in.
func (e Encoding) written() bool { return e == PCM || e == Mulaw || e == Alaw }

// width is how many bytes a sample of a written encoding has.
func (e Encoding) width() int {
	if e == PCM {
		return 2
	}
	return 1
}

// FrameSize is how many bytes a sample of all channels together has in a written file.
func FrameSize(format media.Format, e Encoding) int { return format.Channels * e.width() }

// AppendSamples appends samples as they are stored in a file: PCM of 16 bits, mu-law or
// A-law.
func AppendSamples(dst []byte, e Encoding, pcm []int16) []byte {
	switch e {
	case Mulaw:
		for _, s := range pcm {
			dst = append(dst, media.LinearToMulaw(s))
		}
	case Alaw:
		for _, s := range pcm {
			dst = append(dst, media.LinearToAlaw(s))
		}
	default:
		return appendPCM(dst, pcm)
	}
	return dst
}

// appendPCM writes four samples at a time.
func appendPCM(dst []byte, pcm []int16) []byte {
	from := len(dst)
	dst = slices.Grow(dst, 2*len(pcm))[:from+2*len(pcm)]
	out := dst[from:]
	for ; len(pcm) >= 4 && len(out) >= 8; pcm, out = pcm[4:], out[8:] {
		binary.LittleEndian.PutUint64(out, uint64(uint16(pcm[0]))|uint64(uint16(pcm[1]))<<16|
			uint64(uint16(pcm[2]))<<32|uint64(uint16(pcm[3]))<<48)
	}
	for i, s := range pcm {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(s))
	}
	return dst
}

// AppendHeader appends the header of a file with so many bytes of samples: HeaderSize
// bytes, so that one write replaces it. From 4 GiB on it is RF64 (EBU Tech 3306).
func AppendHeader(dst []byte, format media.Format, e Encoding, data uint64) []byte {
	block := FrameSize(format, e)
	riff, frames := HeaderSize-8+data+data%2, data/uint64(block)
	h, le := dst, binary.LittleEndian
	var ds64 [3]uint64 // a JUNK chunk keeps the room for it
	size := uint32(data)
	if riff < math.MaxUint32 {
		h = append(h, "RIFF"...)
		h = le.AppendUint32(h, uint32(riff))
		h = append(h, "WAVEJUNK"...)
	} else {
		h = append(h, "RF64\xff\xff\xff\xffWAVEds64"...)
		ds64 = [3]uint64{riff, data, frames}
		size = unknownSize
	}
	h = le.AppendUint32(h, 28)
	for _, v := range ds64 {
		h = le.AppendUint64(h, v)
	}
	h = append(h, "\x00\x00\x00\x00fmt \x12\x00\x00\x00"...)
	h = le.AppendUint16(h, e.tag())
	h = le.AppendUint16(h, uint16(format.Channels))
	h = le.AppendUint32(h, uint32(format.Rate))
	h = le.AppendUint32(h, uint32(format.Rate*block))
	h = le.AppendUint16(h, uint16(block))
	h = le.AppendUint16(h, uint16(8*e.width()))
	h = append(h, "\x00\x00fact\x04\x00\x00\x00"...)
	h = le.AppendUint32(h, uint32(min(frames, math.MaxUint32)))
	h = append(h, "data"...)
	return le.AppendUint32(h, size)
}

// AppendStreamHeader appends a header that leaves the length open, for what cannot be
// written again. Readers take it to mean all that follows.
func AppendStreamHeader(dst []byte, format media.Format, e Encoding) []byte {
	at := len(dst)
	dst = AppendHeader(dst, format, e, 0)
	le := binary.LittleEndian
	le.PutUint32(dst[at+4:], unknownSize)
	le.PutUint32(dst[at+HeaderSize-4:], unknownSize)
	return dst
}

// ErrForeign says that a header is not one that AppendHeader makes.
var ErrForeign = errors.New("the file was not written by rms")

// ParseHeader reads back what AppendHeader made of: the form and the bytes of samples.
func ParseHeader(head []byte) (media.Format, Encoding, uint64, error) {
	var none media.Format
	if len(head) < HeaderSize {
		return none, 0, 0, ErrForeign
	}
	head = head[:HeaderSize]
	le := binary.LittleEndian
	format := media.Format{Channels: int(le.Uint16(head[58:])), Rate: int(le.Uint32(head[60:]))}
	e := byTag[le.Uint16(head[56:])]
	if format.Check() != nil || !e.written() {
		return none, 0, 0, ErrForeign
	}
	data := uint64(le.Uint32(head[HeaderSize-4:]))
	if string(head[:4]) == "RF64" {
		data = le.Uint64(head[28:])
	}
	if data > 1<<62 || !bytes.Equal(AppendHeader(nil, format, e, data), head) {
		return none, 0, 0, ErrForeign
	}
	return format, e, data, nil
}
