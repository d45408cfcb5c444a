package call

import (
	"fmt"
	"sync/atomic"
	"time"

	"rms/sip"
)

// Why a play ended, in the field "reason" of its event.
const (
	ReasonDone     = "done"
	ReasonStopped  = "stopped"
	ReasonReplaced = "replaced"
	ReasonError    = "error"
	ReasonEnded    = "ended" // with the call
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

	sound   *sound         // ready to be heard
	loading bool           // or being fetched
	voice   *voice         // or heard
	from    time.Duration  // what was heard in another codec, all passes together
	began   bool           // rms:play_start was sent
	inner   func(*playing) // of a collect: gets its end
	over    atomic.Bool    // the event of its end was sent; the loader looks too
}

// playlist is what a call plays: the head of queue is heard, and all of mixed.
type playlist struct {
	queue []*playing
	mixed []*playing

	failed int // plays that failed since one was heard
}

// all lists what is heard or waits, in the order of the queue.
func (l *playlist) all() []*playing {
	out := make([]*playing, 0, len(l.queue)+len(l.mixed))
	return append(append(out, l.queue...), l.mixed...)
}

// heard lists what is in the graph now.
func (l *playlist) heard() []*voice {
	var out []*voice
	for _, list := range [2][]*playing{l.queue, l.mixed} {
		for _, p := range list {
			if p.voice != nil {
				out = append(out, p.voice)
			}
		}
	}
	return out
}

// drop takes a play out.
func (l *playlist) drop(p *playing) {
	l.queue, l.mixed = without(l.queue, p), without(l.mixed, p)
}

