package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log" //nolint:depguard // what http.Server writes to
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Server serves the API. Its methods may be used from any goroutine.
type Server struct {
	opts    Options
	log     zerolog.Logger
	boot    string // tells this server's event ids from those of one before
	began   time.Time
	mux     *http.ServeMux
	routes  []route
	openapi []byte
	tokens  []hashed
	answers *answers
	meters  *meters
	clock   clockWatch

	streams atomic.Int32 // subscribers
	work    gate         // handlers that run
	quit    chan struct{}
	once    sync.Once
	doors   []*door
	serving sync.WaitGroup
}

// door is one listener and what serves it.
type door struct {
	listener *listener
	server   *http.Server
	tls      bool
}

// Open begins to serve. Close ends it.
func Open(o Options) (*Server, error) {
	s, err := newServer(o)
	if err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		_ = s.Close(context.Background()) //nolint:contextcheck // nothing has begun: it does not wait
		return nil, err
	}
	for _, d := range s.doors {
		s.serving.Go(func() { s.serve(d) })
	}
	return s, nil
}

func newServer(o Options) (*Server, error) {
	s := &Server{opts: o.withDefaults(), log: o.Log, quit: make(chan struct{}), began: time.Now(), mux: http.NewServeMux()}
	var id [4]byte
	_, _ = rand.Read(id[:]) // it never fails
	s.boot = hex.EncodeToString(id[:])
	s.work.idle = make(chan struct{})
	for _, t := range o.Tokens {
		s.tokens = append(s.tokens, hashToken(t))
	}
	s.answers = newAnswers(s.opts.Times.Keep)
	s.meters = newMeters(s)
	s.routes = s.table()
	for _, r := range s.routes {
		s.mux.Handle(r.method+" "+r.path, r)
	}
	var err error
	if s.openapi, err = s.document(); err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return s, nil
}

// listen opens what the options name.
func (s *Server) listen() error {
	if s.opts.Listen.IsValid() {
		if err := s.listenTCP(); err != nil {
			return err
		}
	}
	if s.opts.Socket == "" {
		return nil
	}
	l, err := listenUnix(s.opts.Socket)
	if err != nil {
		return &ListenError{Socket: true, Err: fmt.Errorf("listen on the socket %s: %w", s.opts.Socket, err)}
	}
	s.add(l, false)
	return nil
}

func (s *Server) add(l net.Listener, tcp bool) *door {
	d := &door{listener: newListener(l, s.opts.MaxConns)}
	t := s.opts.Times
	var protocols http.Protocols
	protocols.SetHTTP1(true) // a limit on connections is one on requests
	d.server = &http.Server{
		Handler: s.entry(tcp), ReadHeaderTimeout: min(t.Header, t.Body), ReadTimeout: t.Body, IdleTimeout: t.Idle, MaxHeaderBytes: maxHeader, Protocols: &protocols,
		DisableGeneralOptionsHandler: true, ConnContext: withConn, ErrorLog: log.New(logWriter{s.log}, "", 0), //nolint:forbidigo // goes to the logger
	}
	s.doors = append(s.doors, d)
	return d
}

func (s *Server) serve(d *door) {
	var err error
	if d.tls {
		err = d.server.ServeTLS(d.listener, "", "")
	} else {
		err = d.server.Serve(d.listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		s.log.Error().Err(err).Str("addr", d.listener.Addr().String()).Msg("HTTP listener failed")
	}
}

// Addr returns where TCP is heard, the zero value when it is not.
func (s *Server) Addr() netip.AddrPort {
	for _, d := range s.doors {
		if a, ok := d.listener.Addr().(*net.TCPAddr); ok {
			return a.AddrPort()
		}
	}
	return netip.AddrPort{}
}

// URLs returns where the API is served: http://127.0.0.1:8080, unix:/run/rms.sock.
func (s *Server) URLs() []string {
	var list []string
	for _, d := range s.doors {
		scheme := "http://"
		switch {
		case d.listener.Addr().Network() == "unix":
			scheme = "unix:"
		case d.tls:
			scheme = "https://"
		}
		list = append(list, scheme+d.listener.Addr().String())
	}
	return list
}

// Handler returns what is served over TCP, for a server of one's own.
func (s *Server) Handler() http.Handler { return s.entry(true) }

// Close ends the subscriptions, lets the requests that run have their answers until
// ctx ends, and returns when everything is gone. It may come twice.
func (s *Server) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.quit) })
	s.work.close()
	var failed error
	for _, d := range s.doors {
		d.listener.closeIdle()
		if err := d.server.Shutdown(ctx); err != nil {
			failed = fmt.Errorf("requests were broken off: %w", err)
			_ = d.server.Close()
		}
		_ = d.listener.Close() // of one that was never served
	}
	s.serving.Wait()
	select {
	case <-s.work.idle:
	case <-ctx.Done():
		for _, d := range s.doors {
			d.listener.closeAll()
		}
		<-s.work.idle
	}
	return failed
}

// logWriter takes what http.Server has to say: what clients do wrong.
type logWriter struct{ log zerolog.Logger }

func (w logWriter) Write(p []byte) (int, error) {
	w.log.Debug().Str("text", strings.TrimSpace(string(p))).Msg("HTTP connection failed")
	return len(p), nil
}

// gate counts what runs, and lets Close wait for it.
type gate struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when nothing runs and nothing will
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.n++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n--; g.n == 0 && g.closed {
		close(g.idle)
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed && g.n == 0 {
		close(g.idle)
	}
	g.closed = true
}
