package clip

import (
	"errors"
	"fmt"

	"rms/media"
	"rms/media/ogg"
	"rms/media/vorbis"
)

// vorbisStream is a stream of Ogg Vorbis.
type vorbisStream struct {
	c       *collector
	trim    trim
	decoder *vorbis.Decoder
	packets int // headers too

	audio, failed int
	failure       error // the first
}

// newVorbis reads the identification header.
func (c *collector) newVorbis(head []byte) (*vorbisStream, error) {
	d, err := vorbis.New(head)
	if err != nil {
		return nil, err
	}
	c.rate = d.Rate()
	return &vorbisStream{c: c, trim: trim{base: len(c.pcm), early: true}, decoder: d, packets: 1}, nil
}

// packet takes the other two headers, and decodes audio. A packet that cannot be
// decoded is left out.
func (s *vorbisStream) packet(p ogg.Packet) error {
	s.packets++
	switch {
	case s.packets == 2:
		return nil // comments
	case s.packets == 3:
		return s.decoder.Setup(p.Data)
	case !vorbis.IsAudio(p.Data):
		return nil
	}
	s.audio++
	channels, err := s.decoder.Decode(p.Data)
	if err != nil {
		if s.failed++; s.failure == nil {
			s.failure = fmt.Errorf("packet %d: %w", s.packets, err)
		}
		return nil
	}
	if len(channels) > 0 {
		n := len(channels[0])
		if err := s.c.room(n); err != nil {
			return err
		}
		s.trim.take(n)
		for i := range n {
			sum := float32(0)
			for _, c := range channels {
				sum += c[i]
			}
			s.c.pcm = append(s.c.pcm, media.FloatToLinear(float64(sum)/float64(len(channels))))
		}
	}
	s.c.page(&s.trim, p, 0)
	return nil
}

// end refuses a stream of which less than half could be decoded.
func (s *vorbisStream) end() error {
	switch {
	case s.packets < 3:
		return errors.New("headers are cut off")
	case 2*s.failed > s.audio:
		return s.failure
	}
	return nil
}
