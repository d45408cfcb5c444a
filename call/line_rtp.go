package call

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/media/filter"
	"rms/rtp"
	"rms/sip/sdp"
)

// rtpLine is the line of a leg that offer and answer describe: a pair of sockets
// and an RTP session.
//
//	session.Poll                       (drains the sockets, first in the tick)
//	decoder --> ... mixer --> encoder --> session.Sender
type rtpLine struct {
	leg     *leg
	pair    *rtp.Pair
	local   *sdp.Local // our last offer or answer
	offered bool       // local is an offer that waits for its answer
	early   bool       // early media: the call is not answered yet
	caps    sdp.Caps

	media   sdp.Media
	session *rtp.Session // nil until there is an answer

	encoder media.Pin
	decoder *filter.Decoder // what leg.hears names; belongs to the clock's thread
	taps    taps            // of the session; belong to the clock's thread
}

// newLeg binds RTP ports for the call, where they can reach the far end of the
// offer.
func (c *Call) newLeg(offer []byte) (*leg, error) {
	at := c.place(offer)
	pair, err := c.manager.opts.Ports.Get(at.bind)
	if err != nil {
		return nil, err
	}
	c.manager.usePort(pair.Port(), at)
	l := &leg{call: c}
	l.rtp = &rtpLine{leg: l, pair: pair, caps: sdp.Caps{
		Codecs: offerable(), DTMF: true, CN: true, Addr: at.show, Port: pair.Port(), RTCPPort: pair.Port() + 1,
		Ptime: 20 * time.Millisecond, Direction: sdp.SendRecv, Mux: true, Own: c.manager.own,
	}}
	l.line = l.rtp
	return l, nil
}

// offerable lists our codecs with the payload types that we would offer; nobody
// writes to the list.
var offerable = sync.OnceValue(func() []sdp.Codec {
	var out []sdp.Codec
	next := uint8(96)
	for _, c := range codec.All() {
		s := sdp.Codec{Name: c.Name, ClockRate: c.ClockRate, Channels: c.Channels}
		if c.PT >= 0 {
			s.PT = uint8(c.PT)
		} else {
			s.PT = next
			next++
		}
		out = append(out, s)
	}
	return out
})

// errCodec says that a codec was agreed that this program does not have, which is
// a mistake in the table of what we offer.
var errCodec = errors.New("the codec that was agreed is not there")

func codecOf(m *sdp.Media) (media.Codec, error) {
	cd, ok := codec.Lookup(m.Codec.Name, m.Codec.ClockRate, max(m.Codec.Channels, 1))
	if !ok {
		return cd, fmt.Errorf("%w: %s", errCodec, m.Codec)
	}
	return cd, nil
}

// run begins the session for what was agreed, and the audio of the leg.
func (r *rtpLine) run(m sdp.Media) error {
	cd, err := codecOf(&m)
	if err != nil {
		return err
	}
	c := r.leg.call
	r.media = m
	r.session = c.manager.opts.Engine.NewSession(r.pair, r.config(m, cd), (*rtpEvents)(c))
	return r.leg.run(cd, tickOf(m.Ptime))
}

func (r *rtpLine) hear(l *leg) (media.Pin, error) {
	if _, err := l.graph.Add(r.session.Poll(), 0); err != nil {
		return media.Pin{}, err
	}
	r.decoder = r.newDecoder(l.codec, r.media.CNType)
	return l.graph.Add(r.decoder, 1)
}

func (r *rtpLine) send(l *leg, from media.Pin) error {
	var err error
	if r.encoder, err = l.graph.Add(filter.NewEncoder(l.codec, l.codec.NewEncoder()), 1, from); err != nil {
		return err
	}
	_, err = l.graph.Add(r.session.Sender(), 0, r.encoder)
	return err
}

func (r *rtpLine) plain() bool { return false }

func (r *rtpLine) digits(digits string, duration, gap time.Duration) error {
	if r.media.DTMFType == 0 {
		return errors.New("the caller did not offer telephone-event (RFC 4733)")
	}
	return r.session.SendDigits(digits, duration, gap)
}

