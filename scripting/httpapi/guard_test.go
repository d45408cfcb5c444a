package httpapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/scripting/httpapi"
)

const (
	full    = "full-0123456789abcdef"
	looking = "read-0123456789abcdef"
)

func tokens(o *httpapi.Options) {
	o.Tokens = []httpapi.Token{{Secret: looking, Read: true}, {Secret: full}, {Secret: "another-0123456789"}}
}

func TestTokensAreAskedForAndReadOnesOnlyRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, tokens)
	for name, tc := range map[string]struct {
		method, path string
		header       []string
		want         int
	}{
		"none":                 {"GET", "/v1/calls", nil, 401},
		"none for what is not": {"GET", "/v1/nothing", nil, 401},
		"none for metrics":     {"GET", "/metrics", nil, 401},
		"none for a verb":      {"POST", "/v1/verbs/dialogs_dump", nil, 401},
		"alive":                {"GET", "/healthz", nil, 200},
		"ready":                {"GET", "/readyz", nil, 200},
		"wrong":                {"GET", "/v1/calls", []string{"Authorization: Bearer full-0123456789abcdeg"}, 401},
		"longer":               {"GET", "/v1/calls", []string{"Authorization: Bearer " + full + "x"}, 401},
		"shorter":              {"GET", "/v1/calls", []string{"Authorization: Bearer " + full[:20]}, 401},
		"empty":                {"GET", "/v1/calls", []string{"Authorization: Bearer "}, 401},
		"basic":                {"GET", "/v1/calls", []string{"Authorization: Basic " + full}, 401},
		"alone":                {"GET", "/v1/calls", []string{"Authorization: " + full}, 401},
		"in the query":         {"GET", "/v1/calls?token=" + full, nil, 401},
		"full":                 {"GET", "/v1/calls", []string{"Authorization: bearer " + full}, 200},
		"full, a verb":         {"POST", "/v1/verbs/dialogs_dump", []string{"Authorization: Bearer " + full}, 200},
		"the third":            {"POST", "/v1/verbs/dialogs_dump", []string{"Authorization: Bearer another-0123456789"}, 200},
		"read":                 {"GET", "/v1/calls", []string{"Authorization: Bearer " + looking}, 200},
		"read metrics":         {"HEAD", "/metrics", []string{"Authorization: Bearer " + looking}, 200},
		"read, a verb":         {"POST", "/v1/verbs/dialogs_dump", []string{"Authorization: Bearer " + looking}, 403},
		"read, hang up":        {"DELETE", "/v1/calls/x", []string{"Authorization: Bearer " + looking}, 403},
		"another name":         {"GET", "/v1/calls", []string{"Authorization: Bearer " + full, "Host: rms.example"}, 200},
		"another origin":       {"GET", "/v1/calls", []string{"Authorization: Bearer " + full, "Origin: http://evil.example"}, 403},
	} {
		r := h.do(tc.method, tc.path, "", tc.header...)
		if r.status != tc.want {
			t.Errorf("%s: %d %s, want %d", name, r.status, r.body, tc.want)
		}
		if (r.status == 401) != (r.header.Get("WWW-Authenticate") != "") && r.kind() != "forbidden" {
			t.Errorf("%s: WWW-Authenticate %q", name, r.header.Get("WWW-Authenticate"))
		}
		if strings.Contains(string(r.body), full) {
			t.Errorf("%s: the answer tells a token: %s", name, r.body)
		}
	}
}

func TestWithoutATokenOnlyThisMachineIsServedUnderItsOwnName(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for host, want := range map[string]int{
		"localhost": 200, "LocalHost:9999": 200, "127.0.0.1": 200, "127.1.2.3:80": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.example": 421, "localhost.evil.example:8080": 421, "127.0.0.1.evil.example": 421, "192.0.2.1": 421, "0.0.0.0": 421, "localhost.": 421,
	} {
		if r := h.get("/v1/calls", "Host: "+host); r.status != want {
			t.Errorf("%s: %d %s, want %d", host, r.status, r.body, want)
		}
	}
}

