package call

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"rms/media"
	"rms/media/codec"
	"rms/media/filter"
	"rms/rtp"
)

// maxForwards bounds the copies of one call's audio that leave as RTP.
const maxForwards = 8

// forward sends a copy of a call's audio as plain RTP, with RTCP, to a recorder or an
// analyser. It runs in the graph, as the call's own RTP does, and never waits.
//
//	hears or mixer --> sides --> encoder --> session.Sender
type forward struct {
	name    string
	to      netip.AddrPort
	side    string // caller, callee or mixed
	pair    *rtp.Pair
	session *rtp.Session
	pins    []media.Pin // belong to the clock's thread
}

// taps tells whether the forward needs the PCM of what we send.
func (f *forward) taps() bool { return f.side != "caller" }

// startForward begins to send a copy of the call's audio.
func (c *Call) startForward(f *forward, cd media.Codec) error {
	l := c.leg
	switch {
	case !l.live():
		return c.errState("rms_forward needs media: rms_answer first")
	case slices.ContainsFunc(c.forwards, func(o *forward) bool { return o.name == f.name }):
		return fmt.Errorf("the call has a forward %q already: stop it first, or give this one another name", f.name)
	case len(c.forwards) >= maxForwards:
		return fmt.Errorf("the call has %d forwards already", maxForwards)
	}
	if cd.NewEncoder == nil {
		cd = l.codec
	}
	bind, ok := leadsTo(f.to)
	if !ok {
		return fmt.Errorf("no way to %s", f.to)
	}
	o := &c.manager.opts
	pair, err := o.Ports.Get(bind)
	if err != nil {
		return err
	}
	f.pair = pair
	c.manager.usePort(pair.Port(), place{bind: bind, show: bind})
	f.session = o.Engine.NewSession(pair, rtp.Config{
		Remote: f.to, Codec: cd, PayloadType: payloadType(cd), Send: true, Latch: rtp.LatchSDP,
		Ptime: l.graph.TickLength(), CNAME: c.id,
	}, nil)
	c.forwards = append(c.forwards, f)
	c.info().Str("forward", f.name).Str("to", f.to.String()).Str("codec", cd.Encoding()).Str("side", f.side).Msg("forward started")
	encoded := c.alone()
	l.do(func() {
		setEncoded(encoded)
		if err := f.join(l, cd); err != nil {
			c.filterFailed("forward "+f.name, err)
		}
	})
	return nil
}

// payloadType is the static payload type of a codec, else the first dynamic one
// (RFC 3551 section 3), which the receiver must be told of.
func payloadType(cd media.Codec) uint8 {
	if cd.PT >= 0 {
		return uint8(cd.PT)
	}
	return 96
}

// join connects the forward to the graph, on the thread of the clock.
func (f *forward) join(l *leg, cd media.Codec) error {
	if l.closing.Load() {
		return nil // a session is no longer to be given to a thread of the clock
	}
	mix, from := filter.Mono, []media.Pin{l.hears}
	switch f.side {
	case "callee":
		from[0] = l.mixer
	case "mixed":
		mix, from = filter.Mixed, append(from, l.mixer)
	}
	var errs []error
	add := func(x media.Filter, outs int, from ...media.Pin) media.Pin {
		pin, err := l.graph.Add(x, outs, from...)
		if err == nil {
			f.pins = append(f.pins, pin)
		}
		errs = append(errs, err)
		return pin
	}
	add(f.session.Poll(), 0)
	sides := add(filter.NewSides(mix, cd.Rate), 1, from...)
	encoder := add(filter.NewEncoder(cd, cd.NewEncoder()), 1, sides)
	add(f.session.Sender(), 0, encoder)
	return errors.Join(errs...)
}

// leave takes the forward out of the graph and says goodbye by RTCP, on the thread of
// the clock.
func (f *forward) leave(l *leg) {
	for _, pin := range slices.Backward(f.pins) {
		l.graph.Remove(pin)
	}
	f.pins = nil
	f.session.Close()
	f.pair.Close()
}

// stopForward ends one forward.
func (c *Call) stopForward(name string) error {
	i := slices.IndexFunc(c.forwards, func(f *forward) bool { return f.name == name })
	if i < 0 {
		return fmt.Errorf("the call has no forward %q", name)
	}
	f := c.forwards[i]
	c.forwards = slices.Delete(c.forwards, i, i+1)
	c.endForward(f)
	encoded := c.alone()
	c.leg.do(func() { setEncoded(encoded) })
	return nil
}

// stopForwards ends all of them; they leave the graph before its clock does.
func (c *Call) stopForwards() {
	list := c.forwards
	c.forwards = nil
	for _, f := range list {
		c.endForward(f)
	}
}

func (c *Call) endForward(f *forward) {
	c.info().Str("forward", f.name).Uint64("packets", f.session.Stats().PacketsOut).Msg("forward ended")
	c.manager.usePort(f.pair.Port(), place{})
	if l := c.leg; l.live() {
		l.do(func() { f.leave(l) })
	}
}

// forwardCodec finds a codec by its name in rms_forward: PCMU, PCMA, G722, L16/16000.
func forwardCodec(name string) (media.Codec, error) {
	for _, cd := range codec.All() {
		if cd.Encoding() == name || cd.Name == name {
			return cd, nil
		}
	}
	return media.Codec{}, fmt.Errorf("there is no codec %q", name)
}
