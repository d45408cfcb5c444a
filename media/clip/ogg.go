package clip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"rms/media/ogg"
)

// How the first packet of a stream begins.
const (
	opusMagic   = "OpusHead"
	vorbisMagic = "\x01vorbis"
)

// foreignStreams names what people put into Ogg too, for the refusal.
var foreignStreams = map[string]string{
	"Speex   ": "Speex", "\x7fFLAC": "FLAC", "\x80theora": "Theora", "PCM     ": "PCM", "CELT    ": "CELT",
}

// stream decodes one logical stream of a file.
type stream interface {
	// packet takes one packet that is not the first.
	packet(p ogg.Packet) error
	// end reports what kept the stream from being decoded at all.
	end() error
}

// ogg decodes Opus and Vorbis. Streams that are chained are one after the other;
// they have to have one sample rate.
func (c *collector) ogg(data []byte) error {
	foreign := ""
	r := ogg.NewReader(data, func(first []byte) bool {
		for magic, name := range foreignStreams {
			if bytes.HasPrefix(first, []byte(magic)) {
				foreign = name
			}
		}
		return bytes.HasPrefix(first, []byte(opusMagic)) || bytes.HasPrefix(first, []byte(vorbisMagic))
	})
	var s stream
	for {
		p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && s != nil:
			return s.end()
		case errors.Is(err, io.EOF) && foreign != "":
			return fmt.Errorf("%s is not supported", foreign)
		case errors.Is(err, io.EOF):
			return errors.New("no stream of Opus or Vorbis in it")
		case err != nil:
			return err
		case p.First && s != nil:
			if err := s.end(); err != nil {
				return err
			}
		}
		if p.First {
			s, err = c.newStream(p.Data)
		} else {
			err = s.packet(p)
		}
		if err != nil {
			return err
		}
	}
}

// newStream begins a stream with its first packet.
func (c *collector) newStream(first []byte) (stream, error) {
	before := c.rate
	s, err := c.openStream(first)
	if err == nil && before != c.rate && len(c.pcm) > 0 {
		err = fmt.Errorf("sample rate changes from %d to %d Hz", before, c.rate)
	}
	return s, err
}

func (c *collector) openStream(first []byte) (stream, error) {
	if bytes.HasPrefix(first, []byte(opusMagic)) {
		return c.newOpus(first)
	}
	return c.newVorbis(first)
}

// trim is the arithmetic of granule positions: how many samples of what a stream's
// packets decode to are not audio.
type trim struct {
	base    int   // samples in the collector when the stream began
	skip    int   // samples at the beginning that are still to be dropped
	decoded int64 // samples that came out of packets, dropped ones too
	start   int64 // granule position of the first of them
	begun   bool
	early   bool // a stream may begin before position 0, and is cut there (Vorbis)
}

// take drops what is to be skipped of n samples and returns how many those are.
func (t *trim) take(n int) int {
	t.decoded += int64(n)
	cut := min(t.skip, n)
	t.skip -= cut
	return cut
}

// page takes the granule position of the end of a packet. A position that is less
// than what was decoded on the first page means that the stream is cut there when
// it ends with that page; on other pages it tells where the stream begins.
func (c *collector) page(t *trim, p ogg.Packet, skipped int) {
	if p.Granule < 0 || t.decoded == 0 {
		return
	}
	if !t.begun {
		t.begun = true
		t.start = max(0, p.Granule-t.decoded)
		if cut := t.decoded - p.Granule; cut > 0 && t.early && !p.Last {
			c.pcm = slices.Delete(c.pcm, t.base, min(t.base+int(cut), len(c.pcm)))
		}
	}
	if !p.Last {
		return
	}
	if length := p.Granule - t.start - int64(skipped); length >= 0 && length < int64(len(c.pcm)-t.base) {
		c.pcm = c.pcm[:t.base+int(length)]
	}
}
