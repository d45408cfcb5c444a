package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// DialTimeout is how long one address of several may take; the last gets all the
// time that the context leaves.
const DialTimeout = 2 * time.Second

// sendBuffer bounds what the kernel holds of a TCP target, in bytes: a far end that
// stalls must not hide minutes of audio there, where nobody can drop it.
const sendBuffer = 64 << 10

// Dialer opens the sockets of targets. Its rule looks at the address that a socket is
// about to connect to, not at the name, so that neither a name that resolves to
// another address the second time nor an odd spelling of an address gets past it.
// The zero value, and nil, allow everything.
type Dialer struct {
	// Allowed refuses a resolved address, with the reason; host is what the URL
	// named. It is asked after the rule of NewDialer; nil allows all.
	Allowed func(host string, addr netip.AddrPort) error

	rule   *rule
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// DialContext connects to host:port over TCP or UDP. Every address of a name is tried
// in turn. The error is a *RefusedError when the rule refused each of them.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d == nil {
		d = &Dialer{}
	}
	host, addrs, err := d.addresses(ctx, network, address)
	if err != nil {
		return nil, err
	}
	var failed error
	for i, a := range addrs {
		c, err := d.dialOne(ctx, network, host, a, i == len(addrs)-1)
		if err == nil {
			return c, nil
		}
		failed = worse(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// Resolve returns the address that datagrams for host:port go to: the first of its
// addresses that the rule allows. network is "udp", "udp4" or "udp6". A caller that
// sends to what Resolve returned, and to nothing else, needs no other check.
func (d *Dialer) Resolve(ctx context.Context, network, address string) (netip.AddrPort, error) {
	if d == nil {
		d = &Dialer{}
	}
	host, addrs, err := d.addresses(ctx, network, address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	var failed error
	for _, a := range addrs {
		if err = d.check(network, host, a); err == nil {
			return a, nil
		}
		failed = worse(failed, err)
	}
	return netip.AddrPort{}, failed
}

// Check says whether the rule allows addr; host is what the URL named. It is for
// those who got an address in another way, such as from a packet.
func (d *Dialer) Check(network, host string, addr netip.AddrPort) error {
	if d == nil {
		return nil
	}
	return d.check(network, host, addr)
}

// worse keeps the more useful of two errors: a refusal says nothing about an address
// that was allowed and did not answer.
func worse(a, b error) error {
	if r := (*RefusedError)(nil); a == nil || errors.As(a, &r) {
		return b
	}
	return a
}

// families says which addresses of a name a network can use.
var families = map[string]string{"tcp": "ip", "tcp4": "ip4", "tcp6": "ip6", "udp": "ip", "udp4": "ip4", "udp6": "ip6"}

// addresses resolves host:port once.
func (d *Dialer) addresses(ctx context.Context, network, address string) (host string, out []netip.AddrPort, err error) {
	family, ok := families[network]
	if !ok {
		return "", nil, fmt.Errorf("connect to %q: network %q is neither TCP nor UDP", address, network)
	}
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, fmt.Errorf("connect to %q: %w", address, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return "", nil, fmt.Errorf("connect to %q: want host:port", address)
	}
	lookup := d.lookup
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	addrs := make([]netip.Addr, 1)
	if addrs[0], err = netip.ParseAddr(host); err != nil {
		addrs, err = lookup(ctx, family, host)
	}
	if err != nil {
		return "", nil, fmt.Errorf("find %s: %w", printable(host), err)
	}
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	if len(out) == 0 {
		return "", nil, fmt.Errorf("find %s: no address", printable(host))
	}
	return host, out, nil
}

// dialOne connects to one address. The check stands in Control, which sees what the
// kernel will be given.
func (d *Dialer) dialOne(ctx context.Context, network, host string, addr netip.AddrPort, last bool) (net.Conn, error) {
	if _, limited := ctx.Deadline(); !last || !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DialTimeout)
		defer cancel()
	}
	nd := net.Dialer{ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("connect to %q: %w", address, err)
		}
		return d.check(network, host, to)
	}}
	c, err := nd.DialContext(ctx, network, addr.String())
	if err != nil {
		if refused := (*RefusedError)(nil); errors.As(err, &refused) {
			return nil, refused
		}
		return nil, err
	}
	if t, ok := c.(*net.TCPConn); ok {
		// Neither can fail on a socket that just connected, and both only tune it.
		_ = t.SetNoDelay(true)
		_ = t.SetWriteBuffer(sendBuffer)
	}
	return c, nil
}

func (d *Dialer) check(network, host string, addr netip.AddrPort) error {
	if d.rule != nil {
		if err := d.rule.check(network, host, addr); err != nil {
			return err
		}
	}
	if d.Allowed != nil {
		return d.Allowed(host, addr)
	}
	return nil
}
