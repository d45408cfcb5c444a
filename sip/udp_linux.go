package sip

import (
	"encoding/binary"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// packetInfo asks for the local address of each datagram, which a host with
// several addresses must answer from.
func packetInfo(conn *net.UDPConn, v6 bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var opt error
	err = raw.Control(func(fd uintptr) {
		if v6 {
			opt = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
			return
		}
		opt = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
	if err != nil {
		return err
	}
	return opt
}

// packetTarget reads the local address from the control message of a datagram.
func packetTarget(oob []byte) netip.Addr {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return netip.Addr{}
		}
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= 12:
			return netip.AddrFrom4([4]byte(data[4:8]))
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= 20:
			ip := netip.AddrFrom16([16]byte(data[:16]))
			if zone := binary.NativeEndian.Uint32(data[16:]); ip.IsLinkLocalUnicast() && zone > 0 {
				ip = ip.WithZone(zoneName(int(zone)))
			}
			return ip
		}
		oob = rest
	}
	return netip.Addr{}
}

func zoneName(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return ""
}

// packetSource is the control message that makes a datagram leave from ip.
func packetSource(ip netip.Addr) []byte {
	if ip.Is4() {
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: ip.As4()})
	}
	return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: ip.As16()})
}
