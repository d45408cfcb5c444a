package audiosocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// ServerOptions say where a Server listens and whom it takes.
type ServerOptions struct {
	Listen string // host:port; port 0 takes a free one
	// Dialect is Fork to speak it from the start; else a peer is Upstream until it
	// sends a digit as Fork does.
	Dialect Dialect
	// Accept refuses a call by the UUID that it came with, with the reason; nil takes
	// any. It runs on the goroutine of the connection.
	Accept func(id string, from netip.AddrPort) error

	MaxConns  int // connections at a time; 0 is 1000
	PerSource int // of them from one address, or from one /64 of IPv6; 0 is 200

	IDTimeout time.Duration // until the UUID must be there; 0 is 5 s
	Stall     time.Duration // until a message that began must be complete; 0 is 5 s
	// WriteStall breaks a connection whose far end takes nothing for so long; 0 is 30 s.
	WriteStall time.Duration

	// Encoding is what peers send in messages of kind Slin8; Peer.PCM reads it.
	Encoding Encoding
	// Suspect learns, once a peer and on the goroutine of its Next, that a second of
	// its audio came in messages of 160 bytes and no other: G.711 probably, labelled
	// wrongly, which Encoding would put right. It is not asked when Encoding is set.
	Suspect func(p *Peer)

	// Refused learns of connections that got no further, and why. It runs on several
	// goroutines and must not block; whoever logs it should fold what repeats.
	Refused func(from netip.AddrPort, why error)
}

func (o *ServerOptions) defaults() {
	for _, n := range []struct {
		field *int
		value int
	}{{&o.MaxConns, 1000}, {&o.PerSource, 200}} {
		if *n.field <= 0 {
			*n.field = n.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.IDTimeout, 5 * time.Second}, {&o.Stall, 5 * time.Second}, {&o.WriteStall, 30 * time.Second}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Dialect == Auto {
		o.Dialect = Upstream
	}
}

// Why a Server refuses a connection; what Accept returned is wrapped.
var (
	ErrFull       = errors.New("too many connections")
	ErrFullSource = errors.New("too many connections from this address")
	ErrNotID      = errors.New("connection does not begin with a UUID of 16 bytes")
	ErrNoID       = errors.New("no UUID in time")
	ErrLive       = errors.New("UUID is live already")
)

// ServerStats count the connections of a Server.
type ServerStats struct {
	Open     int    // connections now
	Live     int    // of them with a handler
	Accepted uint64 // connections that came
	Served   uint64 // of them those that got a handler
	Refused  uint64 // of them those that did not
}

// Server takes connections from Asterisk. Each peer hears silence from the moment it
// connects, because Asterisk waits for audio before it forwards any, until its handler
// takes over.
type Server struct {
	options ServerOptions
	handler func(*Peer)
	ln      net.Listener
	quit    chan struct{}
	wg      sync.WaitGroup

	mu     sync.Mutex // of everything below; never held across I/O
	closed bool
	peers  map[*Peer]struct{}
	source map[netip.Addr]int
	live   map[string]struct{} // UUIDs with a handler
	stats  ServerStats
}

// family is the network of an address: 0.0.0.0 means all of IPv4, and not IPv6 too.
func family(listen string) string {
	if a, err := netip.ParseAddrPort(listen); err == nil && a.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

// Listen starts a server. It runs h for every peer that has said its UUID, on the
// goroutine of the connection; when h returns the connection is closed.
func Listen(o ServerOptions, h func(*Peer)) (*Server, error) {
	o.defaults()
	ln, err := net.Listen(family(o.Listen), o.Listen) //nolint:noctx // it does not wait
	if err != nil {
		return nil, fmt.Errorf("listen for audiosocket: %w", err)
	}
	s := &Server{
		options: o, handler: h, ln: ln, quit: make(chan struct{}),
		peers: map[*Peer]struct{}{}, source: map[netip.Addr]int{}, live: map[string]struct{}{},
	}
	s.wg.Add(1)
	go s.accept()
	return s, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(s.ln.Addr().String())
	return a
}

// Stats returns the counters.
func (s *Server) Stats() ServerStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Open, st.Live = len(s.peers), len(s.live)
	return st
}

// Close stops listening, closes every connection, and waits until the handlers have
// returned and every goroutine is gone, or ctx ends.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.quit)
		_ = s.ln.Close()
		for p := range s.peers {
			p.Close()
		}
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends when the others have
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close audiosocket server: %w", ctx.Err())
	}
}

// accept takes connections until Close. Running out of files must not end it.
func (s *Server) accept() {
	defer s.wg.Done()
	for {
		c, err := s.ln.Accept()
		if err == nil {
			s.admit(c)
			continue
		}
		pause := time.NewTimer(50 * time.Millisecond)
		select {
		case <-s.quit:
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// admit starts what serves a connection, unless there are too many.
func (s *Server) admit(c net.Conn) {
	p := newPeer(s, c)
	err := s.enter(p)
	if err != nil {
		_ = c.Close()
		s.refused(p, err)
		return
	}
	go func() {
		defer s.wg.Done()
		defer s.leave(p)
		s.serve(p)
	}()
}

// enter counts a connection in.
func (s *Server) enter(p *Peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Accepted++
	from := sourceOf(p.remote)
	switch {
	case s.closed:
		return ErrClosed
	case len(s.peers) >= s.options.MaxConns:
		return ErrFull
	case s.source[from] >= s.options.PerSource:
		return ErrFullSource
	}
	s.peers[p] = struct{}{}
	s.source[from]++
	s.wg.Add(1)
	return nil
}

func (s *Server) leave(p *Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	from := sourceOf(p.remote)
	if s.source[from]--; s.source[from] <= 0 {
		delete(s.source, from)
	}
}

// sourceOf returns what is counted as one source: an IPv6 host has a whole /64.
func sourceOf(a netip.AddrPort) netip.Addr {
	addr := a.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return addr
	}
	p, err := addr.Prefix(64)
	if err != nil {
		return addr
	}
	return p.Addr()
}

func (s *Server) refused(p *Peer, why error) {
	s.mu.Lock()
	s.stats.Refused++
	s.mu.Unlock()
	if s.options.Refused != nil {
		s.options.Refused(p.remote, why)
	}
}
