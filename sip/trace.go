package sip

import (
	"net/netip"
	"time"
)

// TraceLine is one message as it was on the wire.
type TraceLine struct {
	Time      time.Time
	Sent      bool // false: received
	Transport string
	Local     netip.AddrPort
	Remote    netip.AddrPort
	CallID    string
	First     string // the start line, safe to log
	Text      string // the whole message, byte for byte
}
