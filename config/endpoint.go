package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Endpoint is one place to listen: udp://0.0.0.0:5060, tcp://[::]:5060. Port 0
// lets the system choose one; no port means 5060.
type Endpoint struct {
	Transport string // udp or tcp
	Addr      netip.AddrPort
}

// UnmarshalText reads "transport://address:port".
func (e *Endpoint) UnmarshalText(text []byte) error {
	scheme, rest, ok := strings.Cut(string(text), "://")
	scheme = strings.ToLower(strings.TrimSpace(scheme))
	if !ok || (scheme != "udp" && scheme != "tcp") {
		return fmt.Errorf("%q does not begin with udp:// or tcp://", text)
	}
	if ip, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
		*e = Endpoint{Transport: scheme, Addr: netip.AddrPortFrom(ip, 5060)}
		return nil
	}
	ap, err := netip.ParseAddrPort(rest)
	if err != nil {
		return fmt.Errorf("%q has no address and port after %s://", text, scheme)
	}
	*e = Endpoint{Transport: scheme, Addr: ap}
	return nil
}

// String writes "transport://address:port".
func (e Endpoint) String() string { return e.Transport + "://" + e.Addr.String() }
