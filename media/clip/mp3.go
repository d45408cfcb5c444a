package clip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	mp3 "github.com/hajimehoshi/go-mp3"
)

// decoderDelay is how many samples late what an MP3 decoder makes is.
const decoderDelay = 528 + 1

// mp3 decodes MPEG audio, layer III. The decoder gives two channels always.
func (c *collector) mp3(data []byte) error {
	data, head, err := firstFrame(data)
	if err != nil {
		return err
	}
	if head.version == 0 {
		return fmt.Errorf("MPEG 2.5 at %d Hz is not supported, MP3 of 16000 Hz and more is", head.rate)
	}
	c.rate = head.rate
	info, tagged := readInfo(data, head)
	if tagged {
		data = data[head.size:]
	}
	if head.version == 2 && head.rate == 22050 {
		data = repack(data)
	}
	// Without its Seek the decoder does not read all of the data in advance.
	d, err := mp3.NewDecoder(struct{ io.Reader }{bytes.NewReader(data)})
	if err != nil {
		return err
	}
	if err := c.readMP3(d, info.before); err != nil {
		return err
	}
	if info.after > 0 && info.after < len(c.pcm) {
		c.pcm = c.pcm[:len(c.pcm)-info.after]
	}
	return nil
}

// readMP3 takes all but the first skip samples. It is content with what comes before
// an error: a file may be cut off.
func (c *collector) readMP3(d io.Reader, skip int) error {
	var pcm [1152 * 2]int16
	var b [2 * len(pcm)]byte
	for {
		n, err := io.ReadFull(d, b[:])
		got := pcm[:n/4*2]
		for i := range got {
			got[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
		cut := min(skip, len(got)/2)
		skip -= cut
		if err := c.add(got[2*cut:], 2); err != nil {
			return err
		}
		if err != nil {
			return nil //nolint:nilerr // the end, or as far as it goes
		}
	}
}

// mp3Header is what the header of a frame says.
type mp3Header struct {
	version int // 0 is MPEG 2.5, 2 is MPEG 2, 3 is MPEG 1
	rate    int // in Hz
	size    int // of the frame in bytes
	mono    bool
	crc     bool
}

// Kilobits a second of layer III.
var (
	bitrates1 = [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	bitrates2 = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
	rates1    = [3]int{44100, 48000, 32000}
)

// readMP3Header reads the header of a frame of layer III; false when b begins with
// something else.
func readMP3Header(b []byte) (h mp3Header, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	h.version = int(b[1] >> 3 & 3)
	layer, bitrate, rate := b[1]>>1&3, int(b[2]>>4), int(b[2]>>2&3)
	if h.version == 1 || layer != 1 || bitrate == 0 || bitrate == 15 || rate == 3 {
		return h, false
	}
	h.mono, h.crc = b[3]>>6 == 3, b[1]&1 == 0
	padding := int(b[2] >> 1 & 1)
	h.rate = rates1[rate]
	switch h.version {
	case 3:
		h.size = 144000*bitrates1[bitrate]/h.rate + padding
	case 2:
		h.rate /= 2
		h.size = 72000*bitrates2[bitrate]/h.rate + padding
	default:
		h.rate /= 4
		h.size = 72000*bitrates2[bitrate]/h.rate + padding
	}
	return h, true
}

// firstFrame passes tags and what else is before the first frame: a header that
// another one follows where the frame ends.
func firstFrame(data []byte) ([]byte, mp3Header, error) {
	for len(data) > 10 && string(data[:3]) == "ID3" {
		size := 10 + int(data[6]&0x7f)<<21 + int(data[7]&0x7f)<<14 + int(data[8]&0x7f)<<7 + int(data[9]&0x7f)
		data = data[min(size, len(data)):]
	}
	if n := len(data) - 128; n >= 0 && string(data[n:n+3]) == "TAG" {
		data = data[:n]
	}
	for d := data; ; d = d[1:] {
		i := bytes.IndexByte(d, 0xff)
		if i < 0 {
			return nil, mp3Header{}, errors.New("no frame of MPEG audio, layer III, in it")
		}
		d = d[i:]
		h, ok := readMP3Header(d)
		if !ok || h.size > len(d) {
			continue
		}
		next, ok := readMP3Header(d[h.size:])
		if h.size == len(d) || ok && next.version == h.version && next.rate == h.rate {
			return d, h, nil
		}
	}
}

// mp3Info is how many samples an encoder put before and after the audio.
type mp3Info struct{ before, after int }

// readInfo reads the tag of a frame that holds no audio: how long the file is and,
// when LAME or an encoder like it made it, what to cut off.
func readInfo(data []byte, h mp3Header) (info mp3Info, tagged bool) {
	at := 4 + 32
	switch {
	case h.version == 3 && h.mono, h.version != 3 && !h.mono:
		at = 4 + 17
	case h.version != 3:
		at = 4 + 9
	}
	if h.crc {
		at += 2
	}
	frame := data[:h.size]
	if len(frame) < at+8 {
		return info, false
	}
	if name := string(frame[at : at+4]); name != "Xing" && name != "Info" {
		return info, false
	}
	// What is in the tag depends on flags: the number of frames, of bytes, a table, a quality.
	flags, size := frame[at+7], at+8
	for bit, length := range []int{4, 4, 100, 4} {
		if flags>>bit&1 != 0 {
			size += length
		}
	}
	if len(frame) < size+24 || frame[size] == 0 {
		return info, true
	}
	gap := frame[size+21:]
	before, after := int(gap[0])<<4|int(gap[1]>>4), int(gap[1]&15)<<8|int(gap[2])
	if before == 0 && after == 0 {
		return info, true
	}
	return mp3Info{before: before + decoderDelay, after: max(0, after-decoderDelay)}, true
}
