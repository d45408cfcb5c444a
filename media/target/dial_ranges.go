package target

import (
	"net"
	"net/netip"
	"strings"
)

// ranges are the addresses that no stream goes to unless they are listed one by one.
// The first that holds an address counts.
var ranges = []struct {
	net netip.Prefix
	why string
}{
	{netip.MustParsePrefix("169.254.0.0/16"), "is link-local"},
	{netip.MustParsePrefix("fe80::/10"), "is link-local"},
	{netip.MustParsePrefix("0.0.0.0/8"), "is unspecified"},
	{netip.MustParsePrefix("::/128"), "is unspecified"},
	{netip.MustParsePrefix("224.0.0.0/4"), "is multicast"},
	{netip.MustParsePrefix("ff00::/8"), "is multicast"},
	{netip.MustParsePrefix("255.255.255.255/32"), "is broadcast"},
	{netip.MustParsePrefix("127.255.255.255/32"), "is broadcast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "is reserved"},
	// Where clouds answer with credentials, besides 169.254.169.254.
	{netip.MustParsePrefix("100.100.100.200/32"), "is a metadata service"},
	{netip.MustParsePrefix("168.63.129.16/32"), "is a metadata service"},
	{netip.MustParsePrefix("192.0.0.192/32"), "is a metadata service"},
	{netip.MustParsePrefix("fd00:ec2::/32"), "is a metadata service"},
	{netip.MustParsePrefix("fd20:ce::254/128"), "is a metadata service"},
}

// forbidden says why an address without zone is refused, "" when it is not, and the
// range that holds it.
func forbidden(network string, ip netip.Addr) (string, netip.Prefix) {
	for _, r := range ranges {
		if r.net.Contains(ip) {
			return r.why, r.net
		}
	}
	if v4, ok := embedded(ip); ok {
		if why, _ := forbidden(network, v4); why != "" {
			return "holds " + v4.String() + ", which " + why, netip.PrefixFrom(ip, ip.BitLen())
		}
	}
	if strings.HasPrefix(network, "udp") && broadcasts(ip) {
		return "is broadcast", netip.PrefixFrom(ip, ip.BitLen())
	}
	return "", netip.Prefix{}
}

// embedded returns the IPv4 address that a gateway would make of an IPv6 one.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	at := -1
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip), // NAT64, RFC 6052
		netip.MustParsePrefix("64:ff9b:1::/48").Contains(ip),      // NAT64 of one's own, RFC 8215
		netip.MustParsePrefix("::ffff:0:0:0/96").Contains(ip),     // SIIT, RFC 2765
		netip.MustParsePrefix("::/96").Contains(ip) && b[12] != 0: // compatible, RFC 4291 section 2.5.5.1
		at = 12
	case netip.MustParsePrefix("2002::/16").Contains(ip): // 6to4, RFC 3056
		at = 2
	case netip.MustParsePrefix("2001::/32").Contains(ip): // Teredo, RFC 4380: inverted
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	}
	if at < 0 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[at : at+4])), true
}

// broadcasts says that ip is the last address of a network of this machine: the
// standard library lets datagrams to it pass.
func broadcasts(ip netip.Addr) bool {
	if !ip.Is4() || ip.IsLoopback() {
		return false
	}
	for _, p := range localNets() {
		if p.Bits() < 31 && p.Contains(ip) && !p.Contains(ip.Next()) {
			return true
		}
	}
	return false
}

// localNets are the addresses of this machine's interfaces with their networks.
func localNets() []netip.Prefix {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			out = append(out, netip.PrefixFrom(p.Addr().Unmap(), p.Bits()))
		}
	}
	return out
}