func TestPagesOfOtherSitesCannotUseTheAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own := strings.TrimPrefix(h.base, "http://")
	for header, want := range map[string]int{
		"Origin: http://" + own: 200, "Origin: https://" + own: 200, "Origin: http://evil.example": 403, "Origin: null": 403,
		"Origin: http://127.0.0.1:1": 403, "Origin: file://": 403, "Origin: ://": 403, "Origin: ftp://" + own: 403,
		"Sec-Fetch-Site: cross-site": 403, "Sec-Fetch-Site: same-site": 403, "Sec-Fetch-Site: same-origin": 200, "Sec-Fetch-Site: none": 200,
	} {
		if r := h.post("/v1/verbs/dialogs_dump", "", header); r.status != want {
			t.Errorf("%s: %d %s, want %d", header, r.status, r.body, want)
		}
	}
}

// open is httpapi.Open of a server that is not used.
func open(t *testing.T, o httpapi.Options) error {
	t.Helper()
	h := manager(t)
	o.Calls, o.Log = h.calls, zerolog.Nop()
	s, err := httpapi.Open(o)
	if err == nil {
		err = s.Close(context.Background())
		if err != nil {
			t.Error(err)
		}
		return nil
	}
	return err
}

func TestOtherAddressesThanLoopbackNeedAToken(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"} {
		err := open(t, httpapi.Options{Listen: netip.MustParseAddrPort(addr)})
		if err == nil || !strings.Contains(err.Error(), "set http.tokens") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := open(t, httpapi.Options{Listen: netip.MustParseAddrPort("0.0.0.0:0"), Tokens: []httpapi.Token{{Secret: full}}}); err != nil {
		t.Error(err)
	}
}

func TestAPortThatIsTakenIsToldApart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	err = open(t, httpapi.Options{Listen: l.Addr().(*net.TCPAddr).AddrPort()})
	var taken *httpapi.ListenError
	if !errors.As(err, &taken) || taken.Socket || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Error(err)
	}
}

// unixClient speaks to a socket.
func unixClient(t *testing.T, path string) *http.Client {
	t.Helper()
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestTheUnixSocketNeedsNoTokenAndLetsOnlyItsUserIn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rms.sock")
	h := newHouse(t, tokens, func(o *httpapi.Options) { o.Socket = path })
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 || st.Mode().Type() != os.ModeSocket {
		t.Errorf("%v %v", st.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".rms-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	res, err := unixClient(t, path).Post("http://rms/v1/verbs/dialogs_dump", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	h.expect(200, read(t, res))
	if urls := h.server.URLs(); len(urls) != 2 || urls[1] != "unix:"+path {
		t.Errorf("%v", urls)
	}
	// Another server does not take it away, and this one cleans up.
	err = open(t, httpapi.Options{Socket: path})
	var taken *httpapi.ListenError
	if !errors.As(err, &taken) || !taken.Socket || !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if err := h.server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestASocketThatNobodyServesIsReplacedAFileIsNot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rms.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	if err := open(t, httpapi.Options{Socket: path}); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, httpapi.Options{Socket: path}); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if err := open(t, httpapi.Options{Socket: filepath.Join(t.TempDir(), "none", "rms.sock")}); err == nil {
		t.Error("a folder that is not there")
	}
}

// certificate writes a certificate for localhost and returns its files.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}

func TestHTTPSIsServedWithACertificate(t *testing.T) {
	t.Parallel()
	cert, key, pool := certificate(t)
	h := newHouse(t, tokens, func(o *httpapi.Options) { o.TLSCert, o.TLSKey = cert, key })
	h.base = "https://" + h.server.Addr().String()
	if h.server.URLs()[0] != h.base {
		t.Error(h.server.URLs())
	}
	h.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	h.expect(200, h.get("/v1/calls", "Authorization: Bearer "+full))
	id, _ := h.dial()
	r := h.subscribe("?call="+id, "Authorization: Bearer "+looking)
	h.expect(200, h.do("DELETE", "/v1/calls/"+id, "", "Authorization: Bearer "+full))
	r.want("rms:end")
	for _, o := range []httpapi.Options{{TLSCert: cert}, {TLSKey: key}, {TLSCert: cert, TLSKey: cert}, {TLSCert: "none", TLSKey: key}} {
		o.Listen = netip.MustParseAddrPort("127.0.0.1:0")
		if err := open(t, o); err == nil || !strings.Contains(err.Error(), "http.tls_cert") {
			t.Error(err)
		}
	}
}
