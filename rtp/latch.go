package rtp

import (
	"fmt"
	"net/netip"
	"time"
)

// LatchMode says which source of packets a session accepts.
type LatchMode uint8

// The latch modes, configuration key rtp.latch.
const (
	// LatchNAT accepts the source that the SDP names, for good once it has sent.
	// Before that, packets in sequence from one other source, at the pace of audio and
	// for 70 ms at least, move the session there, so that neither a stray packet nor a
	// burst can steal a call.
	LatchNAT LatchMode = iota
	// LatchSDP accepts only the source that the SDP names.
	LatchSDP
	// LatchOff accepts every source and sends to the address of the SDP.
	LatchOff
)

// ParseLatch returns the mode named sdp, nat or off.
func ParseLatch(name string) (LatchMode, error) {
	for _, m := range []LatchMode{LatchNAT, LatchSDP, LatchOff} {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("latch %q: allowed are sdp, nat, off", name)
}

// String returns the mode's name in the configuration.
func (m LatchMode) String() string {
	switch m {
	case LatchSDP:
		return "sdp"
	case LatchOff:
		return "off"
	default:
		return "nat"
	}
}

// What a source other than the SDP's must send before the session moves to it: so
// many packets in sequence, over so long a time, in ns. The source that a new SDP gave
// up may still send for a while, so it must send longer.
const (
	latchPackets = 4
	latchTime    = int64(70 * time.Millisecond)
	formerTime   = int64(2 * time.Second)
)

// latch learns where the far end really sends from (RFC 4961).
type latch struct {
	mode    LatchMode
	sdp     netip.AddrPort // what the SDP names
	learned netip.AddrPort // what has been accepted; invalid: nothing yet
	former  netip.AddrPort // what was accepted before the SDP named another address

	candidate netip.AddrPort
	ssrc      uint32
	next      uint16
	run       int    // packets in sequence from the candidate
	since     int64  // arrival of the first of them, in ns
	timestamp uint32 // of the first of them
	rate      int64  // of timestamps, in Hz
}

// reset begins to learn again; only a new address in an SDP does that.
func (l *latch) reset(mode LatchMode, sdp netip.AddrPort, rate int) {
	*l = latch{mode: mode, sdp: unmap(sdp), former: l.learned, rate: int64(rate)}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// media judges the source of an RTP packet that came at a time in ns. moved: the
// session has a new remote address, l.learned.
func (l *latch) media(from netip.AddrPort, p *Packet, at int64) (accepted, moved bool) {
	switch {
	case l.mode == LatchOff:
		return true, false
	case from == l.learned:
		return true, false
	case from == l.sdp:
		l.learned = from // for good: only one address is the SDP's
		l.run = 0
		return true, true
	case l.mode == LatchSDP || l.learned.IsValid():
		return false, false
	}
	if from != l.candidate || p.SSRC != l.ssrc || p.Sequence != l.next {
		l.candidate, l.ssrc, l.run = from, p.SSRC, 0
		l.since, l.timestamp = at, p.Timestamp
	}
	l.next = p.Sequence + 1
	l.run++
	if !l.proven(p, at) {
		return false, false
	}
	l.learned = from
	return true, true
}

// proven reports whether the candidate has sent enough, for long enough, and not much
// faster than its own timestamps say.
func (l *latch) proven(p *Packet, at int64) bool {
	lasted, need := at-l.since, latchTime
	if l.candidate == l.former {
		need = formerTime
	}
	audio := int64(int32(p.Timestamp-l.timestamp)) * int64(time.Second) / max(l.rate, 1)
	return l.run >= latchPackets && lasted >= need && lasted >= audio/2
}

// control judges the source of an RTCP packet, given where the SDP expects RTCP
// from. It follows the latch: behind a NAT only the host must be the one that sends RTP.
func (l *latch) control(from, sdp netip.AddrPort) bool {
	switch {
	case l.mode == LatchOff, from == sdp:
		return true
	case l.mode == LatchSDP:
		return false
	}
	return l.trusts(from.Addr())
}

// trusts reports whether a host is the one that media comes from, or is expected
// from while none came.
func (l *latch) trusts(host netip.Addr) bool {
	if l.learned.IsValid() {
		return host == l.learned.Addr()
	}
	return host == l.sdp.Addr()
}
