package sip

import (
	"context"
	"fmt"
	"net"
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

const (
	resolveTime  = 2 * time.Second
	resolveSlots = 32
)

// resolve looks a name up without making anybody wait: SRV when no port is given,
// then addresses (RFC 3263 without NAPTR). Too many at once fail at once.
func (u *UA) resolve(host string, port int, transport string, done func(netip.AddrPort, error)) {
	select {
	case u.resolving <- struct{}{}:
	default:
		u.wg.Go(func() { done(netip.AddrPort{}, fmt.Errorf("look up %s: too many lookups", host)) })
		return
	}
	u.wg.Go(func() {
		ctx, cancel := context.WithTimeout(u.ctx, resolveTime)
		defer cancel()
		to, err := u.lookup(ctx, host, port, transport)
		<-u.resolving
		done(to, err)
	})
}

func (u *UA) lookup(ctx context.Context, host string, port int, transport string) (netip.AddrPort, error) {
	if transport == "" {
		transport = "udp"
	}
	if port == 0 {
		port = 5060
		if _, srv, err := net.DefaultResolver.LookupSRV(ctx, "sip", transport, host); err == nil && len(srv) > 0 {
			host, port = srv[0].Target, int(srv[0].Port)
		}
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("look up %s: %w", host, err)
	}
	for _, ip := range ips {
		ip = ip.Unmap()
		if transport == "tcp" || u.socketFor(ip, netip.Addr{}) != nil {
			return netip.AddrPortFrom(ip, uint16(port)), nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("look up %s: no address that we can reach", host)
}

// LocalFor returns the address of ours that a SIP URI is reached from, for the
// session description of a call to it. It may wait for the name service.
func (u *UA) LocalFor(ctx context.Context, target string) (netip.Addr, error) {
	a, err := place(target)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address %q: %w", target, err)
	}
	parsed, err := parseURI(a.URI)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address %q: %w", target, err)
	}
	ip, err := netip.ParseAddr(parsed.host)
	to := netip.AddrPortFrom(ip.Unmap(), 5060)
	if err != nil {
		if to, err = u.lookup(ctx, parsed.host, parsed.port, parsed.transport()); err != nil {
			return netip.Addr{}, err
		}
	}
	if f, err := u.flowTo(to, "udp", flow{}); err == nil {
		return f.local.Addr(), nil
	}
	return localFor(to), nil
}