// without returns a new list when one of the old is left out.
func without[T any](list []*T, p *T) []*T {
	for i := range list {
		if list[i] == p {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// play puts a file into the queue, or in place of what plays, or beside it.
func (c *Call) play(p *playing, mode string) error {
	if c.leg == nil {
		return c.errState("rms_play needs media: rms_answer or rms_progress first")
	}
	if mode == "replace" {
		c.stopPlays(ReasonReplaced)
	}
	if len(c.plays.queue)+len(c.plays.mixed) >= maxPlays {
		return fmt.Errorf("%d plays wait already", maxPlays)
	}
	if p.mix = mode == "mix"; p.mix {
		c.plays.mixed = append(c.plays.mixed, p)
	} else {
		c.plays.queue = append(c.plays.queue, p)
	}
	c.loadSoon(p)
	return nil
}

// A call whose plays fail one after the other, as when the prompt of a loop is missing,
// waits between them: its route would run without end.
const (
	failsFree = 3
	failPause = 250 * time.Millisecond
)

// loadSoon is load, after a pause when the plays before have all failed.
func (c *Call) loadSoon(p *playing) {
	if c.plays.failed < failsFree || !c.leg.live() {
		c.load(p)
		return
	}
	p.loading = true
	c.after(failPause, func() {
		if p.loading = false; !p.over.Load() && c.leg.live() {
			c.load(p)
		}
	})
}

// load fetches the sound in a goroutine of the loader, because a disk may be slow.
func (c *Call) load(p *playing) {
	if !c.leg.live() {
		return // offerless INVITE: the codec is known with the ACK
	}
	p.loading = true
	cd := c.leg.codec
	err := c.manager.loader.get(p, cd, func(s *sound, err error) {
		if c.box.must(func() { c.loaded(p, s, err) }) != nil && s != nil {
			s.close()
		}
	})
	if err != nil {
		p.loading = false
		c.end(p, ReasonError, err)
	}
}

// loaded takes a sound from the loader.
func (c *Call) loaded(p *playing, s *sound, err error) {
	p.loading = false
	switch {
	case p.over.Load():
		s.close()
	case err != nil:
		c.end(p, ReasonError, err)
	case s.codec.Encoding() != c.leg.codec.Encoding():
		s.close()
		c.load(p)
	default:
		p.sound = s
		c.advance()
	}
}

// advance lets everything be heard whose turn it is.
func (c *Call) advance() {
	for _, p := range append([]*playing(nil), c.plays.mixed...) {
		c.try(p)
	}
	if len(c.plays.queue) > 0 {
		c.try(c.plays.queue[0])
	}
}

// try lets one play be heard when it can.
func (c *Call) try(p *playing) {
	switch {
	case p.voice != nil || p.loading || !c.leg.live() || c.muted() || p.over.Load():
	case p.sound == nil:
		c.load(p)
	default:
		if err := c.sounds(p); err != nil {
			c.end(p, ReasonError, err)
			return
		}
		if !p.began {
			p.began = true
			c.playedRecording(p.file)
			c.plays.failed = 0
			c.info().Str("file", p.file).Msg("play started")
			c.emit(&Event{Name: EventPlayStart, Fields: []Field{{"file", p.file}}})
		}
	}
}

// end takes a play out, whatever it was doing, and sends the event of its end: the
// only place that does, and once for each play.
func (c *Call) end(p *playing, reason string, why error) {
	if p.over.Swap(true) {
		return
	}
	c.plays.drop(p)
	played := p.from + p.voice.played()
	c.silence(p)
	if reason == ReasonError {
		c.failed(p, played, why)
	} else {
		c.played(p, reason, played)
	}
	c.advance()
	if p.inner != nil {
		p.inner(p)
	}
}

// silence takes a play out of the graph and lets go of its sound.
func (c *Call) silence(p *playing) {
	if v, l := p.voice, c.leg; v != nil {
		p.voice = nil
		encoded := c.alone()
		l.do(func() {
			v.leave(l)
			setEncoded(encoded)
		})
	}
	p.sound.close()
	p.sound = nil
}

// stopPlays ends everything that plays or waits, in the order of the queue.
func (c *Call) stopPlays(reason string) {
	list := c.plays.all()
	c.plays = playlist{failed: c.plays.failed}
	for _, p := range list {
		c.end(p, reason, nil)
	}
}

// played sends the event of a play's end; a play from a script without a route
// ends the call, as in the original, unless another waits behind it.
func (c *Call) played(p *playing, reason string, played time.Duration) {
	c.info().Str("file", p.file).Str("reason", reason).Dur("played", played).Msg("play ended")
	c.emit(&Event{Name: p.named(), Kind: EventPlayEnd, Fields: []Field{
		{"file", p.file}, {"reason", reason}, {"played_ms", played.Milliseconds()},
	}})
	if p.route == "" && p.script && reason == ReasonDone && len(c.plays.queue) == 0 {
		c.hangup(sip.Cause{By: sip.ByUs, Code: 200, Text: "prompt played"})
	}
}

// failed sends the event of a play that could not be played, or not to its end.
func (c *Call) failed(p *playing, played time.Duration, err error) {
	c.plays.failed++
	c.warn().Str("file", p.file).Err(err).Dur("played", played).Msg("play failed")
	text := err.Error()
	bound := c.router.Has(EventPlayError)
	c.emit(&Event{Name: EventPlayError, Fields: []Field{{"file", p.file}, {"error", text}}})
	name := p.named()
	if bound && !awaited(name) {
		name = EventPlayEnd // rms:play_error runs in place of the route
	}
	c.emit(&Event{Name: name, Kind: EventPlayEnd, Fields: []Field{
		{"file", p.file}, {"reason", ReasonError}, {"played_ms", played.Milliseconds()}, {"error", text},
	}})
	if p.route == "" && p.script && !bound {
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "prompt could not be played"})
	}
}

// named is the name of the event of a play's end.
func (p *playing) named() string {
	if p.route == "" {
		return EventPlayEnd
	}
	return p.route
}

// interrupt begins a change of codec: what is heard or ready must be fetched again,
// and goes on from where it was. The voices are for the clock's thread to take out.
func (c *Call) interrupt() []*voice {
	heard := c.plays.heard()
	for _, p := range c.plays.all() {
		p.from += p.voice.played()
		p.voice = nil
		p.sound.close()
		p.sound = nil
	}
	return heard
}

// reload fetches in the new codec what interrupt took out.
func (c *Call) reload() {
	for _, p := range c.plays.all() {
		if !p.loading && !p.over.Load() {
			c.load(p)
		}
	}
}
