package target

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// wsTLS makes the settings for a wss URL, nil for ws.
func wsTLS(o *Options) (*tls.Config, error) {
	if !strings.EqualFold(o.URL.Scheme, "wss") {
		return nil, nil
	}
	t := &o.TLS
	s := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: o.URL.Hostname(),
		NextProtos: []string{"http/1.1"},
		// A message is one record, so one system call, up to 16 KiB.
		DynamicRecordSizingDisabled: true,
	}
	switch t.CAFile {
	case "", "SYSTEM":
	case "NONE":
		s.InsecureSkipVerify = true //nolint:gosec // asked for by name
	default:
		roots, err := wsRoots(t.CAFile)
		if err != nil {
			return nil, err
		}
		s.RootCAs = roots
	}
	if t.SkipHostname && !s.InsecureSkipVerify {
		s.InsecureSkipVerify = true //nolint:gosec // the chain is checked below
		s.VerifyConnection = func(state tls.ConnectionState) error { return wsVerifyChain(state, s.RootCAs) }
	}
	if t.CertFile == "" && t.KeyFile == "" {
		return s, nil
	}
	certificate, err := wsCertificate(t)
	if err != nil {
		return nil, err
	}
	s.Certificates = []tls.Certificate{certificate}
	return s, nil
}

// wsVerifyChain checks everything of a server's certificate but its name.
func wsVerifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}

// wsCertificate reads the client's certificate; one file may hold both its parts.
func wsCertificate(t *TLS) (tls.Certificate, error) {
	cert, key := t.CertFile, t.KeyFile
	if cert == "" {
		cert = key
	}
	if key == "" {
		key = cert
	}
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return c, fmt.Errorf("client certificate: %w", err)
	}
	return c, nil
}

// wsRootsMost is how many files of authorities are kept, so that neither each stream
// parses a bundle nor each holds its own.
const wsRootsMost = 16

type wsRootFile struct {
	changed time.Time
	size    int64
	pool    *x509.CertPool
}

var wsRootFiles = struct {
	sync.Mutex
	files map[string]wsRootFile
}{files: map[string]wsRootFile{}}

// wsRoots returns the authorities in a PEM file, which is read anew when it changed.
func wsRoots(name string) (*x509.CertPool, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	all := &wsRootFiles
	all.Lock()
	known, ok := all.files[name]
	all.Unlock()
	if ok && known.changed.Equal(info.ModTime()) && known.size == info.Size() {
		return known.pool, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("authorities: no certificate in %q", name)
	}
	all.Lock()
	defer all.Unlock()
	if len(all.files) >= wsRootsMost {
		clear(all.files)
	}
	all.files[name] = wsRootFile{info.ModTime(), info.Size(), pool}
	return pool, nil
}
