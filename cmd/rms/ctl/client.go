package ctl

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options say where a server is.
type Options struct {
	Socket  string        // path of its unix socket
	URL     string        // http://HOST:PORT or https://HOST:PORT, when Socket is ""
	Token   string        // for a server with http.tokens
	CA      string        // PEM file that its certificate is checked with; "": the system's
	Timeout time.Duration // of one answer; 0: 20 s
}

// Client asks one server. Its methods may be used from any goroutine.
type Client struct {
	o     Options
	http  *http.Client
	base  string
	place string // for people
}

// Bounds of what is believed to be an answer.
const (
	maxAnswer = 64 << 20
	maxEvent  = 8 << 20
)

// waitMost is the longest wait for an event that a server grants.
const waitMost = 10 * time.Minute

// NewClient returns a client. It connects when it is first used.
func NewClient(o Options) (*Client, error) {
	o.Timeout = cmp.Or(o.Timeout, 20*time.Second)
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{DialContext: dialer.DialContext, Proxy: http.ProxyFromEnvironment, MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second}
	c := &Client{o: o, http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if o.Socket != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", o.Socket)
		}
		c.base, c.place = "http://localhost", o.Socket
		return c, nil
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, usage("the URL %q is not http://HOST:PORT or https://HOST:PORT", o.URL)
	}
	c.base = strings.TrimSuffix(strings.TrimSuffix(o.URL, "/"), "/v1")
	c.place = c.base
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, usage("read the certificates (--ca): %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, usage("%s holds no certificate in PEM", o.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return c, nil
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Place says where the server is.
func (c *Client) Place() string { return c.place }

// Get reads a JSON answer.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, c.o.Timeout, http.MethodGet, path, nil, out)
}

// Post sends a JSON body, nil for none, and reads a JSON answer.
func (c *Client) Post(ctx context.Context, path string, body, out any) error {
	return c.do(ctx, c.o.Timeout, http.MethodPost, path, body, out)
}

// do makes one request. out is what the JSON of the answer is read into: *[]byte for
// the text as it came, nil for nothing.
func (c *Client) do(ctx context.Context, most time.Duration, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	res, err := c.send(ctx, method, path, body, "application/json")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("the answer of %s broke off: %w", c.place, err)
	case len(text) > maxAnswer:
		return fmt.Errorf("the answer of %s is larger than %d bytes", c.place, maxAnswer)
	}
	switch to := out.(type) {
	case nil:
		return nil
	case *[]byte:
		*to = text
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("the answer of %s is not what rms says: %w", c.place, err)
	}
	return nil
}

// send returns an answer that is a success, whose body is still to be read.
func (c *Client) send(ctx context.Context, method, path string, body any, accept string) (*http.Response, error) {
	var text io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		text = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, text)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "rms-ctl")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.o.Token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if res.StatusCode/100 != 2 {
		defer func() { _ = res.Body.Close() }()
		return nil, problem(res)
	}
	return res, nil
}

// unreachable says that there is no server, and what to do.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return &NoServerError{Place: c.place, Err: err}
}

// problem reads the error that an answer holds (RFC 9457).
func problem(res *http.Response) error {
	e := &Error{Status: res.StatusCode}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if json.Unmarshal(text, e) != nil || e.Detail == "" {
		e.Detail = "the server answers " + res.Status
	}
	e.Status, e.Detail = res.StatusCode, Clean(e.Detail)
	return e
}
