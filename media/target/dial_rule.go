package target

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"rms/config/place"
)

// DialOptions say where a Dialer may connect to.
type DialOptions struct {
	// Allow lists host, host:port, IP, IP:port and network (CIDR): stream.allow. A
	// name stands for what the URL says. A name, and a network that is wider than a
	// forbidden range, do not open that range; an address or a network inside it does.
	Allow []string
	// Scripts lets everything pass that is neither forbidden nor ours, listed or not;
	// without it only what is listed passes. Forbidden are link-local, metadata,
	// unspecified, multicast, broadcast and reserved addresses.
	Scripts bool
	// Own says that addr is a socket of this server (OwnSockets.Has); nil is never.
	// Only an entry IP:port opens one.
	Own func(network string, addr netip.AddrPort) bool
	// Lookup finds the addresses of a name; nil asks the system.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// NewDialer returns a Dialer with a rule. The error names the entry of Allow that is
// not understood.
func NewDialer(o DialOptions) (*Dialer, error) {
	r := &rule{scripts: o.Scripts, own: o.Own}
	for _, text := range o.Allow {
		e, err := place.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("stream.allow: %w", err)
		}
		r.entries = append(r.entries, e)
	}
	return &Dialer{rule: r, lookup: o.Lookup}, nil
}

// RefusedError says that the rule does not let a stream connect.
type RefusedError struct {
	Host string         // what the URL named
	Addr netip.AddrPort // what it resolved to
	Rule string         // "is link-local"
}

// Error is "169.254.169.254:80 is link-local: refused by stream.allow".
func (e *RefusedError) Error() string {
	what := e.Addr.String()
	if a, err := netip.ParseAddr(e.Host); err != nil || a.Unmap() != e.Addr.Addr() {
		what = printable(e.Host) + " (" + what + ")"
	}
	return what + " " + e.Rule + ": refused by stream.allow"
}

// printable quotes a host that holds anything but what hosts are made of.
func printable(host string) string {
	odd := func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && r != ':' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}
	if host == "" || len(host) > 255 || strings.IndexFunc(host, odd) >= 0 {
		return strconv.QuoteToASCII(host[:min(len(host), 255)])
	}
	return host
}

// rule is what stream.allow says to one kind of client.
type rule struct {
	entries []place.Place
	scripts bool
	own     func(string, netip.AddrPort) bool
}

func (r *rule) check(network, host string, addr netip.AddrPort) error {
	ip := addr.Addr().WithZone("").Unmap()
	addr = netip.AddrPortFrom(ip, addr.Port())
	refused := func(why string) error { return &RefusedError{Host: host, Addr: addr, Rule: why} }
	if why, span := forbidden(network, ip); why != "" && !r.opens(addr, span) {
		return refused(why)
	}
	if r.own != nil && r.own(network, addr) && !r.names(addr) {
		return refused("is a socket of this server")
	}
	if r.scripts {
		return nil
	}
	for _, e := range r.entries {
		if e.Names(host, addr) {
			return nil
		}
	}
	return refused("is not listed")
}

// opens says that an entry lists addr and lies within the forbidden range span.
func (r *rule) opens(addr netip.AddrPort, span netip.Prefix) bool {
	for _, e := range r.entries {
		if e.Name == "" && e.Net.Bits() >= span.Bits() && e.Names("", addr) {
			return true
		}
	}
	return false
}

// names says that an entry lists this address and this port.
func (r *rule) names(addr netip.AddrPort) bool {
	for _, e := range r.entries {
		if e.Name == "" && e.Net.IsSingleIP() && e.Port != 0 && e.Names("", addr) {
			return true
		}
	}
	return false
}
