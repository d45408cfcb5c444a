package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openUDP makes a non-blocking socket whose datagrams carry the kernel's
// arrival time and the count of those that its buffer refused.
func openUDP(at netip.AddrPort, receiveBuffer int) (int, error) {
	family := unix.AF_INET
	if at.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open a UDP socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	if err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err == nil {
		err = unix.Bind(fd, unixSockaddr(at))
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("bind UDP %s: %w", at, err)
	}
	return fd, nil
}

func unixSockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

// openEven binds the next free even port of the range, starting at *next.
func openEven(host netip.Addr, next *int, low, high int) (fd, port int, err error) {
	for tries := (high-low)/2 + 1; tries > 0; tries-- {
		if *next < low || *next > high {
			*next = low
		}
		port = *next
		*next += 2
		fd, err = openUDP(netip.AddrPortFrom(host, uint16(port)), 256<<10)
		if err == nil || !errors.Is(err, unix.EADDRINUSE) {
			return fd, port, err
		}
	}
	return -1, 0, fmt.Errorf("every RTP port from %d to %d is in use: give another range", low, high)
}

func localPort(fd int) (uint16, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port), nil
	case *unix.SockaddrInet6:
		return uint16(a.Port), nil
	}
	return 0, errors.New("socket has no port")
}

// sendTo sends without telling the scheduler: a datagram never waits.
func sendTo(fd int, b []byte, to *sockaddr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&to.raw)), uintptr(to.size))
	if errno != 0 {
		return errno
	}
	return nil
}

type mmsghdr struct {
	header unix.Msghdr
	size   uint32
}

// batch is the memory of one recvmmsg.
type batch struct {
	messages []mmsghdr
	vectors  []unix.Iovec
	data     [][]byte
	control  [][64]byte
	names    []unix.RawSockaddrInet6
}

// newBatch has room for n datagrams, of each the first size bytes.
func newBatch(n, size int, withNames bool) *batch {
	b := &batch{
		messages: make([]mmsghdr, n), vectors: make([]unix.Iovec, n),
		data: make([][]byte, n), control: make([][64]byte, n),
	}
	if withNames {
		b.names = make([]unix.RawSockaddrInet6, n)
	}
	all := make([]byte, n*size)
	for i := range n {
		b.data[i] = all[i*size : (i+1)*size : (i+1)*size]
		b.vectors[i].Base = &b.data[i][0]
		b.vectors[i].SetLen(size)
		h := &b.messages[i].header
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
		h.Control = &b.control[i][0]
	}
	b.reset(n)
	return b
}

func (b *batch) reset(n int) {
	for i := range n {
		h := &b.messages[i].header
		h.SetControllen(len(b.control[i]))
		if b.names != nil {
			h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
			h.Namelen = unix.SizeofSockaddrInet6
		}
	}
}

// receive takes what is queued and returns at once; 0 when nothing is.
func (b *batch) receive(fd int) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.messages[0])),
		uintptr(len(b.messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// datagram returns the i-th one: its bytes as far as there was room, its arrival
// in ns of the wall clock (0: unknown), and the refusals of the socket so far.
func (b *batch) datagram(i int) (data []byte, at int64, refused uint32) {
	m := &b.messages[i]
	data = b.data[i][:min(int(m.size), len(b.data[i]))]
	control := b.control[i][:min(int(m.header.Controllen), len(b.control[i]))]
	for len(control) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		length := int(h.Len)
		if length < unix.SizeofCmsghdr || length > len(control) {
			break
		}
		body := control[unix.CmsgLen(0):length]
		switch {
		case h.Level != unix.SOL_SOCKET:
		case h.Type == unix.SO_TIMESTAMPNS && len(body) >= int(unsafe.Sizeof(unix.Timespec{})):
			at = (*unix.Timespec)(unsafe.Pointer(&body[0])).Nano()
		case h.Type == unix.SO_RXQ_OVFL && len(body) >= 4:
			refused = binary.NativeEndian.Uint32(body)
		}
		control = control[min(unix.CmsgSpace(length-unix.CmsgLen(0)), len(control)):]
	}
	return data, at, refused
}

func (b *batch) source(i int) netip.AddrPort {
	n := &b.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&n.Port))[:])
	if n.Family == unix.AF_INET6 {
		return netip.AddrPortFrom(netip.AddrFrom16(n.Addr).Unmap(), port)
	}
	v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(n))
	return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
}
