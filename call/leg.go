package call

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
// through Graph.Do.
type leg struct {
	call    *Call
	pair    *rtp.Pair
	local   *sdp.Local // our last offer or answer
	offered bool       // local is an offer that waits for its answer
	caps    sdp.Caps

	media   sdp.Media
	codec   media.Codec
	session *rtp.Session // nil until there is an answer
	graph   *media.Graph

	decoder, mixer, encoder media.Pin

	echo bool // the decoder feeds the mixer
}

// legStats is what is left of a leg in rms:end.
type legStats struct {
	packetsIn, packetsOut uint64
	lost                  int64
	jitter                time.Duration
	codec                 string
}

// tickOf returns the tick of a graph for that ptime: 20 ms when the ptime is a
// multiple of it, else 10 ms.
func tickOf(ptime time.Duration) time.Duration {
	if ptime > 0 && ptime%(20*time.Millisecond) == 0 {
		return 20 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// newLeg binds RTP ports for the call.
func (c *Call) newLeg(direction sdp.Direction) (*leg, error) {
	o := &c.manager.opts
	bind := o.Bind
	if !bind.IsValid() {
		bind = c.dialog.LocalAddr().Addr().Unmap()
	}
	pair, err := o.Ports.Get(bind)
	if err != nil {
		return nil, err
	}
	show := o.Advertise
	if !show.IsValid() {
		show = bind
	}
	c.manager.usePort(pair.Port(), true)
	l := &leg{call: c, pair: pair}
	l.caps = sdp.Caps{
		Codecs: offerable(), DTMF: true, CN: true, Addr: show, Port: pair.Port(), RTCPPort: pair.Port() + 1,
		Ptime: 20 * time.Millisecond, Direction: direction, Mux: true, Own: c.own,
	}
	return l, nil
}

// own tells whether an address is one of our RTP ports: audio sent there would
// run in a circle.
func (c *Call) own(to netip.AddrPort) bool {
	if !c.manager.usesPort(to.Port()) {
		return false
	}
	addr := to.Addr().Unmap()
	return addr.IsLoopback() || addr == c.dialog.LocalAddr().Addr().Unmap() || addr == c.manager.opts.Advertise
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

// run builds the session and the graph for what was agreed, and starts the clock.
func (l *leg) run(m sdp.Media) error {
	cd, ok := codec.Lookup(m.Codec.Name, m.Codec.ClockRate, max(m.Codec.Channels, 1))
	if !ok {
		return fmt.Errorf("codec %s/%d was agreed but is not there", m.Codec.Name, m.Codec.ClockRate)
	}
	l.media, l.codec = m, cd
	o := &l.call.manager.opts
	l.session = o.Engine.NewSession(l.pair, l.config(m, cd), (*rtpEvents)(l.call))
	l.graph = media.NewGraph(media.GraphOptions{
		Tick: tickOf(m.Ptime), Convert: filter.Convert, Pool: l.call.manager.pool,
		OnError: func(where string, err error) { l.call.filterFailed(where, err) },
	})
	if err := l.build(); err != nil {
		return err
	}
	o.Clock.Attach(l.graph)
	return nil
}

func (l *leg) build() error {
	_, err := l.graph.Add(l.session.Poll(), 0)
	if err == nil {
		l.decoder, err = l.graph.Add(filter.NewDecoder(l.session, l.codec.NewDecoder(), l.codec.Format()), 1)
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

func (l *leg) config(m sdp.Media, cd media.Codec) rtp.Config {
	o := &l.call.manager.opts
	timeout := o.RTPTimeout
	if m.Hold {
		timeout = 0 // who holds us may be silent
	}
	return rtp.Config{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Mux: m.Mux,
		Codec: cd, PayloadType: m.Codec.PT, Ptime: m.Ptime,
		DTMFType: m.DTMFType, DTMFRate: m.DTMFRate, CNType: m.CNType,
		Send: m.Direction.Sends(), Receive: m.Direction.Receives(),
		Latch: o.Latch, Timeout: timeout, JitterMin: o.JitterMin, JitterMax: o.JitterMax,
		CNAME: l.call.id,
	}
}

// update makes a changed agreement take effect between two ticks: new address,
// direction, ptime or codec. Sequence, timestamp and SSRC go on.
func (l *leg) update(m sdp.Media) error {
	cd, ok := codec.Lookup(m.Codec.Name, m.Codec.ClockRate, max(m.Codec.Channels, 1))
	if !ok {
		return fmt.Errorf("codec %s/%d was agreed but is not there", m.Codec.Name, m.Codec.ClockRate)
	}
	old := l.codec
	l.media, l.codec = m, cd
	cfg := l.config(m, cd)
	if err := l.graph.Do(func() { l.session.Update(cfg) }); err != nil {
		return err
	}
	if old.Encoding() != cd.Encoding() {
		if err := l.recode(old); err != nil {
			return err
		}
	}
	if tick := tickOf(m.Ptime); tick != l.graph.TickLength() {
		clock := l.call.manager.opts.Clock
		clock.Detach(l.graph)
		l.graph.SetTick(tick)
		clock.Attach(l.graph)
	}
	return nil
}

// close stops the audio and gives the ports back. It may wait for a tick, so it
// does not run in the mailbox.
func (l *leg) close() legStats {
	var s legStats
	if l.graph != nil {
		l.call.manager.opts.Clock.Detach(l.graph)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := l.graph.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			l.call.log.Warn().Err(err).Msg("graph closed")
		}
	}
	if l.session != nil {
		l.session.Close()
		st := l.session.Stats()
		s = legStats{
			packetsIn: st.PacketsIn, packetsOut: st.PacketsOut, lost: st.Lost, jitter: st.Jitter,
			codec: l.codec.Encoding(),
		}
	}
	l.release()
	return s
}

// release gives the ports back.
func (l *leg) release() {
	l.call.manager.usePort(l.pair.Port(), false)
	l.pair.Close()
}
