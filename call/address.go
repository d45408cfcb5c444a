package call

import (
	"bytes"
	"net"
	"net/netip"

	"rms/sip/sdp"
)

// place is where a leg has its sockets and what its SDP says of them.
type place struct {
	bind, show netip.Addr
}

// place picks the address of a leg's sockets: rtp.bind, else the address that the
// INVITE came to. The far end's media may be of the other IP family than its
// signalling, or outside while a proxy of this machine talks to us by the loopback
// address: then it is the address that leads there.
func (c *Call) place(offer []byte) place {
	o := &c.manager.opts
	local := c.dialog.LocalAddr().Addr().Unmap()
	p := place{bind: o.Bind.Unmap()}
	if !p.bind.IsValid() {
		p.bind = local
		if local.IsLoopback() || bytes.Contains(offer, otherFamily(local)) {
			p.bind = elsewhere(local, offer)
		}
	}
	if !p.bind.IsValid() {
		p.bind = netip.IPv4Unspecified()
	}
	p.show = p.bind
	switch {
	case family(o.Advertise, p.bind):
		p.show = o.Advertise.Unmap()
	case !p.bind.IsUnspecified():
	case family(local, p.bind) && !local.IsUnspecified():
		p.show = local
	default:
		there, _ := sdp.Remote(offer)
		if from, ok := leadsTo(there); ok && family(from, p.bind) {
			p.show = from
		}
	}
	return p
}

// elsewhere returns local, or the address that leads to the far end's media where
// local does not.
func elsewhere(local netip.Addr, offer []byte) netip.Addr {
	there, _ := sdp.Remote(offer) // on hold there is none
	to := there.Addr()
	if family(local, to) && (!local.IsLoopback() || to.IsLoopback()) {
		return local
	}
	if from, ok := leadsTo(there); ok {
		return from
	}
	return local
}

// otherFamily is what a description has in it when it names an address of the
// other IP family than a.
func otherFamily(a netip.Addr) []byte {
	if a.Is4() {
		return []byte("IN IP6")
	}
	return []byte("IN IP4")
}

// family tells whether two addresses can talk to each other.
func family(a, b netip.Addr) bool {
	return a.IsValid() && b.IsValid() && a.Unmap().Is4() == b.Unmap().Is4()
}

// leadsTo asks the kernel for the address of ours that packets to a far end leave
// from. Nothing is sent.
func leadsTo(to netip.AddrPort) (netip.Addr, bool) {
	if !to.IsValid() {
		return netip.Addr{}, false
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, false
	}
	defer func() { _ = conn.Close() }()
	at, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return at.AddrPort().Addr().Unmap(), true
}

// own tells whether an address is one of our RTP ports: audio sent there would
// run in a circle.
func (m *Manager) own(to netip.AddrPort) bool {
	m.mu.RLock()
	p, used := m.ports[to.Port()&^1]
	m.mu.RUnlock()
	addr := to.Addr().Unmap()
	return used && (addr == p.bind || addr == p.show || p.bind.IsUnspecified() && addr.IsLoopback())
}

// UsesRTP tells whether an address is an RTP or RTCP port that a call uses now.
func (m *Manager) UsesRTP(addr netip.AddrPort) bool { return m.own(addr) }

// usePort notes that a call uses an RTP port and the one above it; a zero place
// that it does no longer.
func (m *Manager) usePort(port int, p place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.bind.IsValid() {
		m.ports[uint16(port)] = p
		return
	}
	delete(m.ports, uint16(port))
}

// address writes an address, and nothing when there is none, as during a hold by
// 0.0.0.0.
func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
