package esl

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Stats count what a Server has seen.
type Stats struct {
	Open       int    // connections now
	Strangers  int    // of them those without a password yet
	Accepted   uint64 // connections that came
	Refused    uint64 // of them those that were too many, or from the wrong network
	BadAuth    uint64 // wrong passwords
	Slow       uint64 // connections closed because their client read too slowly
	LostEvents uint64 // events that slow clients did not get
	Outbound   uint64 // calls handed to applications
}

// Server is the Event Socket: connections of clients, connections to applications, and
// the events of all calls in the words of FreeSWITCH for both.
type Server struct {
	opts Options
	bus  *bus
	jobs jobs
	acts performers

	ln   net.Listener
	quit chan struct{}
	wait sync.WaitGroup

	begin sync.Once
	fold  fold // of lines about those that may not come

	mu        sync.Mutex // of what follows; never held across I/O
	closed    bool
	conns     map[*conn]struct{}
	clients   int     // of them those that came to us
	strangers []*conn // of them those that have not said the password, the oldest first

	accepted, refused, badAuth, slow, lost, outbound atomic.Uint64
}

// New returns a server that does nothing yet.
func New(o Options) *Server {
	s := &Server{opts: o.withDefaults(), quit: make(chan struct{}), conns: make(map[*conn]struct{})}
	s.bus = newBus(s)
	s.jobs.free = make(chan struct{}, maxJobs)
	s.acts.by = make(map[string]*performer)
	return s
}

// family is the network of an address: 0.0.0.0 means all of IPv4, and not IPv6 too.
func family(listen string) string {
	if a, err := netip.ParseAddrPort(listen); err == nil && a.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

// Listen begins to take clients.
func (s *Server) Listen() error {
	if s.opts.Password == "" {
		return errors.New("listen for the Event Socket: there is no password")
	}
	ln, err := net.Listen(family(s.opts.Listen), s.opts.Listen) //nolint:noctx // it does not wait
	if err != nil {
		return fmt.Errorf("listen for the Event Socket: %w", err)
	}
	s.ln = ln
	s.start()
	s.wait.Add(1)
	go s.accept()
	return nil
}

// Addr returns the address that clients are heard on, the zero value before Listen.
func (s *Server) Addr() netip.AddrPort {
	if s.ln == nil {
		return netip.AddrPort{}
	}
	a, _ := netip.ParseAddrPort(s.ln.Addr().String())
	return a
}

// start has the events of calls followed, once.
func (s *Server) start() {
	s.begin.Do(func() {
		s.bus.subscribe()
		s.wait.Add(1)
		go s.bus.run()
	})
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Open: len(s.conns), Strangers: len(s.strangers), Accepted: s.accepted.Load(), Refused: s.refused.Load(), BadAuth: s.badAuth.Load(),
		Slow: s.slow.Load(), LostEvents: s.lost.Load(), Outbound: s.outbound.Load(),
	}
}

// Drain lets no connection linger behind its call any more, and ends those that do: the
// server is about to stop.
func (s *Server) Drain() {
	s.bus.mu.Lock()
	s.bus.draining = true
	s.bus.mu.Unlock()
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, c := range conns {
		c.hurry()
	}
}

// Close ends every connection and waits until all goroutines are gone. It may come
// twice.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.quit)
		if s.ln != nil {
			_ = s.ln.Close()
		}
		for c := range s.conns {
			c.out.close()
		}
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// accept takes connections until Close. Running out of files must not end it.
func (s *Server) accept() {
	defer s.wait.Done()
	for {
		nc, err := s.ln.Accept()
		if err == nil {
			s.admit(nc)
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

// rude is for clients that may not come.
const rude = "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"

// admit serves a connection, unless it comes from elsewhere or there are too many.
func (s *Server) admit(nc net.Conn) {
	s.accepted.Add(1)
	c := newConn(s, nc)
	if err := s.enter(c); err != nil {
		s.refused.Add(1)
		if more, now := s.fold.tell(time.Now()); now {
			s.opts.Log.Warn().Str("source", c.remote).Err(err).Int("more", more).Msg("Event Socket connection refused")
		}
		_ = nc.SetWriteDeadline(time.Now().Add(time.Second)) // it fits into the socket's buffer
		_, _ = nc.Write([]byte(rude))
		_ = nc.Close()
		return
	}
	go func() {
		defer s.wait.Done()
		c.inbound()
	}()
}

// enter counts a connection in. A stranger too many has the oldest one go, so that those
// who know the password can always come.
func (s *Server) enter(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the server is stopping")
	}
	if c.outbound {
		s.conns[c] = struct{}{}
		return nil
	}
	if !s.allowed(c.from) {
		return errors.New("the address is not in the list of those allowed")
	}
	if len(s.strangers) >= s.opts.MaxStrangers || s.clients >= s.opts.MaxConns && len(s.strangers) > 0 {
		s.refused.Add(1)
		oldest := s.strangers[0]
		s.drop(oldest)
		oldest.out.close()
	}
	if s.clients >= s.opts.MaxConns {
		return errors.New("too many connections")
	}
	s.conns[c] = struct{}{}
	s.clients++
	s.strangers = append(s.strangers, c)
	s.wait.Add(1)
	return nil
}

func (s *Server) allowed(from netip.Addr) bool {
	for _, p := range s.opts.Allow {
		if p.Contains(from) {
			return true
		}
	}
	return len(s.opts.Allow) == 0
}

// known counts a client among those that said the password.
func (s *Server) known(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strangers = without(s.strangers, c)
}

// leave forgets a connection.
func (s *Server) leave(c *conn) {
	s.bus.forget(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(c)
}

// drop takes a connection off the lists; the lock is held.
func (s *Server) drop(c *conn) {
	if _, there := s.conns[c]; !there {
		return
	}
	delete(s.conns, c)
	s.strangers = without(s.strangers, c)
	if !c.outbound {
		s.clients--
	}
}

// without returns a list without one of its entries.
func without(list []*conn, c *conn) []*conn {
	for i := range list {
		if list[i] == c {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}
