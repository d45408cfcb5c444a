package target

import (
	"net/netip"
	"strings"
)

// OwnSockets are the sockets of this server, for DialOptions.Own: a stream to one of
// them would talk to ourselves.
type OwnSockets struct {
	TCP, UDP []netip.AddrPort // listeners; an unspecified address is all of this machine's
	Ranges   [][2]int         // first and last UDP port of ranges that nobody else uses
	// Uses says that a UDP address is a socket of ours that comes and goes, as those of
	// calls do; nil is never. A range would also refuse what others have in it.
	Uses  func(addr netip.AddrPort) bool
	Addrs []netip.Addr // further addresses of ours, as advertised
}

// Has says that addr is one of ours.
func (o OwnSockets) Has(network string, addr netip.AddrPort) bool {
	ip := addr.Addr().WithZone("").Unmap()
	listeners := o.TCP
	if strings.HasPrefix(network, "udp") {
		listeners = o.UDP
		if o.Uses != nil && o.Uses(netip.AddrPortFrom(ip, addr.Port())) {
			return true
		}
		for _, r := range o.Ranges {
			if port := int(addr.Port()); r[0] <= port && port <= r[1] && o.here(ip) {
				return true
			}
		}
	}
	for _, l := range listeners {
		if l.Port() != addr.Port() {
			continue
		}
		if at := l.Addr().Unmap(); at == ip || at.IsUnspecified() && o.here(ip) || o.advertised(ip) {
			return true
		}
	}
	return false
}

// here says that ip is an address of this machine.
func (o OwnSockets) here(ip netip.Addr) bool {
	if ip.IsLoopback() || ip.IsUnspecified() || o.advertised(ip) {
		return true
	}
	for _, p := range localNets() {
		if p.Addr() == ip {
			return true
		}
	}
	return false
}

func (o OwnSockets) advertised(ip netip.Addr) bool {
	for _, a := range o.Addrs {
		if a.Unmap() == ip {
			return true
		}
	}
	return false
}
