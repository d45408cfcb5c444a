package target_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/target"
)

// wsAuthority signs certificates for one test.
type wsAuthority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newAuthority(t *testing.T) *wsAuthority {
	t.Helper()
	a := &wsAuthority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var der []byte
	der, a.key = a.sign(template, template)
	a.cert, _ = x509.ParseCertificate(der)
	a.file = a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *wsAuthority) sign(template, parent *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if template == parent {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

func (a *wsAuthority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// leaf makes a certificate for names and 127.0.0.1 when ip is true; its files too.
func (a *wsAuthority) leaf(ip bool, expired bool) (pair tls.Certificate, certFile, keyFile string) {
	a.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, DNSNames: []string{"bot.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if expired {
		template.NotAfter = time.Now().Add(-time.Minute)
	}
	der, key := a.sign(template, a.cert)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		a.write("cert.pem", "CERTIFICATE", der), a.write("key.pem", "PRIVATE KEY", private)
}

// newTLSFar is a server behind TLS that greets and closes, and tells how the client left.
func newTLSFar(t *testing.T, settings *tls.Config, left chan<- error) *wsFar {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveWSFar(t, tls.NewListener(l, settings), func(p *wsPeer) {
		if p.upgrade() == nil {
			return
		}
		p.text("hello")
		p.until(2)
		p.goodbye(1000, "")
		p.closing()
		_, err := p.br.ReadByte()
		left <- err
	})
}

func wssOptions(far *wsFar, s target.TLS) *target.Options {
	o := far.options()
	o.URL.Scheme, o.TLS = "wss", s
	return o
}

func TestWebsocketTLSThatHolds(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	good, certFile, keyFile := a.leaf(true, false)
	wrongName, _, _ := a.leaf(false, false)
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	asks := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	for name, c := range map[string]struct {
		server *tls.Config
		tls    target.TLS
	}{
		"CA file":                 {&tls.Config{Certificates: []tls.Certificate{good}}, target.TLS{CAFile: a.file}},
		"NONE":                    {&tls.Config{Certificates: []tls.Certificate{wrongName}}, target.TLS{CAFile: "NONE"}},
		"host name not validated": {&tls.Config{Certificates: []tls.Certificate{wrongName}}, target.TLS{CAFile: a.file, SkipHostname: true}},
		"client certificate":      {asks, target.TLS{CAFile: a.file, CertFile: certFile, KeyFile: keyFile}},
		"TLS 1.2":                 {&tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, target.TLS{CAFile: a.file}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := make(chan error, 1)
			far := newTLSFar(t, c.server, left)
			s := openWS(t, wssOptions(far, c.tls))
			if err := s.write(make([]int16, 160)); err != nil {
				t.Fatal(err)
			}
			if e := s.over(); e.By != target.ByRemote || e.Code != 1000 || len(s.ear.texts) != 1 {
				t.Errorf("ended %+v, heard %q", e, s.ear.texts)
			}
			if err := wsGot(t, left); err != io.EOF {
				t.Errorf("the client left with %v, want the goodbye of TLS", err)
			}
		})
	}
}

func TestWebsocketTLSThatFails(t *testing.T) {
	t.Parallel()
	a, stranger := newAuthority(t), newAuthority(t)
	good, certFile, _ := a.leaf(true, false)
	_, strangeCert, strangeKey := stranger.leaf(true, false)
	wrongName, _, _ := a.leaf(false, false)
	expired, _, _ := a.leaf(true, true)
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	empty := a.write("empty.pem", "NOTHING", []byte("x"))
	plain := &tls.Config{Certificates: []tls.Certificate{good}}
	asks := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	for name, c := range map[string]struct {
		server *tls.Config
		tls    target.TLS
		code   int
		text   string
	}{
		"SYSTEM does not know the authority":  {plain, target.TLS{CAFile: "SYSTEM"}, target.CodeTLSHandshake, "unknown authority"},
		"default is SYSTEM":                   {plain, target.TLS{}, target.CodeTLSHandshake, "unknown authority"},
		"other authority":                     {plain, target.TLS{CAFile: stranger.file}, target.CodeTLSHandshake, "unknown authority"},
		"wrong host":                          {&tls.Config{Certificates: []tls.Certificate{wrongName}}, target.TLS{CAFile: a.file}, target.CodeTLSHandshake, "127.0.0.1"},
		"wrong host and wrong authority":      {&tls.Config{Certificates: []tls.Certificate{wrongName}}, target.TLS{CAFile: stranger.file, SkipHostname: true}, target.CodeTLSHandshake, "unknown authority"},
		"expired":                             {&tls.Config{Certificates: []tls.Certificate{expired}}, target.TLS{CAFile: a.file, SkipHostname: true}, target.CodeTLSHandshake, "expired"},
		"client certificate missing":          {asks, target.TLS{CAFile: a.file}, target.CodeTLS, "certificate"},
		"client certificate of a stranger":    {asks, target.TLS{CAFile: a.file, CertFile: strangeCert, KeyFile: strangeKey}, target.CodeTLS, "certificate"},
		"TLS 1.1 only":                        {&tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, target.TLS{CAFile: a.file}, target.CodeTLSHandshake, "protocol version"},
		"no such CA file":                     {plain, target.TLS{CAFile: "/nonexistent/ca.pem"}, target.CodeTLSInit, "/nonexistent/ca.pem"},
		"CA file without certificate":         {plain, target.TLS{CAFile: empty}, target.CodeTLSInit, "no certificate"},
		"key of another certificate":          {plain, target.TLS{CAFile: a.file, CertFile: certFile, KeyFile: strangeKey}, target.CodeTLSInit, "does not match"},
		"no such key":                         {plain, target.TLS{CAFile: a.file, CertFile: certFile, KeyFile: "/nonexistent"}, target.CodeTLSInit, "/nonexistent"},
		"key without certificate":             {plain, target.TLS{CAFile: a.file, KeyFile: strangeKey}, target.CodeTLSInit, "client certificate"},
		"certificate without key in its file": {plain, target.TLS{CAFile: a.file, CertFile: certFile}, target.CodeTLSInit, "client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newTLSFar(t, c.server, make(chan error, 1))
			_, err := tryWS(t, wssOptions(far, c.tls))
			e := wsFailed(t, err)
			if e.Code != c.code || !strings.Contains(e.Text, c.text) || e.Final != (c.code == target.CodeTLSInit) {
				t.Errorf("%+v, want code %d with %q", e, c.code, c.text)
			}
		})
	}
}

func TestWebsocketTLSToAServerWithoutIsCode8(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) { p.say("HTTP/1.1 400 Bad Request\r\n\r\n"); _, _ = io.Copy(io.Discard, p.Conn) })
	_, err := tryWS(t, wssOptions(far, target.TLS{CAFile: "NONE"}))
	if e := wsFailed(t, err); e.Code != target.CodeTLSHandshake {
		t.Errorf("%+v", e)
	}
}

