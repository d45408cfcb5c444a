package target

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Limits of the answer to a handshake: its length in bytes, and how many interim
// answers (100 to 199 but 101) come before it.
const (
	wsAnswerMost  = 64 << 10
	wsInterimMost = 4
)

// wsHandshake carries the library's request to the server. It stands where an
// http.Transport would, to see each step fail on its own, to leave no goroutine and no
// buffer behind, and to have the frames pass through wsWire even under TLS.
type wsHandshake struct {
	options *Options
	tls     *tls.Config // nil for ws

	step       wsStep
	wire       *wsWire
	status     int    // of the answer, 0 without
	line       string // its first line
	extensions string // that it takes
}

// wsStep is how far a handshake came.
type wsStep uint8

const (
	wsDialling wsStep = iota // and the proxy
	wsSecuring               // TLS
	wsAsking                 // HTTP
)

// RoundTrip connects, asks, and returns the answer with the connection as its body.
func (hs *wsHandshake) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	hs.step, hs.wire = wsDialling, nil
	tcp, err := hs.connect(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	// From here on the end of ctx is the end of the socket.
	stop := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	answer, err := hs.ask(ctx, tcp, r)
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		_ = tcp.Close()
		return nil, err
	}
	hs.status = answer.StatusCode
	hs.line = answer.Proto + " " + answer.Status
	hs.extensions = strings.Join(answer.Header.Values("Sec-Websocket-Extensions"), ", ")
	answer.Body = hs.wire
	return answer, nil
}

// ask secures the connection and makes the request.
func (hs *wsHandshake) ask(ctx context.Context, tcp net.Conn, r *http.Request) (*http.Response, error) {
	raw := tcp
	if hs.options.Proxy != nil {
		if err := wsThroughProxy(tcp, hs.options.Proxy, wsAddress(r.URL)); err != nil {
			return nil, err
		}
	}
	if hs.tls != nil {
		hs.step = wsSecuring
		secured := tls.Client(tcp, hs.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("shake hands with %s over TLS: %w", r.URL.Host, err)
		}
		raw = secured
	}
	hs.step = wsAsking
	unasked := r.Write(raw)
	// Who closes before the request is there may have said why: with an answer, or, for a
	// client's certificate that is missing, with an alert (RFC 8446 section 6.2).
	answer, early, err := wsAnswer(raw, r)
	if err != nil && unasked != nil && !wsOfTLS(err) {
		return nil, fmt.Errorf("ask %s for a websocket: %w", r.URL.Host, unasked)
	}
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", r.URL.Host, err)
	}
	hs.wire = &wsWire{raw: raw, tcp: tcp, early: early}
	if hs.tls == nil {
		hs.wire.sock = newPromptConn(tcp)
		hs.wire.raw, hs.wire.tcp = hs.wire.sock, hs.wire.sock
	}
	return answer, nil
}

// wsAnswer reads the head of the answer and what came along with it.
func wsAnswer(raw io.Reader, r *http.Request) (*http.Response, []byte, error) {
	br := bufio.NewReader(io.LimitReader(raw, wsAnswerMost))
	for range wsInterimMost + 1 {
		answer, err := http.ReadResponse(br, r)
		if err != nil {
			return nil, nil, err
		}
		if answer.StatusCode >= 200 || answer.StatusCode == http.StatusSwitchingProtocols {
			early, _ := br.Peek(br.Buffered())
			return answer, append([]byte(nil), early...), nil
		}
	}
	return nil, nil, errors.New("no answer but interim ones")
}

// connect opens the TCP connection to the server, or to its proxy.
func (hs *wsHandshake) connect(ctx context.Context, u *url.URL) (net.Conn, error) {
	o := hs.options
	address := wsAddress(u)
	if o.Proxy == nil {
		return o.Dial.DialContext(ctx, "tcp", address)
	}
	// The proxy looks the name up; what is an address already is checked here.
	if addr, err := netip.ParseAddrPort(address); err == nil {
		if err := o.Dial.Check("tcp", u.Hostname(), addr); err != nil {
			return nil, err
		}
	}
	return o.Dial.DialContext(ctx, "tcp", wsAddress(o.Proxy))
}

// wsAddress returns host:port, with the port of the scheme when there is none.
func wsAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" || u.Scheme == "wss" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func remoteOf(c net.Conn) netip.AddrPort {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.AddrPort{}
	}
	return a
}
