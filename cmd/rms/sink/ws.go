package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	handshakeMost = 5 * time.Second // for TLS and the request
	headerMost    = 64 << 10        // bytes of a request
	closingMost   = 2 * time.Second // for the other side's close frame
	spare         = 64              // connections beyond MaxStreams, to be told why not
)

// wsServer takes websockets on any path.
type wsServer struct {
	board *board
	ln    net.Listener
	http  http.Server
	quit  chan struct{} // closed: every stream ends

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup // of streams, and of Serve
}

func startWS(b *board) (*wsServer, error) {
	ln, err := net.Listen("tcp", b.o.Listen) //nolint:noctx // it does not wait
	if err != nil {
		return nil, fmt.Errorf("listen for websockets: %w", err)
	}
	s := &wsServer{board: b, ln: &limitedListener{Listener: ln, board: b, most: b.o.MaxStreams + spare}, quit: make(chan struct{})}
	serve := s.ln
	if b.o.WS.TLSCert != "" {
		config, err := tlsConfig(&b.o.WS)
		if err != nil {
			return nil, errors.Join(err, ln.Close())
		}
		serve = tls.NewListener(s.ln, config)
	}
	s.http = http.Server{
		Handler: s, ReadHeaderTimeout: handshakeMost, IdleTimeout: handshakeMost, MaxHeaderBytes: headerMost,
		ErrorLog:     slog.NewLogLogger(refusals{b}, slog.LevelInfo),
		ConnContext:  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // websockets are HTTP/1.1
	}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		_ = s.http.Serve(serve) // until close
	}()
	return s, nil
}

// connKey finds the connection of a request, to break it off.
type connKey struct{}

func tlsConfig(w *WSOptions) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(w.TLSCert, w.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("load the certificate: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if w.ClientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(w.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("load the CA of clients: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", w.ClientCA)
	}
	return c, nil
}

func (s *wsServer) addr() netip.AddrPort {
	a, _ := netip.ParseAddrPort(s.ln.Addr().String())
	return a
}

func (s *wsServer) close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.quit)
	}
	err := s.http.Close() // not the hijacked ones
	done := make(chan struct{})
	go func() { // ends when the streams have
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return err
	case <-ctx.Done():
		return errors.Join(err, fmt.Errorf("close websockets: %w", ctx.Err()))
	}
}

// enter counts a stream's goroutine in, unless the sink closes.
func (s *wsServer) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.wg.Add(1)
	}
	return !s.closed
}

// limitedListener closes what is too many, so that handshakes that never end cost a
// bounded number of descriptors.
type limitedListener struct {
	net.Listener
	board *board
	most  int

	mu   sync.Mutex
	open int
}

// Accept returns the next connection that there is room for.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		full := l.open >= l.most
		if !full {
			l.open++
		}
		l.mu.Unlock()
		if !full {
			return &limitedConn{Conn: c, listener: l}, nil
		}
		l.board.refuse("full", c.RemoteAddr().String(), errFull.Error())
		_ = c.Close()
	}
}

type limitedConn struct {
	net.Conn
	listener *limitedListener
	once     sync.Once
}

// Close closes the connection and makes room for another.
func (c *limitedConn) Close() error {
	c.once.Do(func() {
		c.listener.mu.Lock()
		c.listener.open--
		c.listener.mu.Unlock()
	})
	return c.Conn.Close()
}

// refusals takes what net/http has to say, such as a failed TLS handshake.
type refusals struct{ board *board }

// Enabled takes all.
func (refusals) Enabled(context.Context, slog.Level) bool { return true }

// Handle counts and reports a line.
func (r refusals) Handle(_ context.Context, rec slog.Record) error {
	r.board.refuse("handshake", "", rec.Message)
	return nil
}

// WithAttrs changes nothing: there are none.
func (r refusals) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup changes nothing.
func (r refusals) WithGroup(string) slog.Handler { return r }
