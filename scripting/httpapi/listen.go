package httpapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ListenError says which of the places of the options cannot be listened on.
type ListenError struct {
	Socket bool // Options.Socket, not Options.Listen
	Err    error
}

func (e *ListenError) Error() string { return e.Err.Error() }

func (e *ListenError) Unwrap() error { return e.Err }

// listenTCP opens options.Listen, with TLS when there is a certificate.
func (s *Server) listenTCP() error {
	o := &s.opts
	if (o.TLSCert == "") != (o.TLSKey == "") {
		return errors.New("a certificate needs its key: set both http.tls_cert and http.tls_key")
	}
	if !o.Listen.Addr().Unmap().IsLoopback() && len(o.Tokens) == 0 {
		return fmt.Errorf("%s can be reached from other machines and there is no token: set http.tokens, or listen on 127.0.0.1", o.Listen)
	}
	var certificate *tls.Config
	if o.TLSCert != "" {
		c, err := tls.LoadX509KeyPair(o.TLSCert, o.TLSKey)
		if err != nil {
			return fmt.Errorf("load the certificate of http.tls_cert and http.tls_key: %w", err)
		}
		certificate = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	}
	network := "tcp"
	if o.Listen.Addr().Is4() {
		network = "tcp4" // 0.0.0.0 means all of IPv4, and not IPv6 too
	}
	l, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(o.Listen))
	if err != nil {
		return &ListenError{Err: fmt.Errorf("listen on %s: %w", o.Listen, errors.Unwrap(err))}
	}
	d := s.add(l, true)
	d.server.TLSConfig, d.tls = certificate, certificate != nil
	if certificate == nil && !o.Listen.Addr().Unmap().IsLoopback() {
		s.log.Warn().Str("addr", l.Addr().String()).Msg("HTTP tokens can be read on the network: set http.tls_cert and http.tls_key, or put a TLS proxy in front")
	}
	return nil
}

// dialTimeout is for the look whether somebody serves a unix socket.
const dialTimeout = time.Second

// listenUnix opens a socket that only this user can connect to. It is made in a
// folder that nobody else can enter and then moved to its place, so that there is no
// moment at which its mode is wrong. One that nobody serves any more is replaced.
func listenUnix(path string) (net.Listener, error) {
	switch st, err := os.Lstat(path); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case st.Mode().Type() != os.ModeSocket:
		return nil, errors.New("there is a file of that name that is no socket")
	default:
		conn, err := net.DialTimeout("unix", path, dialTimeout)
		if err == nil {
			_ = conn.Close()
			return nil, fmt.Errorf("another program serves it: %w", syscall.EADDRINUSE)
		}
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".rms-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made := filepath.Join(dir, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(made, 0o600); err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	st, err := os.Lstat(path)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	return &socket{Listener: l, path: path, made: st}, nil
}

// socket removes its file when it is closed, if it is still the same.
type socket struct {
	net.Listener
	path string
	made os.FileInfo
	once sync.Once
}

// Addr names the place that the socket was moved to.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

func (s *socket) Close() error {
	s.once.Do(func() {
		if st, err := os.Lstat(s.path); err == nil && os.SameFile(st, s.made) {
			_ = os.Remove(s.path)
		}
	})
	return s.Listener.Close()
}
