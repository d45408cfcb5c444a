package phone

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/media/filter"
	"rms/rtp"
	"rms/sip/sdp"
)

const (
	portLow, portHigh = 16384, 32766 // below the ephemeral range
	firstDynamic      = 96
	tickLong          = 20 * time.Millisecond
	tickShort         = 10 * time.Millisecond
)

// leg is the media of the call: sockets, session and graph.
type leg struct {
	plan   *plan
	box    *mailbox
	clock  *media.Shards
	engine *rtp.Engine
	pair   *rtp.Pair
	caps   sdp.Caps

	graph   *media.Graph
	session *rtp.Session
	codec   media.Codec
	agreed  sdp.Media
	decoder media.Pin
	encoder media.Pin
	hush    media.Pin
	ear     *ear
	mic     *mic
	closed  bool
}

func newLeg(p *plan, box *mailbox, local netip.Addr, microphone *mic) (*leg, error) {
	ports := rtp.NewPorts(rtp.PortsOptions{Min: portLow, Max: portHigh})
	pair, err := ports.Get(local)
	if err != nil {
		return nil, fmt.Errorf("open an RTP port on %s: %w", local, err)
	}
	clock := media.NewShards(media.ShardOptions{Shards: 1})
	l := &leg{plan: p, box: box, clock: clock, engine: rtp.NewEngine(clock), pair: pair, mic: microphone}
	l.caps = sdp.Caps{DTMF: true, CN: true, Mux: true, Addr: local, Port: pair.Port(), Ptime: p.Ptime}
	dynamic := uint8(firstDynamic)
	for _, c := range p.codecs {
		pt := uint8(c.PT)
		if c.PT < 0 {
			pt = dynamic
			dynamic++
		}
		l.caps.Codecs = append(l.caps.Codecs, sdp.Codec{Name: c.Name, PT: pt, ClockRate: c.ClockRate, Channels: c.Channels})
	}
	return l, nil
}

// agree starts the media, or changes what runs to a new agreement. An answer that crossed
// our goodbye starts nothing: nobody would end it.
func (l *leg) agree(m sdp.Media) error {
	if l.closed {
		return nil
	}
	c, ok := codec.Lookup(m.Codec.Name, m.Codec.ClockRate, m.Codec.Channels)
	if !ok {
		return fmt.Errorf("the far end chose %s, which was not offered", m.Codec)
	}
	if l.graph == nil {
		return l.start(c, m)
	}
	changed := c.Encoding() != l.codec.Encoding()
	l.agreed, l.codec = m, c
	return l.graph.Do(func() {
		if changed {
			if err := l.swap(c); err != nil {
				l.box.post(event{failed: err})
			}
		}
		l.session.Update(l.config(c, m))
		l.graph.SetTick(tickFor(m.Ptime))
	})
}

func tickFor(ptime time.Duration) time.Duration {
	if ptime%tickLong != 0 {
		return tickShort
	}
	return tickLong
}

func (l *leg) config(c media.Codec, m sdp.Media) rtp.Config {
	return rtp.Config{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Mux: m.Mux, Codec: c, PayloadType: m.Codec.PT, Ptime: m.Ptime,
		DTMFType: m.DTMFType, DTMFRate: m.DTMFRate, CNType: m.CNType, Noise: m.CNType != 0,
		Send: m.Direction.Sends(), Receive: m.Direction.Receives(), Latch: rtp.LatchNAT,
	}
}

// start builds the graph:
//
//	poll   session -> decoder -> ear
//	mic -> hush -> encoder -> session
func (l *leg) start(c media.Codec, m sdp.Media) error {
	var err error
	if l.ear, err = newEar(l.plan.Save, c.Format()); err != nil {
		return err
	}
	l.agreed, l.codec = m, c
	l.session = l.engine.NewSession(l.pair, l.config(c, m), l.box)
	l.graph = media.NewGraph(media.GraphOptions{
		Tick: tickFor(m.Ptime), Convert: filter.Convert,
		OnError: func(where string, err error) { l.box.post(event{failed: fmt.Errorf("%s: %w", where, err)}) },
	})
	if err = l.hear(c); err == nil {
		err = l.speak(c)
	}
	if err != nil {
		return err
	}
	l.clock.Attach(l.graph)
	return nil
}

func (l *leg) hear(c media.Codec) error {
	if _, err := l.graph.Add(l.session.Poll(), 0); err != nil {
		return err
	}
	var err error
	if l.decoder, err = l.graph.Add(l.newDecoder(c), 1); err != nil {
		return err
	}
	_, err = l.graph.Spawn(l.decoder, l.ear, media.LinkOptions{
		Size: 5 * time.Second, Name: "ear", Format: c.Format(), Silence: true, Full: media.DropNewest,
	})
	return err
}

func (l *leg) newDecoder(c media.Codec) *filter.Decoder {
	d := filter.NewDecoder(l.session, c.NewDecoder(), c.Format())
	if l.agreed.CNType != 0 {
		d.SetNoise(l.agreed.CNType, &codec.ComfortNoise{})
	}
	return d
}

func (l *leg) speak(c media.Codec) error {
	var from []media.Pin
	if l.mic != nil {
		if err := l.mic.tune(c.Format()); err != nil {
			return err
		}
		pin, err := l.graph.Feed(l.mic, media.LinkOptions{Name: "mic", Format: c.Format()}, l.spoken)
		if err != nil {
			return err
		}
		l.mic = nil // the graph closes it
		from = append(from, pin)
	}
	var err error
	if l.hush, err = l.graph.Add(&hush{format: c.Format()}, 1, from...); err != nil {
		return err
	}
	if l.encoder, err = l.graph.Add(filter.NewEncoder(c, c.NewEncoder()), 1, l.hush); err != nil {
		return err
	}
	_, err = l.graph.Chain(l.encoder, l.session.Sender())
	return err
}

func (l *leg) spoken(err error) { l.box.post(event{spoken: true, failed: err}) }

// swap changes the codec between two ticks.
func (l *leg) swap(c media.Codec) error {
	if err := l.graph.Replace(l.decoder, l.newDecoder(c)); err != nil {
		return fmt.Errorf("change to %s: %w", c.Encoding(), err)
	}
	if err := l.graph.Replace(l.encoder, filter.NewEncoder(c, c.NewEncoder())); err != nil {
		return fmt.Errorf("change to %s: %w", c.Encoding(), err)
	}
	return nil
}

// press sends the keys by RFC 4733.
func (l *leg) press(digits string) error {
	return l.session.SendDigits(strings.ToUpper(digits), digitLength, digitGap)
}

// close ends the media; what was heard is on disk when it returns.
func (l *leg) close(ctx context.Context) error {
	l.closed = true
	var err error
	if l.graph != nil {
		err = l.graph.Close(ctx)
		l.session.Close()
	}
	if l.mic != nil {
		_ = l.mic.Close()
	}
	l.clock.Close()
	l.engine.Close()
	l.pair.Close()
	return err
}
