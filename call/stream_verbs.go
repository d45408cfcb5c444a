package call

import (
	"errors"
	"time"
	"unicode/utf8"

	"rms/media/target"
)

// sayable refuses what no text message may hold.
func sayable(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("the text is not valid UTF-8")
	case len(text) > maxTextBytes:
		return errTexts
	}
	return nil
}

// say sends a text message.
func (s *stream) say(text string) error {
	switch {
	case !s.websocket():
		return target.ErrNoText
	case s.waiting():
		return errors.New("the stream has no media yet")
	}
	return s.life.out.put(saying{text: text})
}

// pause ends the audio to the far end, or begins it again.
func (s *stream) pause(on bool) {
	s.paused = on
	if !s.waiting() {
		s.sides.SetPaused(on || s.quitting)
	}
	s.call.info().Str("stream", s.name).Bool("paused", on).Msg("stream paused or resumed")
}

// shutdown sends no audio any more and leaves the connection for the last results of
// the far end.
func (s *stream) shutdown() error {
	if s.waiting() {
		return errors.New("the stream has no media yet")
	}
	s.quitting = true
	s.sides.SetPaused(true)
	conn, ok := s.life.current().(interface{ Graceful() error })
	if !ok {
		return nil
	}
	s.call.manager.spawn(func() { // Serve tells of a connection that broke
		if err := protect(func() { _ = conn.Graceful() }); err != nil {
			s.life.abort()
		}
	})
	return nil
}

// keyToStreams tells the far ends of a key that the caller pressed, as far as their
// protocols have a message for it.
func (c *Call) keyToStreams(digit byte, d time.Duration) {
	for _, s := range c.streams {
		if s.waiting() || s.stopping || s.ending || s.websocket() {
			continue
		}
		if err := s.life.out.put(saying{digit: digit, long: d}); err != nil {
			c.warn().Str("stream", s.name).Err(err).Msg("key not sent to the stream")
		}
	}
}
