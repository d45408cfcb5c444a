package target

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
)

// rudeConn is the connection to a server that has closed it before the request came.
type rudeConn struct {
	net.Conn
	said   *bytes.Reader
	failed error // after what it said
}

func (*rudeConn) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func (c *rudeConn) Read(p []byte) (int, error) {
	if c.said.Len() > 0 {
		return c.said.Read(p)
	}
	return 0, c.failed
}

func TestWebsocketServerThatClosesBeforeTheRequestIsHeard(t *testing.T) {
	t.Parallel()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
	if err != nil {
		t.Fatal(err)
	}
	alert := &net.OpError{Op: "remote error", Err: tls.AlertError(116)}
	for name, c := range map[string]struct {
		said   string
		failed error
		want   error
		code   int
	}{
		"answer":  {"HTTP/1.1 403 Forbidden\r\n\r\n", io.EOF, nil, 0},
		"alert":   {"", alert, alert, CodeTLS},
		"nothing": {"", io.EOF, syscall.EPIPE, CodeConnectFailed},
	} {
		hs := &wsHandshake{options: &Options{}}
		answer, err := hs.ask(t.Context(), &rudeConn{said: bytes.NewReader([]byte(c.said)), failed: c.failed}, request)
		switch {
		case c.want == nil:
			if err != nil || answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %v, %v", name, answer, err)
			}
		case !errors.Is(err, c.want):
			t.Errorf("%s: %v, want %v", name, err, c.want)
		case hs.failure(t.Context(), err).Code != c.code:
			t.Errorf("%s: %+v, want code %d", name, hs.failure(t.Context(), err), c.code)
		}
	}
}
