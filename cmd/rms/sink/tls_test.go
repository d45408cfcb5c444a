package sink_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/cmd/rms/sink"
)

// certificate makes one that signs itself, in two PEM files.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "sink"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if pair, err = tls.LoadX509KeyPair(cert, key); err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	return cert, key, pool, pair
}

func TestWebsocketOverTLSAsksForAClientCertificateWhenToldSo(t *testing.T) {
	t.Parallel()
	cert, key, pool, _ := certificate(t)
	ca, _, _, pair := certificate(t)
	_, _, _, wrong := certificate(t)
	for _, c := range []struct {
		name  string
		ca    string
		ours  []tls.Certificate
		taken bool
	}{
		{"no client certificate wanted", "", nil, true},
		{"none given", ca, nil, false},
		{"another", ca, []tls.Certificate{wrong}, false},
		{"the right one", ca, []tls.Certificate{pair}, true},
	} {
		p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{TLSCert: cert, TLSKey: key, ClientCA: c.ca}})
		if !strings.HasPrefix(p.URL(), "wss://") {
			t.Errorf("URL %s", p.URL())
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: c.ours, MinVersion: tls.VersionTLS12}}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		conn, resp, err := websocket.Dial(ctx, p.URL(), &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if (err == nil) != c.taken {
			t.Errorf("%s: %v, %v", c.name, resp, err)
		}
		if err == nil {
			if err := conn.Write(ctx, websocket.MessageBinary, make([]byte, 320)); err != nil {
				t.Error(err)
			}
			_ = conn.Close(1000, "")
			if e := p.await(sink.EventStop, 1); e.Frames != 1 || !p.all(sink.EventStart)[0].Secure {
				t.Errorf("%s: %+v", c.name, e.Totals)
			}
		} else {
			await(t, c.name+": a count", func() bool { return p.counter("handshake") == 1 })
		}
		cancel()
		transport.CloseIdleConnections()
	}
}

func TestBadOptionsAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	cert, key, _, _ := certificate(t)
	for want, o := range map[string]sink.Options{
		"no sink is called":       {Kind: "udp"},
		"RST carries audio one":   {Kind: sink.RST, Echo: true},
		"no flow control":         {Kind: sink.RST, StallFor: time.Second},
		"framing":                 {Kind: sink.RST, RST: sink.RSTOptions{Framing: "x"}},
		"no pair":                 {Kind: sink.RST, RST: sink.RSTOptions{Ports: [2]int{11, 12}}},
		"codec":                   {Kind: sink.RST, RST: sink.RSTOptions{Codec: "opus"}},
		"always paced":            {Kind: sink.AudioSocket, Burst: true},
		"type 0x10":               {Kind: sink.AudioSocket, AS: sink.ASOptions{Slin8: "opus"}},
		"rate 8001":               {Kind: sink.Websocket, WS: sink.WSOptions{Rate: 8001}},
		"3 channels":              {Kind: sink.Websocket, WS: sink.WSOptions{Channels: 3}},
		"close code 1005":         {Kind: sink.Websocket, WS: sink.WSOptions{CloseCode: 1005}},
		"streamAudio of what":     {Kind: sink.Websocket, WS: sink.WSOptions{StreamAudio: "raw"}},
		"both certificate":        {Kind: sink.Websocket, WS: sink.WSOptions{TLSCert: cert}},
		"holds no PEM":            {Kind: sink.Websocket, WS: sink.WSOptions{TLSCert: cert, TLSKey: key, ClientCA: key}},
		"load the certificate":    {Kind: sink.Websocket, WS: sink.WSOptions{TLSCert: key, TLSKey: cert}},
		"open the file to play":   {Kind: sink.Websocket, Play: "/no/such.wav"},
		"both echo and play":      {Kind: sink.Websocket, Play: "x", Echo: true},
		"at most -1":              {Kind: sink.Websocket, MaxStreams: -1},
		"make the folder":         {Kind: sink.Websocket, Dir: "/dev/null/x"},
		"listen for websockets":   {Kind: sink.Websocket, Listen: "127.0.0.1:x"},
		"listen for rst":          {Kind: sink.RST, Listen: "127.0.0.1:x"},
		"listen for audiosocket":  {Kind: sink.AudioSocket, Listen: "127.0.0.1:x"},
		"a time before the start": {Kind: sink.AudioSocket, CloseAfter: -1},
	} {
		s, err := sink.Start(o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if err == nil {
			_ = s.Close(t.Context())
		}
	}
}
