package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"rms/media/wire/rst"
)

// rstInvites is when INV is sent, counted from the first.
var rstInvites = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second}

// openPair replaces the socket by a pair of ports and does the handshake of
// generation 2. Everything is closed when it fails.
func (c *rstConn) openPair(ctx context.Context, o *Options) error {
	probe := c.main // connected, so that the system has chosen our address
	local, ok := probe.LocalAddr().(*net.UDPAddr)
	_ = probe.Close()
	if !ok {
		err := fmt.Errorf("stream to %s: no local address", o.URL)
		return &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Err: err}
	}
	main, second, port, err := rstPair(ctx, local.AddrPort().Addr().Unmap(), o.LocalPorts)
	if err != nil {
		return &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Err: err}
	}
	c.main, c.second, c.joined = main, second, false
	_ = second.SetReadBuffer(1) // nobody reads it; the kernel takes its least
	p, from, err := c.invite(ctx, o, port)
	if err != nil {
		c.generation = 2
		_ = c.Close()
		return err
	}
	if err := c.mayReach(o, p, from); err != nil {
		c.generation = 2
		_ = c.Close()
		return &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Final: true, Err: err}
	}
	c.agree(o, p, from)
	return nil
}

// mayReach asks the rule of the Dialer about the media ports of an ACK, which else
// would send audio to whatever listens there.
func (c *rstConn) mayReach(o *Options, ack rst.Packet, from netip.AddrPort) error {
	for _, port := range []int{ack.ReadPort, ack.WritePort} {
		if port == 0 {
			continue
		}
		if err := o.Dial.Check("udp", o.URL.Hostname(), netip.AddrPortFrom(from.Addr(), uint16(port))); err != nil {
			return fmt.Errorf("media port of the ACK: %w", err)
		}
	}
	return nil
}

// agree takes the media ports of the ACK.
func (c *rstConn) agree(o *Options, ack rst.Packet, from netip.AddrPort) {
	if ack.ReadPort == 0 { // a server of generation 1
		_ = c.second.Close()
		c.second = nil
		c.arm(newRSTSide(rst.Read, c.main, c.server), newRSTSide(rst.Write, c.main, c.server))
		return
	}
	c.generation, c.framing = 2, o.Framing
	c.arm(
		newRSTSide(rst.Read, c.main, netip.AddrPortFrom(from.Addr(), uint16(ack.ReadPort))),
		newRSTSide(rst.Write, c.second, netip.AddrPortFrom(from.Addr(), uint16(ack.WritePort))),
	)
}

// invite sends INV until its ACK comes.
func (c *rstConn) invite(ctx context.Context, o *Options, port int) (rst.Packet, netip.AddrPort, error) {
	defer context.AfterFunc(ctx, c.wake)()
	inv := rst.AppendInv(nil, c.id, o.Caller, o.Callee, port, port+1)
	start := time.Now()
	for i, at := range rstInvites {
		if at >= o.InviteAfter {
			break
		}
		c.control(inv)
		until := o.InviteAfter
		if i+1 < len(rstInvites) {
			until = min(until, rstInvites[i+1])
		}
		p, from, err := c.awaitAck(ctx, start.Add(until))
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return p, from, err
		}
	}
	err := fmt.Errorf("stream to %s: no ACK within %v", c.server, o.InviteAfter)
	return rst.Packet{}, netip.AddrPort{}, &ConnectError{Code: CodeTimeout, Text: err.Error(), Err: err}
}

// awaitAck reads until an ACK of the server came, or until the deadline.
func (c *rstConn) awaitAck(ctx context.Context, deadline time.Time) (rst.Packet, netip.AddrPort, error) {
	buf := make([]byte, rstRead)
	_ = c.main.SetReadDeadline(deadline) // the socket is open
	for {
		if err := ctx.Err(); err != nil {
			return rst.Packet{}, netip.AddrPort{}, rstConnectError(fmt.Errorf("await ACK of %s: %w", c.server, err))
		}
		n, from, err := c.main.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil:
			_ = c.main.SetReadDeadline(time.Time{})
			return rst.Packet{}, from, err
		case errors.Is(err, os.ErrDeadlineExceeded), unreachable(err):
			continue
		default:
			return rst.Packet{}, from, &ConnectError{Code: CodeIO, Text: err.Error(), Err: err}
		}
		p, ok := c.heard(buf[:n], from)
		if !ok {
			continue
		}
		if unmapPort(from) != c.server { // another socket of that host is a stranger too
			c.ignored.Add(1)
			continue
		}
		if p.Kind == rst.Bye {
			c.end(Ended{By: ByRemote, Code: 1000, Reason: "Normal closure"})
			err := fmt.Errorf("%s answered INV by BYE", c.server)
			return p, from, &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Err: err}
		}
		_ = c.main.SetReadDeadline(time.Time{})
		return p, unmapPort(from), nil
	}
}

// rstNext spreads the streams over the range of ports.
var rstNext atomic.Uint32

// rstPair binds an even port of the range and the odd one above it.
func rstPair(ctx context.Context, local netip.Addr, ports [2]int) (even, odd *net.UDPConn, port int, err error) {
	first := evenAbove(ports[0])
	pairs := (ports[1] - first + 1) / 2
	for range pairs {
		port = first + int(rstNext.Add(1))%pairs*2
		if even, err = rstBind(ctx, local, port); err != nil {
			continue
		}
		if odd, err = rstBind(ctx, local, port+1); err == nil {
			return even, odd, port, nil
		}
		_ = even.Close()
	}
	return nil, nil, 0, fmt.Errorf("no free pair of ports within %d-%d: %w", ports[0], ports[1], err)
}

func rstBind(ctx context.Context, local netip.Addr, port int) (*net.UDPConn, error) {
	var lc net.ListenConfig
	p, err := lc.ListenPacket(ctx, "udp", netip.AddrPortFrom(local, uint16(port)).String())
	if err != nil {
		return nil, err
	}
	c, ok := p.(*net.UDPConn)
	if !ok {
		_ = p.Close()
		return nil, fmt.Errorf("bind port %d: got a %T", port, p)
	}
	return c, nil
}

// evenAbove returns n when it is even, else n+1.
func evenAbove(n int) int { return (n + 1) &^ 1 }
