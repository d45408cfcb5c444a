package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

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
	parsed, err := readURI(a.URI)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("address %q: %w", target, err)
	}
	ip, err := netip.ParseAddr(uriHost(&parsed))
	to := netip.AddrPortFrom(ip.Unmap(), 5060)
	if err != nil {
		if to, err = u.lookup(ctx, uriHost(&parsed), parsed.Port, uriTransport(&parsed)); err != nil {
			return netip.Addr{}, err
		}
	}
	if f, err := u.flowTo(to, "udp", flow{}); err == nil {
		return f.local.Addr(), nil
	}
	return localFor(to), nil
}
