package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"rms/media"
)

// layout is what the fmt chunk says, checked.
type layout struct {
	format   media.Format
	encoding Encoding
	bits     int // valid bits of a sample, as the file says
	width    int // bytes of a sample; bits stand at the top of them
}

// guidTail ends every sub-format that stands for a plain tag.
var guidTail = []byte{0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71}

// parseFmt reads the body of a fmt chunk.
func parseFmt(b []byte) (layout, error) {
	var l layout
	if len(b) < 16 {
		return l, fmt.Errorf("the fmt chunk has %d bytes; it needs 16", len(b))
	}
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	block := int(binary.LittleEndian.Uint16(b[12:]))
	l.bits = int(binary.LittleEndian.Uint16(b[14:]))
	if tag == tagExtensible {
		var err error
		if tag, err = subFormat(b); err != nil {
			return l, err
		}
	}
	l.encoding = byTag[tag]
	if l.encoding == 0 {
		return l, foreign(tag)
	}
	if channels < 1 || channels > 8 {
		return l, fmt.Errorf("%d channels; 1 to 8 can be played", channels)
	}
	if rate < 1000 || rate > 192000 {
		return l, fmt.Errorf("sample rate %d Hz; 1000 to 192000 can be played", rate)
	}
	l.format = media.Format{Rate: int(rate), Channels: channels}
	return l, l.setWidth(block)
}

// subFormat returns the tag inside an extensible header.
func subFormat(b []byte) (uint16, error) {
	if len(b) < 40 {
		return 0, fmt.Errorf("the extensible fmt chunk has %d bytes; it needs 40, or its sub-format is missing", len(b))
	}
	if !bytes.Equal(b[26:40], guidTail) {
		return 0, fmt.Errorf("sub-format %x of the extensible fmt chunk is not PCM, float, A-law or mu-law", b[24:40])
	}
	return binary.LittleEndian.Uint16(b[24:]), nil
}

func foreign(tag uint16) error {
	if name := foreignTags[tag]; name != "" {
		return fmt.Errorf("codec %s (tag 0x%04x) is not PCM, float, A-law or mu-law", name, tag)
	}
	return fmt.Errorf("codec tag 0x%04x is not PCM, float, A-law or mu-law", tag)
}

// setWidth finds the bytes of one sample from bits and block size, which must
// agree: a sample may stand at the top of a wider container, as 24 bits do in 32.
func (l *layout) setWidth(block int) error {
	switch {
	case (l.encoding == Mulaw || l.encoding == Alaw) && (l.bits == 8 || l.bits == 0):
		l.bits, l.width = 8, 1
	case l.encoding == Float && (l.bits == 32 || l.bits == 64):
		l.width = l.bits / 8
	case l.encoding == PCM && l.bits >= 8 && l.bits <= 32:
		l.width = (l.bits + 7) / 8
	default:
		return fmt.Errorf("%d bits per sample do not exist in %s", l.bits, l.encoding)
	}
	want := l.width * l.format.Channels
	if block == 0 || block == want {
		return nil
	}
	if wide := block / l.format.Channels; l.encoding == PCM && block%l.format.Channels == 0 && wide > l.width && wide <= 4 {
		l.width = wide
		return nil
	}
	return fmt.Errorf("a block of %d bytes contradicts %d channels of %d bits (%d bytes)", block, l.format.Channels, l.bits, want)
}

var errNoFmt = errors.New("the data chunk stands before any fmt chunk")
