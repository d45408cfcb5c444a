//go:build linux && !rtp_portable

package rtp

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// controlSize holds one timestamp message with its header and alignment.
const controlSize = 64

// batchSys is what recvmmsg needs beside the buffers: all built once, and only
// what the kernel overwrites is set again.
type batchSys struct {
	headers [batchSize]mmsghdr
	vectors [batchSize]unix.Iovec
	names   [batchSize]unix.RawSockaddrInet6
	control [batchSize][controlSize]byte
}

func (s *batchSys) init(b *Batch) {
	for i := range s.headers {
		s.vectors[i].Base = &b.buffer(i)[0]
		s.vectors[i].SetLen(MaxPacket)
		h := &s.headers[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&s.names[i]))
		h.Iov = &s.vectors[i]
		h.SetIovlen(1)
		h.Control = &s.control[i][0]
		s.reset(i)
	}
}

func (s *batchSys) reset(i int) {
	s.headers[i].hdr.Namelen = unix.SizeofSockaddrInet6
	s.headers[i].hdr.SetControllen(controlSize)
	s.headers[i].hdr.Flags = 0
}

// receive takes what waits on fd into the empty batch.
func (b *Batch) receive(fd int) int {
	r, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.sys.headers[0])),
		batchSize, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	n := int(r)
	for i := range n {
		h := &b.sys.headers[i]
		b.data[i] = Datagram{
			Data:      b.buffer(i)[:min(int(h.n), MaxPacket)],
			From:      b.sys.from(i),
			Arrival:   b.sys.stamp(i),
			Truncated: h.hdr.Flags&unix.MSG_TRUNC != 0,
		}
		b.sys.reset(i)
	}
	b.n = n
	return n
}

func (s *batchSys) from(i int) netip.AddrPort {
	name := &s.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr).Unmap(), port)
}

// stamp returns the kernel's time of arrival, 0 when it gave none.
func (s *batchSys) stamp(i int) int64 {
	var h *unix.Cmsghdr
	const need = unix.SizeofCmsghdr + int(unsafe.Sizeof(unix.Timespec{}))
	if int(s.headers[i].hdr.Controllen) < need {
		return 0
	}
	h = (*unix.Cmsghdr)(unsafe.Pointer(&s.control[i][0]))
	if h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	t := (*unix.Timespec)(unsafe.Pointer(&s.control[i][unix.SizeofCmsghdr]))
	return t.Nano()
}

func familyOf(a netip.Addr) uint16 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
