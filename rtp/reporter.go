package rtp

import (
	"encoding/binary"
	"time"
)

// reportInterval is the mean time between reports (RFC 3550 section 6.2).
const reportInterval = 5 * time.Second

// reporter sends and receives the RTCP of a session.
type reporter struct {
	next     int64  // mono ns of the next report
	last     int64  // mono ns of the last one, or of the start
	sent     bool   // something of ours went out
	collided bool   // the SSRC was changed once
	byeFrom  uint32 // the SSRC that said goodbye
	byeSeen  bool

	lsr   uint32 // of the far end's last sender report
	lsrAt int64  // mono ns of its arrival
}

// start sets the time of the first report, half an interval from now.
func (r *reporter) start(s *Session, now int64) { r.last, r.next = now, now+r.interval(s) }

// interval is random, 0.5 to 1.5 of the mean, so that reports of many sessions do
// not meet, and half of that before the first report. The divisor makes up for
// reconsideration (RFC 3550 section 6.3.1).
func (r *reporter) interval(s *Session) int64 {
	const compensation = 1.21828
	share := 0.5 + float64(s.random.Uint64()>>11)/(1<<53)
	if !r.sent {
		share /= 2
	}
	return int64(float64(reportInterval) * share / compensation)
}

// due reports whether a report is to be sent now. When its time has come another
// interval is drawn, and only when that has passed too it is (RFC 3550 section 6.3.6).
func (r *reporter) due(s *Session, now int64) bool {
	if now < r.next {
		return false
	}
	r.next = r.last + r.interval(s)
	return now >= r.next
}

// send puts a report into the outbox.
func (r *reporter) send(s *Session) {
	usable := s.remote[Control].Usable()
	r.sent = r.sent || usable
	r.last = s.shard.mono
	r.next = r.last + r.interval(s)
	if !usable {
		return
	}
	out := &s.shard.out
	b := r.appendReport(out.room(maxReport)[:0], s, s.shard.mono, s.shard.wall)
	out.put(s, Control, b)
	s.count.rtcpOut.Add(1)
}

// appendReport appends a sender report if we sent since the report before last,
// else a receiver report, and the CNAME.
func (r *reporter) appendReport(b []byte, s *Session, now, wall int64) []byte {
	blocks := 0
	if s.in.started {
		blocks = 1
	}
	if s.sender.lastSent >= 0 && now-s.sender.lastSent < 2*int64(reportInterval) {
		b = appendSR(b, s.ssrc, senderInfo{
			ntp: ntp(wall), timestamp: s.sender.clock,
			packets: s.sender.packets, bytes: s.sender.bytes,
		}, blocks)
	} else {
		b = appendRR(b, s.ssrc, blocks)
	}
	if blocks > 0 {
		b = appendBlock(b, r.block(s, now))
	}
	return appendSDES(b, s.ssrc, s.config.CNAME)
}

func (r *reporter) block(s *Session, now int64) reportBlock {
	block := reportBlock{
		ssrc: s.in.ssrc, fraction: s.in.fraction(), lost: s.in.lost(),
		highest: s.in.highest() - 1<<16, // without the cycle that the stream began with
		jitter:  uint32(s.in.jitter >> 4), lsr: r.lsr,
	}
	if r.lsr != 0 {
		block.dlsr = uint32((now - r.lsrAt) / 1000 * shortUnits / 1e6)
	}
	return block
}

// bye sends a report with a goodbye at once, if anything was ever sent.
func (r *reporter) bye(s *Session) {
	if !(r.sent || s.sender.packets > 0) || !s.remote[Control].Usable() {
		return
	}
	now, wall := s.engine.time() // the shard's time is not ours when the graph was detached
	b := r.appendReport(make([]byte, 0, maxReport), s, now, wall)
	s.transmit(Control, appendBYE(b, s.ssrc))
	s.count.rtcpOut.Add(1)
}

// receive reads a compound packet that came at mono and wall time; false: it is
// none.
func (r *reporter) receive(s *Session, b []byte, mono, wall int64) bool {
	if !validCompound(b) {
		return false
	}
	for len(b) > 0 {
		size := packetSize(b)
		r.receiveOne(s, b[:size], mono, wall)
		b = b[size:]
	}
	return true
}

func (r *reporter) receiveOne(s *Session, b []byte, mono, wall int64) {
	count := int(b[0] & 0x1f)
	switch b[1] {
	case typeSR:
		if from := binary.BigEndian.Uint32(b[4:]); !s.in.started || from == s.in.ssrc {
			r.lsr, r.lsrAt = binary.BigEndian.Uint32(b[10:]), mono
		}
		r.receiveBlocks(s, b[srSize:], count, wall)
	case typeRR:
		r.receiveBlocks(s, b[rrSize:], count, wall)
	case typeBYE:
		r.receiveBye(s, b[4:], count)
	}
}

func (r *reporter) receiveBlocks(s *Session, b []byte, count int, wall int64) {
	for i := range count {
		block := parseBlock(b[i*blockSize:])
		if block.ssrc != s.ssrc {
			continue
		}
		s.count.farLost.Store(block.lost)
		s.count.farHighest.Store(block.highest)
		s.reported(block.highest)
		s.count.farJitter.Store(int64(block.jitter) * int64(time.Second) / int64(s.config.Codec.ClockRate))
		if block.lsr == 0 {
			continue
		}
		trip := int64(int32(uint32(ntp(wall)>>16) - block.lsr - block.dlsr))
		if rtt := trip * int64(time.Second) / shortUnits; rtt >= 0 && rtt < int64(maxRTT) {
			s.count.rtt.Store(max(rtt, 1))
		}
	}
}

// receiveBye believes a goodbye only for the stream that we hear, and once.
func (r *reporter) receiveBye(s *Session, b []byte, count int) {
	for i := range count {
		from := binary.BigEndian.Uint32(b[4*i:])
		if !s.in.started || from != s.in.ssrc || (r.byeSeen && r.byeFrom == from) {
			continue
		}
		r.byeSeen, r.byeFrom = true, from
		s.events.Bye()
	}
}
