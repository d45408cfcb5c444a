package target

import (
	"context"
	"net"
	"net/netip"
)

// Dialer opens the sockets of targets.
type Dialer struct {
	// Allowed refuses a resolved address, with the reason; host is what the URL
	// named. nil allows all.
	Allowed func(host string, addr netip.AddrPort) error
}

// DialContext connects to host:port. Every address of a name is tried in turn.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var nd net.Dialer
	return nd.DialContext(ctx, network, address)
}
