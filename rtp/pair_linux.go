//go:build linux && !rtp_portable

package rtp

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the kernel may hold for a session, in bytes: enough for 10,000 small
// packets a second between two ticks, and for a few reports.
const (
	mediaBuffer   = 256 << 10
	controlBuffer = 16 << 10
)

// Pair is the two sockets of a session, RTP on an even port and RTCP on the next.
// They are not known to Go's poller: a shard reads and writes them itself.
type Pair struct {
	pool  *Ports
	local netip.AddrPort
	fds   [2]int
	refs  atomic.Int32 // the owner, the session, and packets in an outbox
	shut  atomic.Bool
}

func openPair(local netip.AddrPort) (*Pair, error) {
	p := &Pair{local: local, fds: [2]int{-1, -1}}
	p.refs.Store(1)
	for c := range p.fds {
		fd, err := openSocket(netip.AddrPortFrom(local.Addr(), local.Port()+uint16(c)), bufferOf(Channel(c)))
		if err != nil {
			p.closeSockets()
			return nil, err
		}
		p.fds[c] = fd
	}
	return p, nil
}

func bufferOf(c Channel) int {
	if c == Control {
		return controlBuffer
	}
	return mediaBuffer
}

func openSocket(at netip.AddrPort, buffer int) (int, error) {
	fd, err := unix.Socket(int(familyOf(at.Addr())), unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	var sa unix.Sockaddr
	if at.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, expedited)
	} else {
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16(), ZoneId: zoneOf(at.Addr())}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, expedited)
	}
	// All of these only tune: a socket without them works.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if err := unix.Bind(fd, sa); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("bind %v: %w", at, err)
	}
	return fd, nil
}

// Receive takes what waits on a socket.
func (p *Pair) Receive(c Channel, b *Batch) int {
	if b.n != 0 {
		return 0
	}
	return b.receive(p.fds[c])
}

// Send sends one datagram.
func (p *Pair) Send(c Channel, to *Addr, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(p.fds[c]), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(unsafe.Pointer(&to.raw)), uintptr(to.rawLen))
	if errno != 0 {
		return errno
	}
	return nil
}

func (p *Pair) closeSockets() {
	for _, fd := range p.fds {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}
