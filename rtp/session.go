// Package rtp carries the media of calls: sockets, latch, jitter buffer, RFC 4733
// digits, RTCP. An Engine works on the shards of a media clock; a Session is one
// stream in each direction. The smallest example:
//
//	ports := rtp.NewPorts(rtp.PortsOptions{Min: 10000, Max: 29999})
//	engine := rtp.NewEngine(clock)
//	pair, err := ports.Get(local)
//	s := engine.NewSession(pair, rtp.Config{Remote: remote, Codec: pcmu, Send: true, Receive: true}, events)
//	_, _ = graph.Add(s.Poll(), 0)
//	_, _ = graph.Chain(encoded, s.Sender())
package rtp

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"rms/media"
)

// Events is told what happens in a session. Its methods run on the shard and must
// not block.
type Events interface {
	// Digit is called once for each key; source is "rtp".
	Digit(digit byte, duration time.Duration, source string)
	// Timeout is called once when neither RTP nor RTCP came for Config.Timeout.
	Timeout()
	// Latched is called when packets go to a new address.
	Latched(addr netip.AddrPort)
	// Bye is called when the far end says by RTCP that its stream ended. The call
	// goes on: only signalling ends it.
	Bye()
}

// Config is what offer and answer agreed for a session.
type Config struct {
	Remote      netip.AddrPort // where the SDP wants RTP
	RemoteRTCP  netip.AddrPort // where it wants RTCP; zero: the port after Remote's, or Remote with Mux
	Codec       media.Codec
	Mux         bool // RTP and RTCP on one port (RFC 5761)
	Send        bool // directions: we send, we receive
	Receive     bool
	Latch       LatchMode
	PayloadType uint8
	DTMFType    uint8         // payload type of telephone-event; 0 = none
	CNType      uint8         // payload type of comfort noise; 0 = 13 at a clock rate of 8000
	Noise       bool          // hand comfort noise packets to the reader, with CNType
	DTMFRate    int           // clock rate of telephone-event; 0 = the codec's
	Ptime       time.Duration // of the packets that we send, 10 to 60 ms; 0 = 20 ms
	Timeout     time.Duration // of media while we receive; 0 = none
	JitterMin   time.Duration // delay of the jitter buffer; 0 = 20 ms and 200 ms
	JitterMax   time.Duration
	CNAME       string // in RTCP (RFC 3550 section 6.5.1); "" = a random one
}

// normalize fills what was left out.
func (c *Config) normalize() {
	c.Remote, c.RemoteRTCP = unmap(c.Remote), unmap(c.RemoteRTCP)
	if c.Codec.ClockRate <= 0 {
		c.Codec.ClockRate = 8000
	}
	if c.Ptime <= 0 {
		c.Ptime = 20 * time.Millisecond
	}
	c.Ptime = min(max(c.Ptime, 10*time.Millisecond), 60*time.Millisecond)
	if c.DTMFRate <= 0 {
		c.DTMFRate = c.Codec.ClockRate
	}
	if c.CNType == 0 && c.Codec.ClockRate == 8000 {
		c.CNType = 13 // static, RFC 3551
	}
	if c.JitterMin <= 0 {
		c.JitterMin = 20 * time.Millisecond
	}
	if c.JitterMax <= 0 {
		c.JitterMax = 200 * time.Millisecond
	}
	c.JitterMax = max(c.JitterMax, c.JitterMin)
	switch {
	case c.Mux:
		c.RemoteRTCP = c.Remote
	case !c.RemoteRTCP.IsValid() && c.Remote.IsValid():
		c.RemoteRTCP = netip.AddrPortFrom(c.Remote.Addr(), c.Remote.Port()+1)
	}
	if len(c.CNAME) > maxCNAME {
		c.CNAME = c.CNAME[:maxCNAME]
	}
}

// Session is one RTP session: a stream of ours, a stream of the far end's, and
// what watches over both. Except for Stats and SendDigits its methods belong to
// the thread that ticks its graph.
//
// Thousands of sessions do not fit into a processor's cache: what each tick reads
// stands together at the front.
type Session struct {
	shard       *shard // nil until the first tick
	poller      poller
	ssrc        uint32
	closed      atomic.Bool
	controlSeen bool // the far end's RTCP was accepted
	sender      sender
	watched     [2]watched
	reports     reporter
	digitsIn    digitReceiver
	digitsOut   digitSender
	jitter      jitter
	count       counters
	transport   Transport
	hold        holder  // the transport, when it can be held
	remote      [2]Addr // where packets go: Media, Control
	marks       *marks  // nil until one is asked for

	tap     func(*Packet)
	tapSent func(*Packet)

	in     reception
	latch  latch
	random rand.PCG
	engine *Engine
	config Config
	events Events
}

// NewSession returns a session on the transport, which is a *Pair or a transport
// of a test's own. A nil ev hears of nothing.
func (e *Engine) NewSession(t Transport, c Config, ev Events) *Session {
	var seed [28]byte
	_, _ = crand.Read(seed[:]) // never fails
	s := &Session{engine: e, transport: t, events: ev}
	s.jitter.count = &s.count
	if h, ok := t.(holder); ok {
		s.hold = h
		h.retain()
	}
	if s.events == nil {
		s.events = noEvents{}
	}
	s.random = *rand.NewPCG(binary.LittleEndian.Uint64(seed[0:]), binary.LittleEndian.Uint64(seed[8:]))
	s.ssrc = binary.LittleEndian.Uint32(seed[16:])
	s.sender = sender{
		s: s, tick: 20 * time.Millisecond, sequence: binary.LittleEndian.Uint16(seed[20:]),
		clock: binary.LittleEndian.Uint32(seed[22:]), silent: true, lastSent: -1,
	}
	s.poller = poller{s: s, tick: 20 * time.Millisecond}
	if c.CNAME == "" {
		c.CNAME = strconv.FormatUint(s.random.Uint64(), 36)
	}
	s.configure(c, true)
	return s
}

