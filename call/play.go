package call

import (
	"errors"
	"fmt"
	"time"

	"rms/call/prompt"
	"rms/media"
	"rms/media/filter"
	"rms/sip"
)

// Why a play ended, in the field "reason" of its event.
const (
	ReasonDone     = "done"
	ReasonStopped  = "stopped"
	ReasonReplaced = "replaced"
	ReasonError    = "error"
)

// maxPlays bounds what may wait to be played in one call.
const maxPlays = 64

// playing is one use of the verb play.
type playing struct {
	file   string
	route  string // event at its end
	script bool   // came from a script: without a route its end hangs up
	loop   int    // times; 0 is for ever
	mix    bool   // plays beside the others

	sound   *sound
	loading bool
	err     error

	player *filter.Player // nil while nothing plays, and for a streamed file
	stream *counted       // of a streamed file
	pin    media.Pin      // belongs to the clock's thread
	active bool           // connected to the mixer
	stop   string
	from   time.Duration // where it goes on after a codec change
}

// playlist is what a call plays: the head of queue is heard, and all of mixed.
type playlist struct {
	queue []*playing
	mixed []*playing
}

// play puts a file into the queue, or in place of what plays, or beside it.
func (c *Call) play(p *playing, mode string) error {
	if c.leg == nil {
		return c.errState("rms_play needs media: rms_answer or rms_progress first")
	}
	if len(c.plays.queue)+len(c.plays.mixed) >= maxPlays {
		return fmt.Errorf("%d plays wait already", maxPlays)
	}
	switch mode {
	case "replace":
		c.stopPlays(ReasonReplaced)
	case "mix":
		p.mix = true
	}
	if p.mix {
		c.plays.mixed = append(c.plays.mixed, p)
	} else {
		c.plays.queue = append(c.plays.queue, p)
	}
	c.load(p)
	return nil
}

// load fetches the sound in a goroutine of the loader, because a disk may be slow.
func (c *Call) load(p *playing) {
	if c.leg.session == nil {
		return // offerless INVITE: the codec is known with the ACK
	}
	p.loading = true
	cd := c.leg.codec
	err := c.manager.loader.get(p, cd, func(s *sound, err error) {
		if c.box.must(func() { c.loaded(p, cd, s, err) }) != nil && s != nil {
			s.close()
		}
	})
	if err != nil {
		p.loading = false
		p.err = err
		c.advance()
	}
}

// loaded takes a sound from the loader.
func (c *Call) loaded(p *playing, cd media.Codec, s *sound, err error) {
	p.loading = false
	if c.leg == nil || p.stop != "" {
		if s != nil {
			s.close()
		}
		if p.stop != "" {
			c.played(p, p.stop, 0)
		}
		return
	}
	if err == nil && c.leg.codec.Encoding() != cd.Encoding() {
		s.close()
		c.load(p)
		return
	}
	p.sound, p.err = s, err
	c.advance()
}

// advance starts what can start now.
func (c *Call) advance() {
	for _, p := range append([]*playing(nil), c.plays.mixed...) {
		c.try(p)
	}
	if len(c.plays.queue) > 0 {
		c.try(c.plays.queue[0])
	}
}

// try starts one play, or ends it when it cannot be played.
func (c *Call) try(p *playing) {
	if p.active || p.loading || c.leg == nil || c.leg.session == nil {
		return
	}
	if p.sound == nil && p.err == nil {
		c.load(p)
		return
	}
	if p.err == nil {
		p.err = c.sounds(p)
	}
	if p.err != nil {
		c.drop(p)
		c.failed(p)
		c.advance()
		return
	}
	c.retap()
	if p.from == 0 {
		c.log.Info().Str("file", p.file).Msg("play started")
		c.emit(&Event{Name: EventPlayStart, Fields: []Field{{"file", p.file}}})
	}
}

// sounds connects a play to the mixer between two ticks.
func (c *Call) sounds(p *playing) error {
	l := c.leg
	add, err := p.sound.open(p, func(reason string, played time.Duration) {
		_ = c.box.must(func() { c.finished(p, reason, played) })
	})
	if err != nil {
		return err
	}
	p.active = true
	return l.graph.Do(func() {
		pin, err := add(l.graph)
		if err == nil {
			p.pin = pin
			err = l.graph.Connect(pin, l.mixer)
		}
		if err != nil {
			c.filterFailed("play "+p.file, err)
		}
	})
}

// finished takes the end of a play from the clock.
func (c *Call) finished(p *playing, reason string, played time.Duration) {
	if !p.active {
		return
	}
	p.active = false
	c.disconnect(p)
	if p.stop != "" {
		reason = p.stop
	}
	c.heard = time.Now().Add(c.leg.tail())
	c.drop(p)
	c.played(p, reason, played)
	c.advance()
}

