package rtp

import (
	"net/netip"
	"time"
)

// receive sorts one datagram.
func (s *Session) receive(c Channel, d *Datagram) {
	switch {
	case d.Truncated:
		s.count.truncated.Add(1)
	case len(d.Data) == 0:
		s.count.malformed.Add(1)
	case d.Data[0]>>6 == 0 || (d.Data[0] >= 20 && d.Data[0] < 64):
		s.count.notRTP.Add(1) // STUN, ZRTP, DTLS (RFC 7983); also RTP version 0
	case c == Control || isRTCP(d.Data):
		s.receiveControl(c, d)
	default:
		s.receiveMedia(d)
	}
}

func (s *Session) receiveControl(c Channel, d *Datagram) {
	if !s.latch.control(d.From, s.config.RemoteRTCP) {
		s.count.foreign.Add(1)
		return
	}
	at := s.shard.arrival(d, &s.shard.packet)
	if !s.reports.receive(s, d.Data, at, s.shard.packet.Arrival) {
		s.count.badRTCP.Add(1)
		return
	}
	s.count.rtcpIn.Add(1)
	s.poller.heard = s.shard.mono
	if s.config.Latch != LatchNAT || c != Control || s.config.Mux {
		return
	}
	s.controlSeen = true
	if d.From != s.remote[Control].AddrPort {
		s.remote[Control] = MakeAddr(d.From) // follows the latch: same host
	}
}

func (s *Session) receiveMedia(d *Datagram) {
	p := &s.shard.packet
	if !p.parse(d.Data, &s.shard.header) {
		s.count.malformed.Add(1)
		return
	}
	arrival := s.shard.arrival(d, p)
	accepted, moved := s.latch.media(d.From, p, arrival)
	if !accepted {
		s.count.foreign.Add(1)
		return
	}
	if moved {
		s.moved(d.From)
	}
	s.poller.heard = s.shard.mono
	s.count.packetsIn.Add(1)
	s.count.bytesIn.Add(uint64(len(p.Payload)))
	if p.SSRC == s.ssrc {
		s.collided(p)
	}
	if s.tap != nil {
		s.tap(p)
	}
	s.sort(p, arrival)
}

// arrival sets the packet's time of arrival, and returns it on the clock that never
// jumps (ns since the engine began). A stamp that cannot be right, because the system's clock was set, counts
// as now.
func (sh *shard) arrival(d *Datagram, p *Packet) int64 {
	waited := sh.wall - d.Arrival
	if d.Arrival == 0 || waited < 0 || waited > int64(2*time.Second) {
		p.Arrival = sh.wall
		return sh.mono
	}
	p.Arrival = d.Arrival
	return sh.mono - waited
}

// moved sends to the address that the latch learned. What another source sent
// before is not played any more.
func (s *Session) moved(to netip.AddrPort) {
	s.in, s.digitsIn = reception{}, digitReceiver{}
	s.jitter.reset(&s.shard.slots)
	if s.remote[Media].AddrPort == to {
		return
	}
	s.remote[Media] = MakeAddr(to)
	switch {
	case s.config.Mux:
		s.remote[Control] = s.remote[Media]
	case to == s.config.Remote:
		s.remote[Control] = MakeAddr(s.config.RemoteRTCP)
	case !s.controlSeen || s.remote[Control].Addr() != to.Addr():
		s.remote[Control] = MakeAddr(netip.AddrPortFrom(to.Addr(), to.Port()+1))
	}
	s.events.Latched(to)
}

// collided takes a new SSRC when the far end happens to use ours (RFC 3550 section
// 8.2), unless it only reflects our own packets, as echo services do.
func (s *Session) collided(p *Packet) {
	if back := s.sender.sequence - p.Sequence; back <= 250 || s.reports.collided {
		return
	}
	s.reports.bye(s)
	s.reports.collided = true // once: a reflector may be slow
	for s.ssrc == p.SSRC || s.ssrc == s.in.ssrc {
		s.ssrc = uint32(s.random.Uint64() >> 32)
	}
	s.sender.packets, s.sender.bytes = 0, 0
}

// sort hands the packet to what wants its payload type.
func (s *Session) sort(p *Packet, arrival int64) {
	first := !s.in.started
	sequence, verdict := s.in.take(p)
	switch {
	case verdict == onProbation:
		s.count.probation.Add(1)
		return
	case verdict == restarted && !first:
		s.count.resyncs.Add(1)
		s.jitter.reset(&s.shard.slots)
	}
	s.count.lost.Store(s.in.lost())
	c := &s.config
	switch pt := p.PayloadType; {
	case pt == c.PayloadType:
		s.in.measure(arrival, p.Timestamp, c.Codec.ClockRate)
		s.count.jitter.Store((s.in.jitter >> 4) * int64(time.Second) / int64(c.Codec.ClockRate))
		if c.Receive {
			s.jitter.push(p, sequence, arrival, &s.shard.slots)
		}
	case pt == c.DTMFType && pt != 0:
		s.jitter.pass(sequence, true, &s.shard.slots)
		s.receiveDigit(p)
	case pt == c.CNType && pt != 0:
		s.count.noise.Add(1)
		if c.Noise && c.Receive {
			s.jitter.noise(p, sequence, &s.shard.slots)
			return
		}
		s.jitter.pass(sequence, true, &s.shard.slots)
	default:
		s.count.unknownPT.Add(1)
		s.jitter.pass(sequence, false, &s.shard.slots)
	}
}

func (s *Session) receiveDigit(p *Packet) {
	event, ok := parseDTMF(p.Payload)
	if !ok {
		s.count.malformed.Add(1)
		return
	}
	ended, n := s.digitsIn.take(event, p.Timestamp, p.Marker, s.shard.mono)
	for _, d := range ended[:n] {
		s.reportDigit(d)
	}
}

func (s *Session) reportDigit(d digit) {
	s.count.digits.Add(1)
	duration := time.Duration(int64(d.units) * int64(time.Second) / int64(s.config.DTMFRate))
	s.events.Digit(d.key, duration, "rtp")
}
