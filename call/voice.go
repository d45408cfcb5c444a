package call

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/filter"
)

// voice is a play in the graph: a player of a prompt in memory, or a file that is
// read meanwhile and a meter behind it. A change of codec takes a new one.
type voice struct {
	player *filter.Player
	file   *counted
	meter  *meter

	pins []media.Pin // belong to the clock's thread; the last feeds the mixer
}

// meter passes audio on and knows how much.
type meter struct{ samples atomic.Int64 }

// Process passes a tick on.
func (f *meter) Process(in, out []*media.Frame) {
	out[0] = in[0]
	if in[0] != nil {
		f.samples.Add(int64(len(in[0].PCM)))
	}
}

// Name returns "meter".
func (f *meter) Name() string { return "meter" }

// played returns how much was sent; any goroutine may ask. The silence that fills
// up the last tick does not count.
func (v *voice) played() time.Duration {
	switch {
	case v == nil:
		return 0
	case v.player != nil:
		return v.player.Played()
	}
	return v.file.Format().Duration(int(min(v.meter.samples.Load(), v.file.samples.Load())))
}

// sounds puts a play into the graph.
func (c *Call) sounds(p *playing) error {
	s, l := p.sound, c.leg
	v := &voice{}
	ended := func(err error) {
		_ = c.box.must(func() { c.finished(p, v, err) })
	}
	if s.stream == nil {
		player, err := s.player(p, func(string) { ended(nil) })
		if err != nil {
			return err
		}
		v.player = player
	} else {
		v.file, v.meter = s.stream, &meter{}
	}
	p.voice, p.sound = v, nil // a stream belongs to its link now
	encoded := c.alone()
	l.do(func() {
		if err := v.join(l, ended); err != nil {
			c.filterFailed("play "+p.file, err)
		}
		setEncoded(encoded)
	})
	return nil
}

// join connects the voice to the mixer, on the thread of the clock.
func (v *voice) join(l *leg, ended func(error)) error {
	var err error
	if v.player != nil {
		err = v.add(l.graph.Add(v.player, 1))
	} else {
		o := media.LinkOptions{Size: streamRing, Name: "file", Format: v.file.Format(), First: v.file.first}
		if err = v.add(l.graph.Feed(v.file, o, ended)); err != nil {
			return errors.Join(err, v.file.Close())
		}
		err = v.add(l.graph.Add(v.meter, 1, v.pins[0]))
	}
	if err != nil {
		return err
	}
	return l.graph.Connect(v.pins[len(v.pins)-1], l.mixer)
}

func (v *voice) add(p media.Pin, err error) error {
	if err == nil {
		v.pins = append(v.pins, p)
	}
	return err
}

// leave takes the voice out again, on the thread of the clock.
func (v *voice) leave(l *leg) {
	for i := len(v.pins) - 1; i >= 0; i-- {
		l.graph.Disconnect(v.pins[i], l.mixer)
		l.graph.Remove(v.pins[i])
	}
	v.pins = nil
}

// finished takes the end of a voice from the clock.
func (c *Call) finished(p *playing, v *voice, err error) {
	if p.voice != v {
		return // it was stopped meanwhile, or goes on in another codec
	}
	if v.file != nil {
		v.meter.samples.Store(v.file.samples.Load()) // all of it, also what this tick still carries
	}
	if err != nil {
		c.end(p, ReasonError, err)
		return
	}
	c.lastHeard = time.Now().Add(c.leg.line.tail())
	c.end(p, ReasonDone, nil)
}

// alone returns the players in the graph, and whether they may hand out encoded
// packets: while nobody else is heard, taps or mixes.
func (c *Call) alone() encoding {
	e := encoding{}
	heard := c.plays.heard()
	for _, v := range heard {
		if v.player != nil {
			e.players = append(e.players, v.player)
		}
	}
	e.on = len(heard) == 1 && !c.leg.echo && !c.leg.line.plain() && !c.tapped()
	return e
}

// encoding is the mode that players are to work in.
type encoding struct {
	players []*filter.Player
	on      bool
}

func setEncoded(e encoding) {
	for _, p := range e.players {
		p.SetEncoded(e.on)
	}
}

// tapped tells whether a stream or a forward listens to what we send, or adds to it.
func (c *Call) tapped() bool {
	taps := func(s *stream) bool { return s.taps() }
	return slices.ContainsFunc(c.streams, taps) || slices.ContainsFunc(c.tails, func(s *stream) bool { return !s.silent }) ||
		slices.ContainsFunc(c.forwards, func(f *forward) bool { return f.taps() }) ||
		slices.ContainsFunc(c.siprecs, func(s *siprecOut) bool { return s.sides[1].taps() })
}
