package call

import (
	"errors"
	"strconv"

	"rms/media"
	"rms/rtp"
	"rms/sip/sdp"
)

// siprecSide is one of the streams to a recorder, as the mailbox of the call has it.
type siprecSide struct {
	label   string
	ours    bool // what we send; else what the caller says
	at      place
	pair    *rtp.Pair
	caps    sdp.Caps
	local   *sdp.Local
	refused bool // the recorder does not take it

	media  sdp.Media
	codec  media.Codec
	wire   *siprecWire // nil until it is agreed
	relays bool        // packets go on as they came
}

// newSiprecSide binds the ports of side i.
func newSiprecSide(c *Call, i int, at place) (*siprecSide, error) {
	pair, err := c.manager.opts.Ports.Get(at.bind)
	if err != nil {
		return nil, err
	}
	c.manager.usePort(pair.Port(), at)
	return &siprecSide{
		label: strconv.Itoa(i + 1), ours: i == 1, at: at, pair: pair,
		caps: sdp.Caps{
			CN: true, Addr: at.show, Port: pair.Port(), RTCPPort: pair.Port() + 1, Ptime: ptimeOf(c.leg),
			Own: c.manager.own,
		},
	}, nil
}

// direction is that of a side's stream: inactive in a pause, and while nothing can come
// of it because the call is on hold.
func (s *siprecOut) direction(side *siprecSide) sdp.Direction {
	d := sdp.SendRecv
	if r := s.call.leg.rtp; r != nil {
		d = r.media.Direction
	}
	if s.paused || side.ours && !d.Sends() || !side.ours && !d.Receives() {
		return sdp.Inactive
	}
	return sdp.SendOnly
}

// taps tells whether the side needs the PCM of what we send.
func (s *siprecSide) taps() bool {
	return s != nil && s.ours && s.wire != nil && !s.relays
}

func (s *siprecSide) config(c *Call, paused bool) rtp.Config {
	m := &s.media
	return rtp.Config{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Mux: m.Mux, Codec: s.codec, PayloadType: m.Codec.PT, Ptime: m.Ptime,
		CNType: m.CNType, Send: m.Direction.Sends() && !paused, Latch: rtp.LatchSDP, CNAME: c.id,
	}
}

// fit makes the side's audio what was agreed and what the call has now.
func (s *siprecSide) fit(c *Call, paused bool) {
	l := c.leg
	if s.refused {
		s.close(c)
		return
	}
	cfg := s.config(c, paused)
	s.relays = l.rtp != nil && sameCodec(l.codec, s.codec)
	first := s.wire == nil
	if first {
		session := c.manager.opts.Engine.NewSession(s.pair, cfg, nil)
		s.wire = &siprecWire{session: session, relay: session.NewRelay(), ours: s.ours}
	}
	w, relays := s.wire, s.relays
	l.do(func() {
		if l.closing.Load() {
			return // what the clock let go of gets nothing new
		}
		var errs []error
		if first {
			errs = append(errs, w.join(l))
		} else {
			w.session.Update(cfg)
			w.unchain(l)
		}
		if relays {
			errs = append(errs, w.pass(l, cfg.PayloadType, cfg.CNType))
		} else {
			errs = append(errs, w.encode(l, cfg.Codec))
		}
		if err := errors.Join(errs...); err != nil {
			c.filterFailed("siprec", err)
		}
	})
}

// close ends the side's audio, says goodbye by RTCP and gives its ports back. It may
// come twice, and to none; it returns how many packets were sent.
func (s *siprecSide) close(c *Call) (packets uint64) {
	if s == nil || s.pair == nil {
		return 0
	}
	pair, w := s.pair, s.wire
	s.pair, s.wire = nil, nil
	c.manager.usePort(pair.Port(), place{})
	l := c.leg
	if w == nil || !l.live() {
		pair.Close()
		return 0
	}
	packets = w.session.Stats().PacketsOut
	l.do(func() {
		w.leave(l)
		pair.Close()
	})
	return packets
}
