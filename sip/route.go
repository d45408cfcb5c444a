package sip

import (
	"fmt"
	"net/netip"
	"time"
)

// flowTo finds the socket or connection for a request of ours: in a dialog the
// one that it lives on, when that can reach the peer.
func (u *UA) flowTo(to netip.AddrPort, transport string, prefer flow) (flow, error) {
	if transport == "tcp" {
		return u.tcpTo(to, prefer)
	}
	sock := prefer.sock
	if sock == nil || sock.bound.Addr().Is4() != to.Addr().Is4() {
		sock = u.socketFor(to.Addr(), prefer.local.Addr())
	}
	if sock == nil {
		return flow{}, fmt.Errorf("send to udp %s: no listener for it", to)
	}
	f := flow{sock: sock, local: sock.bound, remote: to}
	if sock.bound.Addr().IsUnspecified() {
		ip := prefer.local.Addr()
		if sock != prefer.sock || ip.IsLoopback() != to.Addr().IsLoopback() {
			ip = localFor(to)
		}
		f.local = netip.AddrPortFrom(ip, sock.bound.Port())
	}
	return f, nil
}

// socketFor prefers the socket of an address of ours, then one that listens on
// all addresses, then a loopback socket for loopback peers.
func (u *UA) socketFor(to, local netip.Addr) *udpSocket {
	var best *udpSocket
	rank := 0
	for _, s := range u.udp {
		ip, n := s.bound.Addr(), 1
		switch {
		case ip.Is4() != to.Is4():
			continue
		case ip == local:
			n = 4
		case ip.IsUnspecified():
			n = 3
		case ip.IsLoopback() == to.IsLoopback():
			n = 2
		}
		if n > rank {
			best, rank = s, n
		}
	}
	return best
}

// tcpTo uses the connection of the dialog when it goes to the same peer, or when
// the peer is behind it anyway, else a connection of ours.
func (u *UA) tcpTo(to netip.AddrPort, prefer flow) (flow, error) {
	if c := prefer.conn; c != nil && !c.isClosed() && (c.accepted || c.remote == to) {
		return flow{conn: c, local: prefer.local, remote: c.remote}, nil
	}
	from := prefer.local.Addr()
	if !from.IsValid() || from.Is4() != to.Addr().Is4() || from.IsLoopback() != to.Addr().IsLoopback() {
		from = localFor(to)
	}
	c, err := u.tcp.dial(to, from)
	if err != nil {
		return flow{}, err
	}
	return flow{conn: c, local: netip.AddrPortFrom(from, 0), remote: to}, nil
}

// tcpPort is the port of the TCP listener on an address, 0 when there is none.
func (u *UA) tcpPort(ip netip.Addr) uint16 {
	for _, l := range u.listeners {
		a := l.Addr.Addr()
		if l.Transport == "tcp" && (a == ip || a.IsUnspecified() && a.Is4() == ip.Is4()) {
			return l.Addr.Port()
		}
	}
	return 0
}

const (
	noTCPFor  = 10 * time.Minute
	noTCPSize = 1024
)

// mayTCP tells whether TCP to a peer is worth a try.
func (u *UA) mayTCP(to netip.AddrPort) bool {
	if u.tcpPort(localFor(to)) == 0 {
		return false
	}
	u.noTCPMu.Lock()
	defer u.noTCPMu.Unlock()
	until, ok := u.noTCPUntil[to]
	return !ok || time.Now().After(until)
}

// noTCP remembers for a while that a peer takes no connections.
func (u *UA) noTCP(to netip.AddrPort) {
	u.noTCPMu.Lock()
	defer u.noTCPMu.Unlock()
	if len(u.noTCPUntil) >= noTCPSize {
		clear(u.noTCPUntil)
	}
	u.noTCPUntil[to] = time.Now().Add(noTCPFor)
}