// tail is the length of a packet that was just sent, and a moment for the network.
func (r *rtpLine) tail() time.Duration { return r.media.Ptime + 10*time.Millisecond }

func (r *rtpLine) describe() (codec, remote, direction string) {
	return r.leg.codec.Encoding(), address(r.media.Remote), r.media.Direction.String()
}

// newDecoder returns the filter that hears the far end, its comfort noise too.
func (r *rtpLine) newDecoder(cd media.Codec, noise uint8) *filter.Decoder {
	f := filter.NewDecoder(r.session, cd.NewDecoder(), cd.Format())
	if noise != 0 {
		f.SetNoise(noise, &codec.ComfortNoise{})
	}
	return f
}

func (r *rtpLine) config(m sdp.Media, cd media.Codec) rtp.Config {
	o := &r.leg.call.manager.opts
	cfg := rtp.Config{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Mux: m.Mux,
		Codec: cd, PayloadType: m.Codec.PT, Ptime: m.Ptime,
		DTMFType: m.DTMFType, DTMFRate: m.DTMFRate, CNType: m.CNType, Noise: m.CNType != 0,
		Send: m.Direction.Sends(), Receive: m.Direction.Receives(),
		Latch: o.Latch, Timeout: o.RTPTimeout, JitterMin: o.JitterMin, JitterMax: o.JitterMax,
		CNAME: r.leg.call.id,
	}
	if m.Hold || r.early {
		cfg.Timeout = 0 // who holds us, or waits for the answer, may be silent
	}
	return cfg
}

// update makes a changed agreement take effect between two ticks: new address,
// direction, ptime or codec. Sequence, timestamp and SSRC go on, and so does what
// plays.
func (r *rtpLine) update(m sdp.Media, cd media.Codec) {
	l := r.leg
	c, old, before := l.call, l.codec, r.media
	r.media, l.codec = m, cd
	recode := old.Encoding() != cd.Encoding()
	var out []*voice
	if recode {
		out = c.interrupt()
	}
	cfg, f := r.config(m, cd), c.feed
	l.do(func() {
		r.configure(&cfg)
		f.recode(r)
		for _, v := range out {
			v.leave(l)
		}
		switch {
		case recode:
			r.recode(old, cd, m.CNType)
		case m.CNType != 0 && m.CNType != before.CNType:
			r.decoder.SetNoise(m.CNType, &codec.ComfortNoise{})
		}
		l.graph.SetTick(tickOf(m.Ptime))
	})
	if recode {
		c.reload()
	}
}

// answered ends the time of early media.
func (r *rtpLine) answered() {
	if !r.early {
		return
	}
	r.early = false
	if r.session == nil {
		return
	}
	cfg := r.config(r.media, r.leg.codec)
	r.leg.do(func() { r.configure(&cfg) })
}

// configure gives the session another agreement. What a session lets go of belongs to
// its thread of the clock, so a leg that is being closed keeps what it has.
func (r *rtpLine) configure(cfg *rtp.Config) {
	if !r.leg.closing.Load() {
		r.session.Update(*cfg)
	}
}

// recode puts another decoder, mixer and encoder in the place of the old ones, on
// the thread of the clock.
func (r *rtpLine) recode(old, cd media.Codec, noise uint8) {
	l := r.leg
	r.decoder = r.newDecoder(cd, noise)
	l.swap("codec "+old.Encoding()+" to "+cd.Encoding(),
		l.graph.Replace(l.hears, r.decoder),
		l.graph.Replace(l.mixer, filter.NewMixer(cd.Format())),
		l.graph.Replace(r.encoder, filter.NewEncoder(cd, cd.NewEncoder())),
	)
}

// shut ends the session and gives the ports back.
func (r *rtpLine) shut(s *legStats) {
	if r.session != nil {
		r.session.Close()
		st := r.session.Stats()
		*s = legStats{
			packetsIn: st.PacketsIn, packetsOut: st.PacketsOut, lost: st.Lost, jitter: st.Jitter,
			codec: r.leg.codec.Encoding(),
		}
	}
	r.leg.call.manager.usePort(r.pair.Port(), place{})
	r.pair.Close()
}
