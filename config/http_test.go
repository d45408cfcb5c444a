package config_test

import (
	"bytes"
	"strings"
	"testing"

	"rms/config"
)

const secret = "0123456789abcdef"

func TestDefaultsOfHTTP(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := c.HTTP
	if h.Listen.String() != "127.0.0.1:8080" || len(h.Tokens) != 0 || h.TLSCert != "" || h.TLSKey != "" || h.Socket != "auto" || h.MaxConnections != 1000 {
		t.Errorf("http = %+v", h)
	}
}

func TestTokensAreReadAndNeverShown(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{Env: []string{"RMS_HTTP_TOKENS=" + secret + ",read:" + secret + "-._~+/=="}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.HTTP.Tokens; len(got) != 2 || got[0] != (config.Token{Secret: secret}) || got[1] != (config.Token{Secret: secret + "-._~+/==", Read: true}) {
		t.Errorf("tokens = %#v", got)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil || strings.Contains(b.String(), secret) || !strings.Contains(b.String(), "tokens: [hidden, read:hidden]") {
		t.Errorf("%v: %s", err, b.String())
	}
	for _, bad := range []string{secret[1:], "read:" + secret[1:], secret + " x", secret + "ä", secret + "=x", strings.Repeat("x", 513), secret + "," + secret} {
		_, err := config.Load(config.Options{Flags: map[string][]string{"http.tokens": {bad}}})
		if err == nil || strings.Contains(err.Error(), bad) || strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "http.tokens") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestHTTPIsServedElsewhereThanOnLoopbackWithATokenOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "[::ffff:192.0.2.1]:80"} {
		_, err := config.Load(config.Options{Flags: map[string][]string{"http": {addr}}})
		if err == nil || !strings.Contains(err.Error(), "--http: http.listen: ") || !strings.Contains(err.Error(), "set http.tokens") {
			t.Errorf("%s: %v", addr, err)
		}
		if _, err = config.Load(config.Options{Flags: map[string][]string{"http": {addr}, "http.tokens": {secret}}}); err != nil {
			t.Error(err)
		}
	}
	for _, addr := range []string{"127.0.0.2:0", "[::1]:8080", "[::ffff:127.0.0.1]:80", ""} {
		if _, err := config.Load(config.Options{Flags: map[string][]string{"http": {addr}}}); err != nil {
			t.Error(err)
		}
	}
}

func TestACertificateForHTTPNeedsItsKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"http.tls_cert", "http.tls_key"} {
		_, err := config.Load(config.Options{Flags: map[string][]string{key: {"a.pem"}}})
		if err == nil || !strings.Contains(err.Error(), "--"+key+": "+key+": stands alone") {
			t.Error(err)
		}
	}
}

func TestTheUsualSocketIsWhereNoOtherUserCanWrite(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	if got := config.SocketPath("auto"); got != "/run/user/1000/rms.sock" {
		t.Error(got)
	}
	for value, want := range map[string]string{"": "", "a.sock": "a.sock"} {
		if got := config.SocketPath(value); got != want {
			t.Errorf("%q is %q", value, got)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	if got := config.SocketPath("auto"); got != "" && got != "/run/rms.sock" {
		t.Error(got)
	}
}
