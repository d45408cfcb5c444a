//go:build linux

package interop_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority made by openssl in a folder of its own.
type authority struct {
	t   *testing.T
	dir string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	need(t, "openssl")
	a := &authority{t: t, dir: t.TempDir()}
	a.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN="+name,
		"-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
		"-keyout", a.path("ca.key"), "-out", a.path("ca.pem"))
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) openssl(args ...string) {
	a.t.Helper()
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		a.t.Fatalf("openssl %v: %v: %s", args, err, out)
	}
}

// issue makes NAME.pem and NAME.key; names are as in a subjectAltName.
func (a *authority) issue(name, names string) {
	a.t.Helper()
	a.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN="+name, "-addext", "subjectAltName="+names,
		"-keyout", a.path(name+".key"), "-out", a.path(name+".csr"))
	a.openssl("x509", "-req", "-in", a.path(name+".csr"), "-CA", a.path("ca.pem"), "-CAkey", a.path("ca.key"),
		"-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", a.path(name+".pem"))
}

func (p *peer) secure(path string) string { return "wss://127.0.0.1:" + p.port + path }

func TestServersOfWssAreChecked(t *testing.T) {
	needPeers(t)
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	ours.issue("here", "IP:127.0.0.1")
	ours.issue("elsewhere", "DNS:elsewhere.invalid")
	here := startPeer(t, "ws-server.js", "--cert", ours.path("here.pem"), "--key", ours.path("here.key"))
	elsewhere := startPeer(t, "ws-server.js", "--cert", ours.path("elsewhere.pem"), "--key", ours.path("elsewhere.key"))
	tests := []struct {
		name, url, tls string
		code           string // of the error; "": it connects
	}{
		{"right", here.secure("/right"), fmt.Sprintf(`tls_ca = %q`, ours.path("ca.pem")), ""},
		{"none", here.secure("/none"), `tls_ca = "NONE"`, ""},
		{"wrong", here.secure("/wrong"), fmt.Sprintf(`tls_ca = %q`, other.path("ca.pem")), "8"},
		{"system", here.secure("/system"), `tls_ca = "SYSTEM"`, "8"},
		{"nothing", here.secure("/nothing"), ``, "8"},
		{"name", elsewhere.secure("/name"), fmt.Sprintf(`tls_ca = %q`, ours.path("ca.pem")), "8"},
		{"skipped", elsewhere.secure("/skipped"), fmt.Sprintf(`tls_ca = %q, tls_skip_hostname = true`, ours.path("ca.pem")), ""},
		{"nofile", here.secure("/nofile"), fmt.Sprintf(`tls_ca = %q`, ours.path("missing.pem")), "7"},
	}
	var starts []string
	failures := 0
	for _, test := range tests {
		starts = append(starts, fmt.Sprintf(`url = %q, name = %q, %s`, test.url, test.name, test.tls))
		if test.code != "" {
			failures++
		}
	}
	s := startServer(t, firstServer, streams("", starts...), promptRoot(t))
	c := ring(t, s, "-1s")
	s.moment(t, failures, "error")
	s.moment(t, len(tests)-failures, "connect")
	time.Sleep(2 * time.Second) // of sound
	c.stop(t, 30*time.Second)
	got := map[string]string{}
	for _, m := range s.moments("error") {
		got[m.name] = m.code
	}
	for _, test := range tests {
		if got[test.name] != test.code {
			t.Errorf("%s: error code %q, want %q", test.name, got[test.name], test.code)
		}
		if test.code != "" {
			continue
		}
		p := here
		if test.name == "skipped" {
			p = elsewhere
		}
		open := p.see(1, "open", func(o sighting) bool { return o.Path == "/"+test.name })
		if open.TLS != "TLSv1.3" {
			t.Errorf("%s: %s", test.name, open.TLS)
		}
		wantTones(t, test.name, middle(p.end(open.ID).audio(t), 8000), 8000, callerHz)
	}
}

func TestAClientCertificateIsShownToAServerThatDemandsOne(t *testing.T) {
	needPeers(t)
	ca := newAuthority(t, "ours")
	ca.issue("server", "IP:127.0.0.1")
	ca.issue("media-server-7", "DNS:media-server-7")
	p := startPeer(t, "ws-server.js", "--cert", ca.path("server.pem"), "--key", ca.path("server.key"), "--ca", ca.path("ca.pem"))
	variables := fmt.Sprintf("  rms_set(\"STREAM_TLS_CA_FILE\", %q)", ca.path("ca.pem"))
	s := startServer(t, firstServer, streams(variables,
		fmt.Sprintf(`url = %q, name = "known", tls_cert = %q, tls_key = %q`, p.secure("/known"), ca.path("media-server-7.pem"), ca.path("media-server-7.key")),
		fmt.Sprintf(`url = %q, name = "unknown"`, p.secure("/unknown"))), promptRoot(t))
	c := ring(t, s, "-1s")
	open := p.see(1, "open", nil)
	if open.Path != "/known" || open.Client != "media-server-7" {
		t.Errorf("the server saw client %q at %s", open.Client, open.Path)
	}
	if m := s.moment(t, 1, "error"); m.name != "unknown" || (m.code != "8" && m.code != "9") {
		t.Errorf("without a certificate: %v, want code 8 or 9", m)
	}
	time.Sleep(2 * time.Second) // of sound
	c.stop(t, 30*time.Second)
	wantTones(t, "mutual TLS", middle(p.end(1).audio(t), 8000), 8000, callerHz)
}
