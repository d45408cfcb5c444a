package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// udpBuffer is what we ask the kernel to hold for a socket, in bytes.
const udpBuffer = 4 << 20

// udpSocket is one UDP listener. Whatever it received is answered through it.
type udpSocket struct {
	u     *UA
	conn  *net.UDPConn
	bound netip.AddrPort
	info  bool // bound to all addresses: each datagram tells which one it came to
}

func listenUDP(u *UA, at netip.AddrPort) (*udpSocket, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("listen on udp %s: %w", at, err)
	}
	_ = conn.SetReadBuffer(udpBuffer) // the kernel may give less
	_ = conn.SetWriteBuffer(udpBuffer)
	s := &udpSocket{u: u, conn: conn, bound: addrPort(conn.LocalAddr())}
	if at.Addr().IsUnspecified() {
		s.info = packetInfo(conn, at.Addr().Is6()) == nil
	}
	return s, nil
}

// addrPort is the address of a socket without IPv4-in-IPv6 mapping.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// read hands datagrams to the UA until the socket is closed.
func (s *udpSocket) read() {
	buf := make([]byte, maxMessage+1)
	oob := make([]byte, 128)
	for {
		n, oobn, _, from, err := s.conn.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.u.count.dropped.Add(1)
			s.u.pause(time.Millisecond)
			continue
		}
		if from.Port() == 0 { // nobody can be answered there
			s.u.count.dropped.Add(1)
			continue
		}
		f := flow{sock: s, local: s.bound, remote: unmap(from)}
		if s.info {
			if to := packetTarget(oob[:oobn]); to.IsValid() {
				f.local = netip.AddrPortFrom(to, s.bound.Port())
			}
		}
		if f.local.Addr().IsUnspecified() {
			f.local = netip.AddrPortFrom(localFor(f.remote), s.bound.Port())
		}
		s.u.receive(buf[:n], f)
	}
}

// write sends one datagram of any size, from the given local address.
func (s *udpSocket) write(b []byte, from netip.Addr, to netip.AddrPort) error {
	if s.bound.Addr().Is4() != to.Addr().Is4() {
		return fmt.Errorf("send to %s: the socket is %s", to, s.bound)
	}
	var oob []byte
	if s.info && from.IsValid() && !from.IsUnspecified() {
		oob = packetSource(from)
	}
	_, _, err := s.conn.WriteMsgUDPAddrPort(b, oob, to)
	if err != nil {
		return fmt.Errorf("send to %s: %w", to, err)
	}
	return nil
}

// localFor asks the kernel for the address that packets to a peer leave from.
func localFor(to netip.AddrPort) netip.Addr {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}
	}
	defer conn.Close()
	return addrPort(conn.LocalAddr()).Addr()
}
