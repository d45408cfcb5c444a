package rtp

// Relay sends packets of other sessions on as they came: their payload, their marker
// (and one where a source begins), their order, and the holes that the network made in their sequence, under the SSRC
// of the session that it belongs to. What a recorder then sees is what came, a loss is
// a loss (RFC 3550 section 7, a translator). It belongs to the thread that ticks the
// session's graph, where the session's Poll and Sender must be.
type Relay struct {
	s        *Session
	source   uint32 // SSRC of the packets
	known    bool   // source is set
	last     uint16 // newest sequence number of the source
	sequence uint16 // to add to theirs
	shift    uint32 // to add to their timestamps
}

// NewRelay returns a relay into the session. Frames for its Sender and packets for the
// relay may take turns: sequence and time go on.
func (s *Session) NewRelay() *Relay { return &Relay{s: s} }

// Send sends a copy of the packet with another payload type. Timestamps are kept from
// the first packet of a session on; those of a later source, or behind frames that
// were sent, are moved to where the session's time is.
func (r *Relay) Send(p *Packet, payloadType uint8) {
	s := r.s
	size := headerSize + len(p.Payload)
	if s.shard == nil || s.closed.Load() || !s.config.Send || !s.remote[Media].Usable() || size > MaxPacket {
		return
	}
	begins := r.follow(p)
	f := &s.sender
	q := Packet{
		Payload: p.Payload, PayloadType: payloadType, Marker: p.Marker || begins, SSRC: s.ssrc,
		Sequence: p.Sequence + r.sequence, Timestamp: p.Timestamp + r.shift,
	}
	f.silent = true // a frame behind this packet begins a talk spurt
	if int16(q.Sequence-f.sequence) >= 0 {
		f.sequence = q.Sequence + 1
		f.steer(q.Timestamp)
	}
	b := s.shard.out.room(size)
	q.marshal(b)
	s.shard.out.put(s, Media, b)
	f.packets++
	f.bytes += uint32(len(q.Payload))
	f.lastSent = s.shard.mono
	s.count.packetsOut.Add(1)
	s.count.bytesOut.Add(uint64(len(q.Payload)))
}

// Leave notes a packet of the source that is not to be sent on, so that it does not
// look like a loss.
func (r *Relay) Leave(p *Packet) {
	if r.known && p.SSRC == r.source && int16(p.Sequence-r.last) > 0 {
		r.last = p.Sequence
		r.sequence--
	}
}

// Pause forgets the source: what comes next begins where the session then is.
func (r *Relay) Pause() { r.known = false }

// follow works out what is to be added to the numbers of the packet's source. It is true
// for the first packet of one.
func (r *Relay) follow(p *Packet) bool {
	if r.known && p.SSRC == r.source {
		if int16(p.Sequence-r.last) > 0 {
			r.last = p.Sequence
		}
		return false
	}
	f := &r.s.sender
	if f.packets == 0 {
		f.clock = p.Timestamp
	}
	r.known, r.source, r.last = true, p.SSRC, p.Sequence
	r.sequence, r.shift = f.sequence-p.Sequence, f.clock-p.Timestamp
	return true
}

// steer brings the session's time, which reports tell (RFC 3550 section 6.4.1), to that
// of packets from elsewhere: at once to one that came sooner, and slowly back, because
// one that came later was held up on its way.
func (f *sender) steer(timestamp uint32) {
	ahead := int32(timestamp - f.clock)
	if ahead < 0 && ahead > -f.rate {
		ahead = min(ahead/64, 0)
	}
	f.clock += uint32(ahead)
}
