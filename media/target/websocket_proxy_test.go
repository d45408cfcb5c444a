package target_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"rms/media/target"
)

// newProxy is an HTTP proxy that answers CONNECT with answer and then carries bytes.
func newProxy(t *testing.T, asked chan<- string, answer string) *wsFar {
	t.Helper()
	return newWSFar(t, func(p *wsPeer) {
		r := p.request()
		if r == nil {
			return
		}
		asked <- r.Method + " " + r.RequestURI + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		p.say(answer)
		if !strings.Contains(answer, " 200 ") {
			return
		}
		out, err := net.Dial("tcp", r.RequestURI)
		if err != nil {
			return
		}
		defer out.Close()
		go func() { _, _ = io.Copy(p.Conn, out); p.Close() }()
		_, _ = io.Copy(out, p.br)
	})
}

func TestWebsocketProxyConnects(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	good, _, _ := a.leaf(true, false)
	for name, scheme := range map[string]string{"plain": "ws", "TLS": "wss"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan string, 1)
			proxy := newProxy(t, asked, "HTTP/1.1 200 Connection established\r\n\r\n")
			far := newWSFar(t, func(p *wsPeer) { p.upgrade(); p.goodbye(1000, "through"); p.closing() })
			if scheme == "wss" {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				far = serveWSFar(t, tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{good}}), func(p *wsPeer) {
					p.upgrade()
					p.goodbye(1000, "through")
					p.closing()
				})
			}
			o := wssOptions(far, target.TLS{CAFile: a.file})
			o.URL.Scheme = scheme
			o.Proxy = proxy.url("http")
			o.Proxy.Path = ""
			o.Proxy.User = url.UserPassword("user", "secret")
			if e := openWS(t, o).over(); e.Reason != "through" {
				t.Errorf("ended %+v", e)
			}
			host := far.l.Addr().String()
			if got, want := wsGot(t, asked), "CONNECT "+host+" "+host+" Basic dXNlcjpzZWNyZXQ="; got != want {
				t.Errorf("proxy was asked %q, want %q", got, want)
			}
		})
	}
}

func TestWebsocketProxyThatRefuses(t *testing.T) {
	t.Parallel()
	for answer, status := range map[string]int{
		"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n": 407,
		"HTTP/1.1 502 Bad Gateway\r\n\r\n":                   502,
		"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n":  302,
		"HTTP/1.1 200 OK\r\n\r\nmore than an answer":         0,
		"SSH-2.0-OpenSSH\r\n":                                0,
		"":                                                   0,
	} {
		proxy := newProxy(t, make(chan string, 1), answer)
		o := (&wsFar{l: fakeListener{}}).options()
		o.Proxy = proxy.url("http")
		_, err := tryWS(t, o)
		if e := wsFailed(t, err); e.Code != target.CodeConnectFailed || e.HTTPStatus != status {
			t.Errorf("%q: %+v", answer, e)
		}
	}
}

func TestWebsocketProxyAddressFollowsTheRule(t *testing.T) {
	t.Parallel()
	proxy := newProxy(t, make(chan string, 1), "HTTP/1.1 403 X\r\n\r\n")
	d, err := target.NewDialer(target.DialOptions{Allow: []string{"192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	o := (&wsFar{l: fakeListener{}}).options()
	o.URL.Host, o.Proxy, o.Dial = "192.0.2.1:80", proxy.url("http"), d
	_, err = tryWS(t, o)
	if e := wsFailed(t, err); !e.Final || proxy.accepted() != 0 {
		t.Errorf("%+v: the proxy is not on the list", e)
	}
	if d, err = target.NewDialer(target.DialOptions{Allow: []string{proxy.l.Addr().String()}}); err != nil {
		t.Fatal(err)
	}
	o.URL.Host, o.Dial = "169.254.169.254", d
	_, err = tryWS(t, o)
	if e := wsFailed(t, err); !e.Final || proxy.accepted() != 0 {
		t.Errorf("%+v: the server is not on the list", e)
	}
}
