//go:build !unix

package target

import "net"

const instantSend = false

// promptConn is a socket that cannot be written to without waiting on this system.
type promptConn struct {
	net.Conn
	hold bool
}

func newPromptConn(c net.Conn) *promptConn { return &promptConn{Conn: c} }

func (p *promptConn) clear() bool { return false }

func (p *promptConn) push([]byte) error { return net.ErrClosed }

// CloseWrite ends our direction.
func (p *promptConn) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
