package clip

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/pion/opus"

	"rms/media"
	"rms/media/ogg"
)

// Opus decodes at 48 kHz whatever it was made of; 120 ms is the longest packet.
const (
	opusRate   = 48000
	opusLonges = opusRate * 120 / 1000
)

// opusStream is a stream of Ogg Opus (RFC 7845).
type opusStream struct {
	c       *collector
	trim    trim
	preSkip int
	gain    float64
	decoder opus.Decoder
	out     []float32

	tags    bool // the second packet has been passed
	packets int
	failed  int
	failure error // the first
}

// newOpus reads the identification header.
func (c *collector) newOpus(head []byte) (*opusStream, error) {
	if len(head) < 19 || head[8]>>4 != 0 {
		return nil, errors.New("header of Opus is cut off or of another version")
	}
	if channels := head[9]; channels != 1 && channels != 2 || head[18] > 1 {
		return nil, fmt.Errorf("opus of %d channels in mapping family %d: one stream of 1 or 2 is supported", channels, head[18])
	}
	d, err := opus.NewDecoderWithOutput(opusRate, 2)
	if err != nil {
		return nil, err
	}
	c.rate = opusRate
	skip := int(binary.LittleEndian.Uint16(head[10:]))
	return &opusStream{
		c: c, trim: trim{base: len(c.pcm), skip: skip}, preSkip: skip, decoder: d, out: make([]float32, 2*opusLonges),
		gain: math.Pow(10, float64(int16(binary.LittleEndian.Uint16(head[16:])))/256/20),
	}, nil
}

// packet decodes one packet. One that cannot be decoded is silence of its length.
func (s *opusStream) packet(p ogg.Packet) error {
	if !s.tags {
		s.tags = true
		if bytes.HasPrefix(p.Data, []byte("OpusTags")) {
			return nil
		}
	}
	length := opusLength(p.Data)
	if length == 0 {
		return nil // no packet of Opus
	}
	s.packets++
	n, err := s.decode(p.Data)
	if err != nil || n != length {
		clear(s.out)
		n = length
		if s.failed++; s.failure == nil {
			s.failure = fmt.Errorf("packet %d: %w", s.packets, errors.Join(err, errors.New("no Opus that can be decoded")))
		}
	}
	cut := s.trim.take(n)
	if err := s.c.room(n - cut); err != nil {
		return err
	}
	for i := cut; i < n; i++ {
		s.c.pcm = append(s.c.pcm, media.FloatToLinear(s.gain*float64(s.out[2*i]+s.out[2*i+1])/2))
	}
	s.c.page(&s.trim, p, s.preSkip)
	return nil
}

// decode fills s.out; what the decoder trips over is an error.
func (s *opusStream) decode(packet []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder failed: %v", p)
		}
	}()
	return s.decoder.DecodeToFloat32(packet, s.out)
}

// end refuses a stream of which less than half could be decoded.
func (s *opusStream) end() error {
	if 2*s.failed > s.packets {
		return s.failure
	}
	return nil
}

// opusLength returns how many samples at 48 kHz a packet decodes to, 0 when it is
// none (RFC 6716 section 3.1).
func opusLength(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	config, frames := int(packet[0]>>3), 1
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frames = int(packet[1] & 63)
	}
	frame := 0
	switch {
	case config < 12: // SILK
		frame = []int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid
		frame = []int{480, 960}[config&1]
	default: // CELT
		frame = 120 << (config & 3)
	}
	if frames*frame > opusLonges {
		return 0
	}
	return frames * frame
}
