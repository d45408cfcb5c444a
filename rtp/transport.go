package rtp

import (
	"encoding/binary"
	"net/netip"
)

// MaxPacket is the largest datagram that is looked at, in bytes. Bigger ones are
// dropped and counted.
const MaxPacket = 2048

// batchSize is how many datagrams one system call takes from a socket.
const batchSize = 32

// Channel is one of the two flows of a session.
type Channel uint8

// The channels of a session; with rtcp-mux everything is on Media.
const (
	Media   Channel = iota // RTP
	Control                // RTCP
)

// Transport moves the datagrams of one session: a Pair of sockets, memory in
// tests, later SRTP. Both methods run on the session's shard: they neither block
// nor allocate.
type Transport interface {
	// Receive adds datagrams that wait on channel c to b, as many as fit, and
	// returns how many it added.
	Receive(c Channel, b *Batch) int
	// Send sends p to an address. p is only valid during the call.
	Send(c Channel, to *Addr, p []byte) error
}

// holder is a Transport that must stay open while packets of its session wait in
// an outbox.
type holder interface {
	retain()
	release()
}

// Datagram is one received datagram.
type Datagram struct {
	Data      []byte
	From      netip.AddrPort
	Arrival   int64 // ns since the Unix epoch; 0 = not known, the time of the tick is taken
	Truncated bool  // it was bigger than MaxPacket
}

// Batch is a shard's room for what one system call receives. Its memory is
// allocated once and shared by all sessions of the shard.
type Batch struct {
	data [batchSize]Datagram
	n    int
	room []byte // batchSize * MaxPacket
	sys  batchSys
}

// NewBatch returns an empty batch.
func NewBatch() *Batch {
	b := &Batch{room: make([]byte, batchSize*MaxPacket)}
	b.sys.init(b)
	return b
}

// Add copies a datagram into the batch; false: it is full.
func (b *Batch) Add(from netip.AddrPort, arrival int64, data []byte) bool {
	if b.n == batchSize {
		return false
	}
	n := copy(b.buffer(b.n), data)
	b.data[b.n] = Datagram{Data: b.buffer(b.n)[:n], From: from, Arrival: arrival, Truncated: n < len(data)}
	b.n++
	return true
}

func (b *Batch) buffer(i int) []byte { return b.room[i*MaxPacket : (i+1)*MaxPacket : (i+1)*MaxPacket] }

// Addr is an address with its form for the kernel built once.
type Addr struct {
	netip.AddrPort

	raw    [28]byte // struct sockaddr_in or sockaddr_in6
	rawLen uint32
}

// MakeAddr returns the Addr of an address and port.
func MakeAddr(ap netip.AddrPort) Addr {
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	a := Addr{AddrPort: ap}
	switch {
	case ap.Addr().Is4():
		a.rawLen = 16
		ip := ap.Addr().As4()
		copy(a.raw[4:], ip[:])
	case ap.Addr().Is6():
		a.rawLen = 28
		ip := ap.Addr().As16()
		copy(a.raw[8:], ip[:])
	default:
		return a
	}
	binary.NativeEndian.PutUint16(a.raw[:], familyOf(ap.Addr()))
	binary.BigEndian.PutUint16(a.raw[2:], ap.Port())
	return a
}

// Usable reports whether packets can go to a: it is neither missing nor the
// unspecified address of a held call (RFC 2543 section B.5).
func (a *Addr) Usable() bool {
	return a.IsValid() && a.Port() != 0 && !a.Addr().IsUnspecified()
}