var _ media.PacketReader = (*Session)(nil)

// Update takes what a new offer and answer agreed, on the tick thread (Graph.Do).
// SSRC, sequence and timestamp go on; a new Remote is learned anew.
func (s *Session) Update(c Config) {
	if c.CNAME == "" {
		c.CNAME = s.config.CNAME
	}
	s.configure(c, false)
}

func (s *Session) configure(c Config, first bool) {
	c.normalize()
	old := s.config
	s.config = c
	learn := first || c.Remote != old.Remote || c.Latch != old.Latch
	if learn {
		s.latch.reset(c.Latch, c.Remote, c.Codec.ClockRate)
		s.remote[Media] = MakeAddr(c.Remote)
	}
	if learn || c.RemoteRTCP != old.RemoteRTCP || c.Mux != old.Mux {
		s.controlSeen = false
		s.remote[Control] = MakeAddr(c.RemoteRTCP)
		if c.Mux {
			s.remote[Control] = s.remote[Media]
		}
	}
	s.jitter.configure(&s.config, s.poller.tick)
	if s.shard != nil && (c.Codec.Encoding() != old.Codec.Encoding() || !c.Receive) {
		s.jitter.reset(&s.shard.slots)
	}
	if !c.Receive || !old.Receive || old.Timeout == 0 {
		s.poller.heard, _ = s.engine.time() // the time of silence begins now
		s.poller.timedOut = false
	}
	ready := c.DTMFType != 0 && c.Send && s.remote[Media].Usable()
	s.digitsOut.ready.Store(ready && !s.closed.Load())
	if !ready {
		s.digitsOut.clear()
	}
	s.sender.configure()
}

// place tells the session its shard, on that shard's thread.
func (s *Session) place(shard int) {
	sh := s.engine.shards[shard%len(s.engine.shards)]
	if s.shard == sh {
		return
	}
	s.shard = sh
	sh.setTime() // the shard may have slept
	for c := range s.watched {
		s.watched[c].remove()
		sh.watch.add(s.transport, Channel(c), &s.watched[c])
	}
	s.poller.heard = sh.mono
	s.reports.start(s, sh.mono)
}

// Poll returns the filter without outputs that receives: it must run first in a
// tick, before the reader of ReadPacket.
func (s *Session) Poll() media.Filter { return &s.poller }

// Sender returns the filter that sends the encoded frames it is given, a tick
// each; nil is silence.
func (s *Session) Sender() media.Filter { return &s.sender }

// ReadPacket returns the next packet of the far end's audio from the jitter
// buffer. The decoder calls it until it has a tick's samples, or ReadNone.
func (s *Session) ReadPacket(f *media.Frame) media.Read {
	f.Encoding, f.PayloadType = s.jitter.encoding, s.config.PayloadType
	if s.shard == nil {
		return media.ReadNone
	}
	r := s.jitter.read(f, &s.shard.slots, s.shard.mono)
	if r == media.ReadLost {
		s.count.concealed.Add(1)
	}
	return r
}

// Tap sets a function that sees each packet of the far end after the latch and
// before the jitter buffer, in the order of arrival; nil ends it. It runs on the
// shard.
func (s *Session) Tap(f func(p *Packet)) { s.tap = f }

// TapSent sets a function that sees each packet of ours; nil ends it.
func (s *Session) TapSent(f func(p *Packet)) { s.tapSent = f }

// SSRC returns the identifier of our stream.
func (s *Session) SSRC() uint32 { return s.ssrc }

// Config returns what the session works by now, with defaults filled in.
func (s *Session) Config() Config { return s.config }

// Remote returns where RTP goes now.
func (s *Session) Remote() netip.AddrPort { return s.remote[Media].AddrPort }

// Close says goodbye by RTCP and takes the session out of its engine. It runs on
// the tick thread or after the graph was detached. The owner of the Pair closes it.
func (s *Session) Close() {
	if !s.closed.CompareAndSwap(false, true) {
		return
	}
	s.digitsOut.ready.Store(false)
	s.reports.bye(s)
	for c := range s.watched {
		s.watched[c].remove()
	}
	s.jitter.forget()
	s.tap, s.tapSent = nil, nil
	s.forgetMarks()
	if s.hold != nil {
		s.hold.release()
	}
}

// transmit sends one packet of the outbox.
func (s *Session) transmit(c Channel, b []byte) {
	to := &s.remote[c]
	via := c
	if s.config.Mux {
		via = Media
	}
	if !to.Usable() || s.transport.Send(via, to, b) != nil {
		s.count.sendFailed.Add(1)
	}
}

// noEvents is for sessions that nobody listens to.
type noEvents struct{}

func (noEvents) Digit(byte, time.Duration, string) {}
func (noEvents) Timeout()                          {}
func (noEvents) Latched(netip.AddrPort)            {}
func (noEvents) Bye()                              {}
