package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"rms/media/wire/rst"
)

// rstRead is how much of a datagram is looked at, in bytes: ACK and BYE are short.
const rstRead = 2048

// past is a deadline that is over.
var past = time.Unix(1, 0)

// Serve waits for the server's BYE. Its ACKs need nothing.
func (c *rstConn) Serve(h Handler) Ended {
	buf := make([]byte, rstRead)
	for {
		n, from, err := c.main.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			if p, ok := c.heard(buf[:n], from); ok && p.Kind == rst.Bye {
				c.end(Ended{By: ByRemote, Code: 1000, Reason: "Normal closure"})
			}
		case errors.Is(err, net.ErrClosed):
			<-c.done
			c.report(h)
			return c.ended
		case errors.Is(err, os.ErrDeadlineExceeded):
			// A closed socket refuses this, and the next read says so.
			_ = c.main.SetReadDeadline(time.Time{})
			c.report(h)
		case unreachable(err):
			c.dropped.Add(1)
		default:
			c.end(Ended{By: ByError, Code: 1006, Reason: "Abnormal closure", Error: CodeIO, Text: err.Error(), Again: true})
		}
	}
}

// heard judges a datagram: only what the server says of this stream counts.
func (c *rstConn) heard(b []byte, from netip.AddrPort) (rst.Packet, bool) {
	if from.Addr().Unmap() != c.server.Addr() {
		c.ignored.Add(1)
		return rst.Packet{}, false
	}
	p, err := rst.ParseKnown(b, func(id []byte) (string, bool) { return c.id, string(id) == c.id })
	if err != nil {
		c.malformed.Add(1)
		return rst.Packet{}, false
	}
	if !strings.EqualFold(p.ID, c.id) || p.Kind != rst.Ack && p.Kind != rst.Bye {
		c.ignored.Add(1)
		return rst.Packet{}, false
	}
	return p, true
}

// wake makes Serve look at what the dump has to report.
func (c *rstConn) wake() { _ = c.main.SetReadDeadline(past) } // fails on a closed socket only

func (c *rstConn) report(h Handler) {
	if c.dump == nil {
		return
	}
	if err := c.dump.failed(); err != nil {
		h.Problem(0, err.Error())
	}
	select {
	case <-c.done:
		if n := c.dump.lost.Load(); n > 0 {
			h.Problem(0, fmt.Sprintf("hex dump in %q: %d frames are missing", c.dump.dir, n))
		}
	default:
	}
}

// unreachable says that err is what the network reported about a datagram that was
// sent (RFC 1122 section 4.1.3.3), not about the socket.
func unreachable(err error) bool {
	for _, e := range []error{
		syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN,
		syscall.ENETDOWN, syscall.EMSGSIZE, syscall.EACCES, syscall.EPROTO, syscall.ENOPROTOOPT,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
