package call

import (
	"slices"

	"rms/media/target"
)

// forgetStream ends a stream that never had media.
func (c *Call) forgetStream(s *stream) {
	s.stopping = true
	c.streams = without(c.streams, s)
	end := localEnd
	c.emitAll(s.downEvents(&end, false), nil)
}

// leavesTail tells whether what the far end of a stream that is over has sent is
// played to its end: unless we stopped it.
func (s *stream) leavesTail() bool { return s.call.leg.live() && !s.stopping }

// dropStream forgets a stream that is over.
func (c *Call) dropStream(s *stream, end *target.Ended) {
	if !slices.Contains(c.streams, s) {
		return
	}
	tail := s.leavesTail()
	s.stopping = true
	c.streams = without(c.streams, s)
	c.streaming.Add(-1)
	c.manager.streaming.Add(-1)
	if l := c.leg; tail {
		l.do(func() { s.leave(l) })
		c.tails = append(c.tails, s)
		s.over = end
		s.life.tail.Store(true)
		if s.life.playout.Stats().Queued == 0 {
			c.tailOver(s)
		}
	} else {
		c.dropFiles(s)
	}
	c.finish()
}

// tail returns the stream of that name whose far end has gone and whose audio still
// plays.
func (c *Call) tail(name string) *stream {
	for _, s := range slices.Backward(c.tails) {
		if s.name == name && !s.silent {
			return s
		}
	}
	return nil
}

// audible returns the stream of that name, also one whose far end has gone and whose
// audio still plays.
func (c *Call) audible(name string) (*stream, error) {
	s, err := c.stream(name)
	if err == nil {
		return s, nil
	}
	for _, s := range c.streams {
		if s.name == name && s.ending && !s.stopping {
			return s, nil
		}
	}
	if tail := c.tail(name); tail != nil {
		return tail, nil
	}
	return nil, err
}

// tailOver takes the end of the audio of a far end that has gone.
func (c *Call) tailOver(s *stream) {
	if s.silent || !slices.Contains(c.tails, s) {
		return
	}
	s.silent = true
	c.dropFiles(s)
	if l := c.leg; l.live() {
		c.lastHeard = notBefore(c.lastHeard, l.line.tail())
		encoded := c.alone()
		l.do(func() {
			s.mute(l)
			setEncoded(encoded)
		})
	}
	c.forgetTail(s)
	c.hungUp(s, s.over)
}

// forgetTail lets go of a tail when the packet of its last mark has left too.
func (c *Call) forgetTail(s *stream) {
	if s.silent && len(s.marks) == 0 {
		c.tails = without(c.tails, s)
	}
}

// clearTails forgets what far ends that have gone left behind, when the media has
// ended.
func (c *Call) clearTails() {
	tails := c.tails
	c.tails = nil
	for _, s := range tails {
		s.clearMarks()
		c.dropFiles(s)
	}
}

// halt is stop, also for a stream whose far end has gone: then what it left behind is
// broken off.
func (s *stream) halt(text string) {
	if !s.ending {
		s.stop(text)
		return
	}
	s.set.hangup = false
	s.life.playout.Clear(true)
}
