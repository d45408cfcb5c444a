package load

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// udpTransport is one polled socket for the SIP of all calls.
type udpTransport struct {
	fd    int
	addr  netip.AddrPort
	batch *batch
}

func newUDPTransport(host netip.Addr) (*udpTransport, error) {
	fd, err := openUDP(netip.AddrPortFrom(host, 0), 4<<20)
	if err != nil {
		return nil, err
	}
	port, err := localPort(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &udpTransport{fd: fd, addr: netip.AddrPortFrom(host, port), batch: newBatch(8, maxMessage, true)}, nil
}

func (u *udpTransport) send(to netip.AddrPort, msg []byte) error {
	return sendTo(u.fd, msg, newSockaddr(to))
}

func (u *udpTransport) poll(take func(msg []byte, from netip.AddrPort, at int64)) {
	for {
		n := u.batch.receive(u.fd)
		for i := range n {
			data, at, _ := u.batch.datagram(i)
			take(data, u.batch.source(i), at)
		}
		if n == 0 {
			return
		}
		u.batch.reset(n)
	}
}

func (u *udpTransport) local() netip.AddrPort { return u.addr }
func (u *udpTransport) reliable() bool        { return false }
func (u *udpTransport) close()                { _ = unix.Close(u.fd) }
