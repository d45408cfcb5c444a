package prompt

import (
	"errors"
	"io"
	"time"

	"rms/media"
)

// Stream plays a file that is too long for the cache, as a media.Source for
// Graph.Feed. It decodes as it is read, in a goroutine of the link.
type Stream struct {
	d       *decoder
	name    string
	left    int // passes after this one, negative for ever
	heard   bool
	pending []int16 // decoded, not yet delivered
	storage []int16
	tick    int // int16 of a frame
}

// Stream opens a file for playing in a format, loop times; 0 is once, negative is
// for ever. Errors are *Error. The caller closes the Stream, or the link does.
func (c *Cache) Stream(name string, to media.Format, loop int) (*Stream, error) {
	f, err := c.find(name)
	if err != nil {
		return nil, wrap(name, err)
	}
	d, err := c.decoder(f, to)
	if err != nil {
		return nil, wrap(name, err)
	}
	left := loop - 1
	if loop == 0 {
		left = 0
	}
	return &Stream{d: d, name: name, left: left, tick: to.Samples(20 * time.Millisecond)}, nil
}

// Format returns the format of the frames.
func (s *Stream) Format() media.Format { return s.d.to }

// Read fills f with up to 20 ms of PCM; io.EOF ends the last pass. Between passes
// there is no gap.
func (s *Stream) Read(f *media.Frame) error {
	for len(s.pending) == 0 {
		if err := s.more(); err != nil {
			return err
		}
	}
	n := min(len(s.pending), s.tick)
	f.PCM = append(f.PCM[:0], s.pending[:n]...)
	f.Format = s.d.to
	s.pending = s.pending[n:]
	return nil
}

// more decodes the next block.
func (s *Stream) more() error {
	out, err := s.d.read(s.storage[:0])
	s.storage, s.pending = out, out
	s.heard = s.heard || len(out) > 0
	if err == nil || len(out) > 0 {
		return nil
	}
	if !errors.Is(err, io.EOF) {
		return wrap(s.name, err)
	}
	if s.left == 0 || !s.heard {
		return io.EOF
	}
	if s.left > 0 {
		s.left--
	}
	if err := s.d.rewind(); err != nil {
		return wrap(s.name, err)
	}
	return nil
}

// Close closes the file.
func (s *Stream) Close() error {
	s.d.close()
	return nil
}