func TestWebsocketTLSHandshakeNeverAnsweredIsCode10(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) { _, _ = io.Copy(io.Discard, p.Conn) })
	e := openFor(t, wssOptions(far, target.TLS{CAFile: "NONE"}), 100*time.Millisecond)
	if e.Code != target.CodeTimeout || e.Text != "Timeout" {
		t.Errorf("%+v", e)
	}
}

func TestWebsocketTLSAuthoritiesAreReadAnewWhenTheFileChanges(t *testing.T) {
	t.Parallel()
	a, b := newAuthority(t), newAuthority(t)
	good, _, _ := b.leaf(true, false)
	far := newTLSFar(t, &tls.Config{Certificates: []tls.Certificate{good}}, make(chan error, 1))
	file := filepath.Join(t.TempDir(), "ca.pem")
	first, _ := os.ReadFile(a.file)
	second, _ := os.ReadFile(b.file)
	_ = os.WriteFile(file, first, 0o600)
	if _, err := tryWS(t, wssOptions(far, target.TLS{CAFile: file})); err == nil {
		t.Fatal("authority of a stranger was taken")
	}
	_ = os.WriteFile(file, append(second, '\n'), 0o600)
	_ = os.Chtimes(file, time.Now(), time.Now().Add(time.Minute))
	s := openWS(t, wssOptions(far, target.TLS{CAFile: file}))
	s.conn.Close()
	s.over()
}

func TestWebsocketTLSThatBreaksLaterIsCode9(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	good, _, _ := a.leaf(true, false)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	far := serveWSFar(t, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{good}}), func(p *wsPeer) {
		p.upgrade()
		p.text("hello")
		garbage := append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...)
		_, _ = p.Conn.(*tls.Conn).NetConn().Write(garbage)
		_, _ = io.Copy(io.Discard, p.br)
	})
	s := openWS(t, wssOptions(far, target.TLS{CAFile: a.file}))
	e := s.over()
	if e.By != target.ByError || e.Code != 1006 || e.Error != target.CodeTLS || !strings.HasPrefix(e.Text, "SSL error: ") {
		t.Errorf("ended %+v", e)
	}
}
