//go:build !linux

package sip

import (
	"errors"
	"net"
	"net/netip"
)

// Without packet information a socket on all addresses answers from the one that
// the kernel routes from.
func packetInfo(*net.UDPConn, bool) error { return errors.ErrUnsupported }

func packetTarget([]byte) netip.Addr { return netip.Addr{} }

func packetSource(netip.Addr) []byte { return nil }