// disconnect takes a play out of the graph and lets go of its sound.
func (c *Call) disconnect(p *playing) {
	if c.leg != nil && c.leg.graph != nil {
		l := c.leg
		_ = l.graph.Do(func() {
			l.graph.Disconnect(p.pin, l.mixer)
			l.graph.Remove(p.pin)
		})
		c.retap()
	}
	if p.sound != nil {
		p.sound.close()
		p.sound = nil
	}
}

// drop takes a play out of the lists.
func (c *Call) drop(p *playing) {
	c.plays.queue = without(c.plays.queue, p)
	c.plays.mixed = without(c.plays.mixed, p)
}

func without(list []*playing, p *playing) []*playing {
	for i := range list {
		if list[i] == p {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// stopPlays ends everything that plays or waits. The events go out in the order
// of the queue.
func (c *Call) stopPlays(reason string) {
	list := append(append([]*playing(nil), c.plays.queue...), c.plays.mixed...)
	c.plays = playlist{}
	for _, p := range list {
		p.stop = reason
		switch {
		case p.active:
			p.active = false
			played := p.played()
			c.disconnect(p)
			c.played(p, reason, played)
		case p.loading: // loaded sends its event
		default:
			if p.sound != nil {
				p.sound.close()
				p.sound = nil
			}
			c.played(p, reason, 0)
		}
	}
}

// played sends the event of a play's end; a play from a script without a route
// ends the call, as in the original.
func (c *Call) played(p *playing, reason string, played time.Duration) {
	c.log.Info().Str("file", p.file).Str("reason", reason).Dur("played", played).Msg("play ended")
	if p.route != "" {
		c.emit(&Event{Name: p.route, Fields: []Field{
			{"file", p.file}, {"reason", reason}, {"played_ms", played.Milliseconds()},
		}})
		return
	}
	if p.script && reason == ReasonDone {
		c.hangup(sip.Cause{By: sip.ByUs, Code: 200, Text: "prompt played"})
	}
}

// failed sends the event of a play that could not be played.
func (c *Call) failed(p *playing) {
	err := p.err
	var wrong *prompt.Error
	if errors.As(err, &wrong) {
		err = wrong
	}
	c.log.Warn().Str("file", p.file).Err(err).Msg("play failed")
	fields := []Field{{"file", p.file}, {"reason", ReasonError}, {"played_ms", int64(0)}, {"error", err.Error()}}
	bound := c.router.Has(EventPlayError)
	c.emit(&Event{Name: EventPlayError, Fields: []Field{{"file", p.file}, {"error", err.Error()}}})
	switch {
	case bound:
	case p.route != "":
		c.emit(&Event{Name: p.route, Fields: fields})
	case p.script:
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "prompt could not be played"})
	}
}

// retap lets players hand out encoded packets while nobody else is heard, taps or
// mixes, and PCM otherwise.
func (c *Call) retap() {
	l := c.leg
	if l == nil || l.graph == nil {
		return
	}
	n := 0
	var active []*playing
	for _, p := range append(append([]*playing(nil), c.plays.queue...), c.plays.mixed...) {
		if p.active {
			n++
			active = append(active, p)
		}
	}
	encoded := n == 1 && !l.echo
	for _, p := range active {
		if p.player == nil {
			continue
		}
		player := p.player
		_ = l.graph.Do(func() { player.SetEncoded(encoded) })
	}
}

// played returns how much of a play was sent.
func (p *playing) played() time.Duration {
	switch {
	case p.player != nil:
		return p.player.Played()
	case p.stream != nil:
		return p.stream.played()
	}
	return 0
}

// recode follows a change of codec: encoder and decoder are replaced, and what
// plays goes on from where it was, in the new codec.
func (l *leg) recode(old media.Codec) error {
	c, cd := l.call, l.codec
	err := l.graph.Do(func() {
		err := errors.Join(
			l.graph.Replace(l.decoder, filter.NewDecoder(l.session, cd.NewDecoder(), cd.Format())),
			l.graph.Replace(l.mixer, filter.NewMixer(cd.Format())),
			l.graph.Replace(l.encoder, filter.NewEncoder(cd, cd.NewEncoder())),
		)
		if err != nil {
			c.filterFailed("codec "+old.Encoding()+" to "+cd.Encoding(), err)
		}
	})
	if err != nil {
		return fmt.Errorf("change codec %s to %s: %w", old.Encoding(), cd.Encoding(), err)
	}
	for _, p := range append(append([]*playing(nil), c.plays.queue...), c.plays.mixed...) {
		if p.active {
			p.from += p.played()
			p.active = false
			c.disconnect(p)
		} else if p.sound != nil {
			p.sound.close()
			p.sound = nil
		}
		if !p.loading {
			c.load(p)
		}
	}
	return nil
}
