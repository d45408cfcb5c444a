package rtp

import (
	"fmt"
	"net/netip"
)

// LatchMode says which source of packets a session accepts.
type LatchMode uint8

// The latch modes, configuration key rtp.latch.
const (
	// LatchNAT accepts the source that the SDP names, for good once it has sent.
	// Before that, four packets in sequence from one other source move the session
	// there, so that one stray packet cannot steal a call.
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

// latchPackets is how many packets in sequence a source other than the SDP's must
// send before the session moves to it.
const latchPackets = 4

// latch learns where the far end really sends from (RFC 4961).
type latch struct {
	mode    LatchMode
	sdp     netip.AddrPort // what the SDP names
	learned netip.AddrPort // what has been accepted; invalid: nothing yet

	candidate netip.AddrPort
	ssrc      uint32
	next      uint16
	run       int // packets in sequence from the candidate
}

// reset begins to learn again; only a new address in an SDP does that.
func (l *latch) reset(mode LatchMode, sdp netip.AddrPort) {
	*l = latch{mode: mode, sdp: unmap(sdp)}
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// media judges the source of an RTP packet. moved: the session has a new remote
// address, l.learned.
func (l *latch) media(from netip.AddrPort, p *Packet) (accepted, moved bool) {
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
	}
	l.next = p.Sequence + 1
	l.run++
	if l.run < latchPackets {
		return false, false
	}
	l.learned = from
	return true, true
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
