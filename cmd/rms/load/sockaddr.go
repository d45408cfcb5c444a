package load

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// sockaddr is an address in the form of the kernel, ready for sendto.
type sockaddr struct {
	raw  [28]byte
	size uint32
	addr netip.AddrPort
}

// newSockaddr writes an address as struct sockaddr_in or sockaddr_in6.
func newSockaddr(a netip.AddrPort) *sockaddr {
	s := &sockaddr{addr: a}
	if a.Addr().Is6() {
		binary.NativeEndian.PutUint16(s.raw[:], syscall.AF_INET6)
		ip := a.Addr().As16()
		copy(s.raw[8:], ip[:])
		s.size = 28
	} else {
		binary.NativeEndian.PutUint16(s.raw[:], syscall.AF_INET)
		ip := a.Addr().As4()
		copy(s.raw[4:], ip[:])
		s.size = 16
	}
	binary.BigEndian.PutUint16(s.raw[2:], a.Port())
	return s
}
