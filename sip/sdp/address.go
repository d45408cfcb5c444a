package sdp

import (
	"net/netip"
	"strconv"
	"strings"
)

// address finds the c= of an m-line, its own or the session's: an address that audio can
// be sent to. The zero address of a hold (RFC 2543) comes back as unspecified.
func (s *session) address(m *section) (netip.Addr, error) {
	conn, written := m.ConnectionInformation, m.conn
	if written == "" {
		conn, written = s.ConnectionInformation, s.conn
	}
	if written == "" {
		return netip.Addr{}, badSDP(m.line, "no c= line for this m= line")
	}
	if conn == nil || conn.Address == nil {
		return netip.Addr{}, badSDP(m.line, "c=%s is not of the form IN IP4 address", clip(written))
	}
	host, _, _ := strings.Cut(conn.Address.Address, "/")
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, notAcceptable(warnMediaType, "media address %q is not an IP address", clip(host))
	}
	if a = a.Unmap(); !a.IsUnspecified() && !sendable(a) {
		return netip.Addr{}, notAcceptable(warnMediaType, "no audio is sent to the address %s", a)
	}
	return a, nil
}

// sendable is false for multicast, broadcast, reserved and unspecified addresses, and
// for IPv6 link-local ones, which mean nothing without an interface.
func sendable(a netip.Addr) bool {
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" {
		return false
	}
	if a.Is4() {
		first := a.As4()[0]
		return first != 0 && first < 240
	}
	return !a.IsLinkLocalUnicast()
}

// remote finds where the far end wants its RTP. A hold address or port 0 gives an
// invalid AddrPort with hold set.
func (s *session) remote(m *section) (to netip.AddrPort, hold bool, err error) {
	if m.badPort != "" {
		return to, false, badSDP(m.line, "m=audio port %q is not a number from 0 to 65535", clip(m.badPort))
	}
	a, err := s.address(m)
	if err != nil {
		return to, false, err
	}
	port := uint16(m.MediaName.Port.Value)
	if a.IsUnspecified() || port == 0 {
		return netip.AddrPort{}, true, nil
	}
	return netip.AddrPortFrom(a, port), false, nil
}

// remoteRTCP follows rtcp-mux, then a=rtcp (RFC 3605), then the next port. It is
// invalid when there is none to send to; that is never worth a refusal.
func (m *section) remoteRTCP(rtp netip.AddrPort, mux bool, own func(netip.AddrPort) bool) netip.AddrPort {
	if !rtp.IsValid() || mux {
		return rtp
	}
	var to netip.AddrPort
	if rtp.Port() < 65535 {
		to = netip.AddrPortFrom(rtp.Addr(), rtp.Port()+1)
	}
	if named, ok := parseRTCP(m.last("rtcp"), rtp.Addr()); ok {
		to = named
	}
	if to.IsValid() && own != nil && own(to) {
		return netip.AddrPort{}
	}
	return to
}

// parseRTCP reads the value of a=rtcp, "53020" or "53020 IN IP4 192.0.2.1".
func parseRTCP(value string, rtp netip.Addr) (netip.AddrPort, bool) {
	fields := strings.Fields(value)
	if len(fields) != 1 && len(fields) != 4 {
		return netip.AddrPort{}, false
	}
	port, err := strconv.ParseUint(fields[0], 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}, false
	}
	if len(fields) == 1 {
		return netip.AddrPortFrom(rtp, uint16(port)), true
	}
	a, err := netip.ParseAddr(fields[3])
	if a = a.Unmap(); err != nil || !sendable(a) || a.Is4() != rtp.Is4() {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, uint16(port)), true
}

// Remote returns where a description wants its first audio stream, so that the caller
// can pick the socket that leads there. It is invalid for a description that is on hold.
func Remote(body []byte) (netip.AddrPort, error) {
	s, err := parse(body)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for i := range s.sections {
		if m := &s.sections[i]; m.usable() == nil {
			to, _, err := s.remote(m)
			return to, err
		}
	}
	return netip.AddrPort{}, noAudio(s)
}
