package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// The runner is the agent's mediaEnd.

func (r *runner) open() (fd, port int, err error) {
	return openEven(r.host, &r.nextPort, r.plan.low, r.plan.high)
}

func (r *runner) discard(fd int) { _ = unix.Close(fd) }

func (r *runner) start(s *stream) {
	s.users.Store(1)
	if r.sender != nil && r.tap != nil && r.tap.pulses(s.index) {
		s.pulsed = &r.tap.pulsed[s.index]
	}
	if r.sender != nil {
		s.users.Store(2)
		r.sender.put(s)
	}
	r.poller.put(s)
}

// probe finds the local address that leads to the target, and asks it with one
// OPTIONS over UDP: a closed port answers at once, silence proves nothing.
func probe(ctx context.Context, p plan, to netip.AddrPort) (netip.Addr, error) {
	dialer := net.Dialer{Timeout: tcpPatience}
	if p.Bind.IsValid() {
		dialer.LocalAddr = &net.UDPAddr{IP: p.Bind.AsSlice()}
		if p.Transport == "tcp" {
			dialer.LocalAddr = &net.TCPAddr{IP: p.Bind.AsSlice()}
		}
	}
	conn, err := dialer.DialContext(ctx, p.Transport, to.String())
	if err != nil {
		return netip.Addr{}, refused(p, to, err)
	}
	defer func() { _ = conn.Close() }()
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil || p.Transport == "tcp" {
		return local.Addr().Unmap(), err
	}
	options := fmt.Appendf(nil, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKprobe%d\r\n"+
		"Max-Forwards: 70\r\nFrom: <sip:load@%s>;tag=probe\r\nTo: <sip:%s>\r\nCall-ID: probe-%s@%s\r\n"+
		"CSeq: 1 OPTIONS\r\nUser-Agent: rms-load\r\nContent-Length: 0\r\n\r\n",
		to, local, time.Now().UnixNano(), local, to, runID(), local.Addr())
	_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
	if _, err = conn.Write(options); err == nil {
		_, err = conn.Read(make([]byte, 2048))
	}
	if errors.Is(err, unix.ECONNREFUSED) {
		return netip.Addr{}, refused(p, to, err)
	}
	return local.Addr().Unmap(), nil
}

func refused(p plan, to netip.AddrPort, err error) error {
	if errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("nothing listens at %s over %s: is the server running (`rms serve`), and are host, port and --transport right?", to, p.Transport)
	}
	return fmt.Errorf("reach %s over %s: %w; check host, port and --transport", to, p.Transport, err)
}
