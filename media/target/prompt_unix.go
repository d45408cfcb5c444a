//go:build unix

package target

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// promptConn is a socket that can be written to without waiting. What the kernel does
// not take then is kept and goes first; TryWrite takes no more until it has gone, so
// that this is one message at most. Whoever writes has the turn of its target.
//
// Such a write goes past package net, whose locks and deadlines cost a tenth of it. The
// descriptor is good as long as nobody has closed the socket, so that must not be done
// to the net.Conn behind it.
type promptConn struct {
	net.Conn
	able bool   // there is a descriptor
	hold bool   // Write keeps what the kernel does not take
	rest []byte // that was kept

	mu sync.Mutex // held while fd is used
	fd int        // -1: none, or no more
}

// newPromptConn wraps a socket; others can be written to with waiting only.
func newPromptConn(c net.Conn) *promptConn {
	p := &promptConn{Conn: c, fd: -1}
	if s, ok := c.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			p.able = raw.Control(func(fd uintptr) { p.fd = int(fd) }) == nil
		}
	}
	return p
}

// Close closes the socket.
func (p *promptConn) Close() error {
	p.mu.Lock()
	p.fd = -1
	p.mu.Unlock()
	return p.Conn.Close()
}

// clear reports whether nothing is kept, after an attempt to send it.
func (p *promptConn) clear() bool {
	if len(p.rest) == 0 {
		return p.able
	}
	n, err := p.try(p.rest)
	p.rest = p.rest[:copy(p.rest, p.rest[n:])]
	return err == nil && len(p.rest) == 0
}

// try writes what the kernel takes now.
func (p *promptConn) try(b []byte) (int, error) {
	if !p.mu.TryLock() {
		return 0, net.ErrClosed // nobody else has it but Close
	}
	n, err := 0, net.ErrClosed
	if p.fd >= 0 {
		n, err = sendNow(p.fd, b)
	}
	p.mu.Unlock()
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		err = nil
	}
	return max(n, 0), err
}

// push writes what the kernel takes now and keeps the rest; clear was true.
func (p *promptConn) push(b []byte) error {
	n, err := p.try(b)
	if err == nil {
		p.rest = append(p.rest, b[n:]...)
	}
	return err
}

// Write sends b after what was kept. It waits for room, but not while hold is set.
func (p *promptConn) Write(b []byte) (int, error) {
	if p.hold {
		if err := p.push(b); err != nil {
			return 0, err
		}
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
