package audiosocket

import "net"

// Buffered returns the size of the buffer.
func (r *Reader) Buffered() int { return len(r.buf) }

// Admit serves a connection that did not come through the listener.
func (s *Server) Admit(c net.Conn) { s.admit(c) }
