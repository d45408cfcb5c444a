// Package place reads the texts that name a place in the network: a host, an address
// or a network, with a port where that makes sense. It belongs to the configuration
// and to those who obey it.
//
//	p, err := place.Parse("asr.example:9000")
package place

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Place is a host, host:port, IP, IP:port or network. IPv4 addresses that are written
// as IPv6 ones (::ffff:10.0.0.1) become IPv4.
type Place struct {
	Name string       // of a host, lower case, without a dot at the end; "" when Net counts
	Net  netip.Prefix // an address is the network that holds only it
	Port uint16       // 0 is any
}

// Parse reads a Place. Errors begin with the text, quoted, and say what is wrong.
func Parse(text string) (Place, error) {
	p, err := parse(text)
	if err != nil {
		return Place{}, fmt.Errorf("%q %w", text, err)
	}
	return p, nil
}

// ParseHostPort reads a Place that one can connect to: a host or an address, with a port.
func ParseHostPort(text string) (Place, error) {
	p, err := Parse(text)
	if err == nil && p.Port == 0 {
		return Place{}, fmt.Errorf("%q is not host:port", text)
	}
	return p, err
}

// String writes a Place so that Parse reads it back.
func (p Place) String() string {
	text := p.Name
	switch {
	case text != "":
	case !p.Net.IsValid():
		return ""
	case !p.Net.IsSingleIP():
		return p.Net.String()
	default:
		text = p.Net.Addr().String()
	}
	if p.Port == 0 {
		return text
	}
	return net.JoinHostPort(text, strconv.Itoa(int(p.Port)))
}

// Host is the name or the address, for one that Parse or ParseHostPort gave without a
// network.
func (p Place) Host() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Net.Addr().String()
}

// Names says that host, which resolved to addr, lies here.
func (p Place) Names(host string, addr netip.AddrPort) bool {
	if p.Port != 0 && p.Port != addr.Port() {
		return false
	}
	if p.Name != "" {
		return p.Name == strings.TrimSuffix(strings.ToLower(host), ".")
	}
	return p.Net.Contains(addr.Addr().WithZone("").Unmap())
}

// UnmarshalText is Parse.
func (p *Place) UnmarshalText(text []byte) (err error) {
	*p, err = Parse(string(text))
	return err
}

func parse(text string) (Place, error) {
	if strings.Contains(text, "://") {
		return Place{}, errors.New("is a URL; write its host, or host:port")
	}
	if strings.Contains(text, "/") {
		return parseNet(text)
	}
	host, port, err := split(text)
	if err != nil {
		return Place{}, err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return Place{}, errors.New("has a zone")
		}
		a = a.Unmap()
		return Place{Net: netip.PrefixFrom(a, a.BitLen()), Port: port}, nil
	}
	if err := checkName(host); err != nil {
		return Place{}, err
	}
	return Place{Name: strings.TrimSuffix(strings.ToLower(host), "."), Port: port}, nil
}

func parseNet(text string) (Place, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return Place{}, errNothing
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return Place{}, errors.New("holds all of IPv4; write it as an IPv4 network")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return Place{Net: p.Masked()}, nil
}
