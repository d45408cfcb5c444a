package sip

import (
	"errors"
	"net/netip"
)

// ErrClosed is returned by what can no longer be done.
var ErrClosed = errors.New("closed")

// flow is where a message came from and the way back: a datagram socket or a
// connection, and both addresses. local is a real address also when the socket
// listens on all of them.
type flow struct {
	sock   *udpSocket
	conn   *tcpConn
	local  netip.AddrPort
	remote netip.AddrPort
}

func (f flow) reliable() bool { return f.conn != nil }

func (f flow) transport() string {
	if f.conn != nil {
		return "tcp"
	}
	return "udp"
}

// send puts a message on the wire. failed is called later, from another
// goroutine, when a connection could not deliver it; it may be nil.
func (u *UA) send(f flow, to netip.AddrPort, b []byte, callID string, failed func(error)) error {
	u.count.sent.Add(1)
	if u.tracing.Load() {
		u.trace(true, f, to, callID, string(b))
	}
	if f.conn != nil {
		return f.conn.write(b, failed)
	}
	if f.sock == nil {
		return ErrClosed
	}
	return f.sock.write(b, f.local.Addr(), to)
}

// replyTo is where a response to a request of that Via goes over UDP: the source
// when rport is there, else the port of sent-by at the source address.
func replyTo(v via, f flow) netip.AddrPort {
	if _, ok := v.params.get("rport"); ok || f.conn != nil {
		return f.remote
	}
	port := v.port
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(f.remote.Addr(), uint16(port))
}
