package audiosocket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// lingerTime is how long a connection that was hung up waits for the far end to close
// too: closing at once with audio unread would reset it, and lose the goodbye.
const lingerTime = time.Second

// serve runs a connection from its first byte to its end.
func (s *Server) serve(p *Peer) {
	p.startFeed()
	defer p.endFeed()
	if err := s.identify(p); err != nil {
		s.refused(p, err)
		return
	}
	if err := s.register(p); err != nil {
		_ = p.Hangup()
		s.refused(p, err)
		p.linger()
		return
	}
	s.run(p)
	p.linger()
}

// run gives the connection to the handler. The UUID may come again when it returns.
func (s *Server) run(p *Peer) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.live, p.ID)
	}()
	s.handler(p)
	p.Take()
}

// identify awaits the first message, the UUID. Whatever else begins is closed at its
// first byte: HTTP and TLS knock on every port.
func (s *Server) identify(p *Peer) error {
	p.in.limit = time.Now().Add(s.options.IDTimeout)
	p.in.check = checkID
	m, err := p.in.Next()
	switch {
	case errors.Is(err, ErrNotID):
		return err
	case errors.Is(err, ErrStalled), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrNoID
	case err != nil:
		return fmt.Errorf("await UUID: %w", err)
	}
	p.in.check, p.in.limit = nil, time.Time{}
	p.ID = FormatID([16]byte(m.Payload))
	return nil
}

// checkID judges the beginning of a connection by as many bytes as there are.
func checkID(head []byte) error {
	for i, want := range []byte{byte(ID), 0, 16} {
		if i < len(head) && head[i] != want {
			return fmt.Errorf("%w: byte %d is 0x%02x", ErrNotID, i, head[i])
		}
	}
	return nil
}

// register makes the UUID live, once.
func (s *Server) register(p *Peer) error {
	s.mu.Lock()
	_, live := s.live[p.ID]
	if !live {
		s.live[p.ID] = struct{}{}
	}
	s.mu.Unlock()
	if live {
		return fmt.Errorf("%w: %s", ErrLive, p.ID)
	}
	if s.options.Accept != nil {
		if err := s.options.Accept(p.ID, p.remote); err != nil {
			s.mu.Lock()
			delete(s.live, p.ID)
			s.mu.Unlock()
			return fmt.Errorf("uuid %s refused: %w", p.ID, err)
		}
	}
	s.mu.Lock()
	s.stats.Served++
	s.mu.Unlock()
	return nil
}

// linger closes our half and reads what still comes, for a moment.
func (p *Peer) linger() {
	half, ok := p.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if p.conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, p.conn)
	}
}
