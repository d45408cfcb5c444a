package call

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/target"
)

// stream sends audio of a call to a target outside, and plays what comes back.
//
//	hears --+--> sides --> link ~> ring ~> goroutine --> Conn.Write
//	mixer --'
//	mixer <-- playout <-- goroutine of streamLife <-- Conn.Serve
//
// It belongs to the call's mailbox, except for life, which has goroutines of its own,
// and the pins, which belong to the clock's thread.
type stream struct {
	call *Call
	name string
	kind *target.Scheme
	set  streamSettings
	life *streamLife // nil until there is media

	paused   bool
	stopping bool          // stop was called, or it is over
	ending   bool          // its last event is being told
	up       bool          // it was told of as connected
	silent   bool          // of a tail: all of it was played, marks are left
	playing  bool          // the playout feeds the mixer
	quitting bool          // no audio goes to the far end any more
	over     *target.Ended // how it ended, while its audio still plays
	marks    []string      // that the script waits for

	sides *filter.Sides
	tap   media.Pin // of sides
	heard media.Pin // of the playout
	link  atomic.Pointer[media.Link]

	reported time.Duration // of audio dropped that an event told of
}

// streamSettings is what a stream was asked to be.
type streamSettings struct {
	target   target.Options
	mix      filter.Mix
	buffer   time.Duration // audio that waits while the far end is slow
	connect  time.Duration // time limit of one attempt to connect
	retries  int           // attempts after the first, and after a connection that broke
	playback bool          // what the far end sends is played to the caller
	hangup   bool          // the end of the stream from the far side ends the call
	done     bool          // the far end is told when all that it sent was played
	quiet    bool          // messages of the far end are not written to the log
}

// waiting tells whether the stream waits for the call's media.
func (s *stream) waiting() bool { return s.life == nil }

// taps tells whether the stream needs the PCM of what we send.
func (s *stream) taps() bool {
	return !s.waiting() && !s.stopping && (s.set.mix != filter.Mono || s.playing)
}

// stream returns the stream of that name.
func (c *Call) stream(name string) (*stream, error) {
	for _, s := range c.streams {
		if s.name == name && !s.stopping && !s.ending {
			return s, nil
		}
	}
	if c.liveStreams() == 0 {
		return nil, errors.New("the call has no stream")
	}
	return nil, fmt.Errorf("the call has no stream %q", name)
}

// liveStreams counts the streams that are not about to be forgotten.
func (c *Call) liveStreams() int {
	n := 0
	for _, s := range c.streams {
		if !s.stopping && !s.ending {
			n++
		}
	}
	return n
}

// goodbyes is how many streams a call may have for each that it may have live: those
// that were stopped need a moment.
const goodbyes = 4

// startStream begins a stream, now or when there is media.
func (c *Call) startStream(name string, kind *target.Scheme, set *streamSettings) error {
	switch {
	case c.state >= leaving:
		return ErrGone
	case c.state == answered && c.leg == nil:
		return errors.New("the media of the call was stopped")
	}
	if _, err := c.stream(name); err == nil {
		return fmt.Errorf("the call has a stream %q already: stop it first, or give this one another name", name)
	}
	if most := c.manager.opts.Streams.Max; c.liveStreams() >= most {
		return fmt.Errorf("the call has %d streams already (stream.max)", most)
	} else if len(c.streams)+len(c.tails) >= goodbyes*most {
		return errors.New("too many streams of the call are still saying goodbye")
	}
	s := &stream{call: c, name: name, kind: kind, set: *set}
	c.streams = append(c.streams, s)
	if c.leg.live() && !c.muted() {
		c.openStream(s)
	}
	return nil
}

// resumeStreams begins the streams that were asked for before there was media.
func (c *Call) resumeStreams() {
	if !c.leg.live() {
		return
	}
	for _, s := range c.streams {
		if s.waiting() {
			c.openStream(s)
		}
	}
}

// openStream connects a stream to the graph and to its target.
func (c *Call) openStream(s *stream) {
	l, o := c.leg, &s.set.target
	o.Codec = l.codec
	s.sides = filter.NewSides(s.set.mix, o.Format.Rate)
	s.sides.SetPaused(s.paused)
	s.life = newStreamLife(s, l)
	c.streaming.Add(1)
	c.manager.streaming.Add(1)
	c.manager.watchDrops()
	c.info().Str("stream", s.name).Str("url", shownURL(o.URL)).Str("mix", s.set.mix.String()).
		Int("rate", o.Format.Rate).Msg("stream started")
	encoded := c.alone()
	l.do(func() {
		setEncoded(encoded)
		if err := s.join(l); err != nil {
			s.life.fail(err)
		}
	})
	c.manager.spawn(s.life.run)
}

// join connects the stream to the graph, on the thread of the clock.
func (s *stream) join(l *leg) error {
	from := []media.Pin{l.hears}
	if s.set.mix != filter.Mono {
		from = append(from, l.mixer)
	}
	var err error
	if s.tap, err = l.graph.Add(s.sides, 1, from...); err != nil {
		return err
	}
	link, err := l.graph.Spawn(s.tap, s.life, media.LinkOptions{
		Size: s.set.buffer, Full: media.DropOldest, Name: "stream " + s.name, Format: s.set.target.Format,
	})
	s.link.Store(link)
	return err
}

// leave takes the tap out of the graph, on the thread of the clock. Its link then
// writes what is queued, and ends.
func (s *stream) leave(l *leg) {
	if link := s.link.Load(); link != nil {
		l.graph.Remove(link.Pin())
	}
	l.graph.Remove(s.tap)
}

// mute takes the playout out of the graph, on the thread of the clock.
func (s *stream) mute(l *leg) {
	if s.heard != (media.Pin{}) {
		l.graph.Disconnect(s.heard, l.mixer)
		l.graph.Remove(s.heard)
		s.heard = media.Pin{}
	}
}

// play connects the playout to the caller, when the far end sends the first audio.
func (s *stream) play() {
	l := s.call.leg
	if s.playing || s.stopping || !l.live() {
		return
	}
	s.playing = true
	encoded := s.call.alone()
	l.do(func() {
		setEncoded(encoded)
		pin, err := l.graph.Add(s.life.playout, 1)
		if err == nil {
			s.heard = pin
			err = l.graph.Connect(pin, l.mixer)
		}
		if err != nil {
			s.life.fail(err)
		}
	})
}

// stop ends a stream from our side: what is queued is sent, then text, then goodbye.
// What its far end sent is not played any more.
func (s *stream) stop(text string) {
	if s.stopping {
		return
	}
	s.stopping = true
	c := s.call
	if s.waiting() {
		c.forgetStream(s)
		return
	}
	s.life.finish(text)
	if l := c.leg; l.live() {
		s.playing = false
		encoded := c.alone()
		l.do(func() {
			s.leave(l)
			s.mute(l)
			setEncoded(encoded)
		})
	}
}

// stopStreams ends all streams with the media; the graph's end takes them out of it.
func (c *Call) stopStreams() {
	for _, s := range append([]*stream(nil), c.streams...) {
		switch {
		case s.stopping:
		case s.waiting():
			c.forgetStream(s)
		default:
			s.stopping = true
			s.life.finish("")
		}
	}
}
