package call

import (
	"context"
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

// leg is the media of a call: the sockets, the RTP session and the graph.
//
//	session.Poll                       (drains the sockets, first in the tick)
//	decoder --+-- (echo) --> mixer --> encoder --> session.Sender
//	          +-- later: targets, recorder
//	players ---------------> mixer
//
// Its fields belong to the call's mailbox; what it changes in the graph goes
// through do.
type leg struct {
	call    *Call
	pair    *rtp.Pair
	local   *sdp.Local // our last offer or answer
	offered bool       // local is an offer that waits for its answer
	early   bool       // early media: the call is not answered yet
	caps    sdp.Caps

	media   sdp.Media
	codec   media.Codec
	session *rtp.Session // nil until there is an answer
	graph   *media.Graph
	ops     ops

	decoder, mixer, encoder media.Pin
	hear                    *filter.Decoder // what decoder names; belongs to the clock's thread

	echo bool // the decoder feeds the mixer
}

// legStats is what is left of a leg in rms:end.
type legStats struct {
	packetsIn, packetsOut uint64
	lost                  int64
	jitter                time.Duration
	codec                 string
}

// add counts another leg of the call in.
func (s *legStats) add(o *legStats) {
	s.packetsIn += o.packetsIn
	s.packetsOut += o.packetsOut
	s.lost += o.lost
	if o.codec != "" {
		s.jitter, s.codec = o.jitter, o.codec
	}
}

// tickOf returns the tick of a graph for that ptime: 20 ms when the ptime is a
// multiple of it, else 10 ms.
func tickOf(ptime time.Duration) time.Duration {
	if ptime > 0 && ptime%(20*time.Millisecond) == 0 {
		return 20 * time.Millisecond
	}
	return 10 * time.Millisecond
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
	l := &leg{call: c, pair: pair}
	l.caps = sdp.Caps{
		Codecs: offerable(), DTMF: true, CN: true, Addr: at.show, Port: pair.Port(), RTCPPort: pair.Port() + 1,
		Ptime: 20 * time.Millisecond, Direction: sdp.SendRecv, Mux: true, Own: c.manager.own,
	}
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

// run builds the session and the graph for what was agreed, and starts the clock.
func (l *leg) run(m sdp.Media) error {
	cd, err := codecOf(&m)
	if err != nil {
		return err
	}
	l.media, l.codec = m, cd
	c, o := l.call, &l.call.manager.opts
	l.session = o.Engine.NewSession(l.pair, l.config(m, cd), (*rtpEvents)(c))
	l.graph = media.NewGraph(media.GraphOptions{
		Tick: tickOf(m.Ptime), Convert: filter.Convert, Pool: c.manager.pool, Reaper: &c.manager.reaper,
		OnError: c.filterFailed, Ops: graphOps,
	})
	if err := l.build(); err != nil {
		return err
	}
	o.Clock.Attach(l.graph)
	return nil
}

// graphOps is the size of a graph's own queue: one operation does all that waits
// in leg.ops, and links bring some of theirs.
const graphOps = 8

func (l *leg) build() error {
	l.hear = l.newDecoder(l.codec, l.media.CNType)
	_, err := l.graph.Add(l.session.Poll(), 0)
	if err == nil {
		l.decoder, err = l.graph.Add(l.hear, 1)
	}
	if err == nil {
		l.mixer, err = l.graph.Add(filter.NewMixer(l.codec.Format()), 1)
	}
	if err == nil {
		l.encoder, err = l.graph.Add(filter.NewEncoder(l.codec, l.codec.NewEncoder()), 1, l.mixer)
	}
	if err == nil {
		_, err = l.graph.Add(l.session.Sender(), 0, l.encoder)
	}
	if err != nil {
		return fmt.Errorf("build the graph: %w", err)
	}
	return nil
}

// newDecoder returns the filter that hears the far end, its comfort noise too.
func (l *leg) newDecoder(cd media.Codec, noise uint8) *filter.Decoder {
	f := filter.NewDecoder(l.session, cd.NewDecoder(), cd.Format())
	if noise != 0 {
		f.SetNoise(noise, &codec.ComfortNoise{})
	}
	return f
}

func (l *leg) config(m sdp.Media, cd media.Codec) rtp.Config {
	o := &l.call.manager.opts
	cfg := rtp.Config{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Mux: m.Mux,
		Codec: cd, PayloadType: m.Codec.PT, Ptime: m.Ptime,
		DTMFType: m.DTMFType, DTMFRate: m.DTMFRate, CNType: m.CNType, Noise: m.CNType != 0,
		Send: m.Direction.Sends(), Receive: m.Direction.Receives(),
		Latch: o.Latch, Timeout: o.RTPTimeout, JitterMin: o.JitterMin, JitterMax: o.JitterMax,
		CNAME: l.call.id,
	}
	if m.Hold || l.early {
		cfg.Timeout = 0 // who holds us, or waits for the answer, may be silent
	}
	return cfg
}

// update makes a changed agreement take effect between two ticks: new address,
// direction, ptime or codec. Sequence, timestamp and SSRC go on, and so does what
// plays.
func (l *leg) update(m sdp.Media, cd media.Codec) {
	c, old, before := l.call, l.codec, l.media
	l.media, l.codec = m, cd
	recode := old.Encoding() != cd.Encoding()
	var out []*voice
	if recode {
		out = c.interrupt()
	}
	cfg := l.config(m, cd)
	l.do(func() {
		l.session.Update(cfg)
		for _, v := range out {
			v.leave(l)
		}
		switch {
		case recode:
			l.recode(old, cd, m.CNType)
		case m.CNType != 0 && m.CNType != before.CNType:
			l.hear.SetNoise(m.CNType, &codec.ComfortNoise{})
		}
		l.graph.SetTick(tickOf(m.Ptime))
	})
	if recode {
		c.reload()
	}
}

// answered ends the time of early media.
func (l *leg) answered() {
	if !l.early {
		return
	}
	l.early = false
	if l.session == nil {
		return
	}
	cfg := l.config(l.media, l.codec)
	l.do(func() { l.session.Update(cfg) })
}

// recode puts another decoder, mixer and encoder in the place of the old ones, on
// the thread of the clock.
func (l *leg) recode(old, cd media.Codec, noise uint8) {
	l.hear = l.newDecoder(cd, noise)
	err := errors.Join(
		l.graph.Replace(l.decoder, l.hear),
		l.graph.Replace(l.mixer, filter.NewMixer(cd.Format())),
		l.graph.Replace(l.encoder, filter.NewEncoder(cd, cd.NewEncoder())),
	)
	if err != nil {
		l.call.filterFailed("codec "+old.Encoding()+" to "+cd.Encoding(), err)
	}
}

// closeTimeout is how long the links of a leg may take to end, before they are
// left to the reaper.
const closeTimeout = 2 * time.Second

// close stops the audio and gives the ports back, and then waits for what reads
// files. It may wait, so it does not run in the mailbox.
func (l *leg) close(s *legStats) {
	if l.graph != nil {
		l.call.manager.opts.Clock.Detach(l.graph)
		l.flush()
	}
	if l.session != nil {
		l.session.Close()
		st := l.session.Stats()
		*s = legStats{
			packetsIn: st.PacketsIn, packetsOut: st.PacketsOut, lost: st.Lost, jitter: st.Jitter, codec: l.codec.Encoding(),
		}
	}
	l.call.manager.usePort(l.pair.Port(), place{})
	l.pair.Close()
	if l.graph == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := l.graph.Close(ctx); err != nil {
		l.call.warn().Err(err).Msg("graph closed")
	}
}
