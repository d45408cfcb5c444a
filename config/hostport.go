package config

import (
	"fmt"
	"net"
	"strconv"

	"rms/config/place"
)

// HostPort is a place to connect to: a name or an address, and a port.
type HostPort struct {
	Host string
	Port int
}

// UnmarshalText reads "host:port".
func (h *HostPort) UnmarshalText(text []byte) error {
	p, err := place.ParseHostPort(string(text))
	if err != nil {
		return err
	}
	*h = HostPort{Host: p.Host(), Port: int(p.Port)}
	return nil
}

// String writes "host:port".
func (h HostPort) String() string { return net.JoinHostPort(h.Host, strconv.Itoa(h.Port)) }

// setPart takes the value of an alias that means only the host or only the port.
func (h *HostPort) setPart(part, text string) error {
	whole := HostPort{Host: text, Port: h.Port}
	if part == "port" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is no port from 1 to 65535", text)
		}
		whole = HostPort{Host: h.Host, Port: int(port)}
	} else if p, err := place.Parse(text); err != nil || p.String() != p.Host() {
		return fmt.Errorf("%q is no host and no address", text)
	}
	return h.UnmarshalText([]byte(whole.String()))
}
