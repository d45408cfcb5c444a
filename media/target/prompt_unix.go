//go:build unix

package target

import (
	"errors"
	"net"
	"syscall"
)

// promptConn is a socket that can be written to without waiting. What the kernel does
// not take then is kept and goes first; TryWrite takes no more until it has gone, so
// that this is one message at most. Whoever writes has the turn of its target.
type promptConn struct {
	net.Conn
	raw  syscall.RawConn // nil where there is none
	hold bool            // Write keeps what the kernel does not take
	rest []byte          // that was kept

	put  func(fd uintptr) bool // writes out, once
	out  []byte
	sent int
	err  error
}

// newPromptConn wraps a socket; others can be written to with waiting only.
func newPromptConn(c net.Conn) *promptConn {
	p := &promptConn{Conn: c}
	if s, ok := c.(syscall.Conn); ok {
		p.raw, _ = s.SyscallConn()
	}
	p.put = func(fd uintptr) bool {
		p.sent, p.err = sendNow(fd, p.out)
		return true
	}
	return p
}

// clear reports whether nothing is kept, after an attempt to send it.
func (p *promptConn) clear() bool {
	if p.raw == nil {
		return false
	}
	if len(p.rest) == 0 {
		return true
	}
	n, err := p.try(p.rest)
	p.rest = p.rest[:copy(p.rest, p.rest[n:])]
	return err == nil && len(p.rest) == 0
}

// try writes what the kernel takes now.
func (p *promptConn) try(b []byte) (int, error) {
	p.out, p.sent, p.err = b, 0, nil
	err := p.raw.Write(p.put)
	p.out = nil
	if err == nil {
		err = p.err
	}
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		err = nil
	}
	return max(p.sent, 0), err
}

// Write sends b after what was kept. It waits for room, but not while hold is set.
func (p *promptConn) Write(b []byte) (int, error) {
	if p.hold {
		n, err := p.try(b)
		if err != nil {
			return n, err
		}
		p.rest = append(p.rest, b[n:]...)
		return len(b), nil
	}
	if len(p.rest) > 0 {
		n, err := p.Conn.Write(p.rest)
		p.rest = p.rest[:copy(p.rest, p.rest[n:])]
		if err != nil {
			return 0, err
		}
	}
	return p.Conn.Write(b)
}

// CloseWrite ends our direction.
func (p *promptConn) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
