package target

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// wsProxyError is a proxy that does not connect us.
type wsProxyError struct {
	status int
	line   string
}

// Error returns what the proxy answered.
func (e *wsProxyError) Error() string { return fmt.Sprintf("proxy refused: %q", e.line) }

// wsThroughProxy asks the HTTP proxy at the other end of conn for a connection to
// address (RFC 9110 section 9.3.6). Whoever is behind it speaks after us, so nothing
// may come along with its answer.
func wsThroughProxy(conn net.Conn, proxy *url.URL, address string) error {
	ask := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Opaque: address},
		Host:   address,
		Header: http.Header{"User-Agent": {"rms"}},
	}
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		ask.Header.Set("Proxy-Authorization", wsBasic(proxy.User.Username(), password))
	}
	if err := ask.Write(conn); err != nil {
		return fmt.Errorf("ask proxy %s: %w", proxy.Host, err)
	}
	br := bufio.NewReader(io.LimitReader(conn, wsAnswerMost))
	answer, err := http.ReadResponse(br, ask)
	if err != nil {
		return fmt.Errorf("read the answer of proxy %s: %w", proxy.Host, err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return &wsProxyError{answer.StatusCode, answer.Proto + " " + answer.Status}
	}
	if br.Buffered() > 0 {
		return errors.New("proxy " + proxy.Host + " sent more than an answer")
	}
	return nil
}
