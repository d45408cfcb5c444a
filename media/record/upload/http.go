package upload

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer is how much of an answer's body is read, so that the connection can be used
// again. What it says does not matter.
const maxAnswer = 16 << 10

// web delivers by HTTP: PUT to the URL with the name behind it, or POST to the URL.
type web struct {
	target    *Target
	base      *url.URL
	method    string
	agent     string
	transport *http.Transport
}

func openHTTP(t *Target, o *Options, transport *http.Transport) (carrier, error) {
	w := &web{target: t, method: t.Method, agent: o.Agent, transport: transport}
	switch w.method {
	case "":
		w.method = http.MethodPut
	case http.MethodPut, http.MethodPost:
	default:
		return nil, fmt.Errorf("uploads go by PUT or POST, not %q", shorten(t.Method, 20))
	}
	if strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token of uploads has characters that no header field takes")
	}
	w.base, _ = url.Parse(t.URL) // it was checked
	return w, nil
}

func (w *web) close() { w.transport.CloseIdleConnections() }

// at is where an object goes.
func (w *web) at(name string) *url.URL {
	if w.method == http.MethodPost {
		return w.base
	}
	return w.base.JoinPath(strings.Split(escape(name), "/")...)
}

func (w *web) url(name string) string {
	u := *w.at(name)
	u.RawQuery = "" // it may hold a secret
	return u.String()
}

func (w *web) put(ctx context.Context, o *object) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, w.method, w.at(o.name).String(), io.NopCloser(o.section(0, o.size)))
	if err != nil {
		return false, localFailure(errors.New("the URL cannot be used"))
	}
	if req.ContentLength = o.size; o.size == 0 {
		req.Body = http.NoBody
	}
	req.Header = w.header()
	req.Header["Content-Type"] = []string{contentType(o.name)}
	req.Header["Content-Digest"] = []string{"sha-256=:" + o.sum.base64() + ":"} // RFC 9530
	req.Header["X-RMS-SHA256"] = []string{o.sum.hex()}
	req.Header["X-RMS-Recording"] = []string{o.id}
	req.Header["X-RMS-File"] = []string{escape(o.name)}
	req.Header["Idempotency-Key"] = []string{o.sum.hex()}
	if o.size > maxAnswer {
		req.Header["Expect"] = []string{"100-continue"} // who refuses need not take it all
	}
	resp, err := w.send(ctx, req)
	if err != nil {
		return false, err
	}
	if said := digestOf(resp.Header); said != "" {
		return said == o.sum.hex(), w.compare(said, o)
	}
	if w.method == http.MethodPost {
		return false, nil
	}
	return w.look(ctx, o)
}

// look asks for the length and the checksum of what was put there. A server that does
// not answer that is not held to it.
func (w *web) look(ctx context.Context, o *object) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, w.at(o.name).String(), nil)
	if err != nil {
		return false, localFailure(errors.New("the URL cannot be used"))
	}
	req.Header = w.header()
	resp, err := w.send(ctx, req)
	if err != nil {
		return false, nil //nolint:nilerr // it was taken; that is what counts
	}
	if resp.ContentLength >= 0 && resp.ContentLength != o.size && resp.Header.Get("Content-Length") != "" {
		return false, mismatch(fmt.Sprintf("%d bytes of %d", resp.ContentLength, o.size))
	}
	if said := digestOf(resp.Header); said != "" {
		return said == o.sum.hex(), w.compare(said, o)
	}
	return false, nil
}

func (w *web) compare(said string, o *object) error {
	if said != o.sum.hex() {
		return mismatch("its SHA-256 is " + said)
	}
	return nil
}

func (w *web) header() http.Header {
	h := http.Header{"User-Agent": {w.agent}}
	if w.target.Token != "" {
		h["Authorization"] = []string{"Bearer " + w.target.Token}
	}
	return h
}

// send makes one request and reads its answer to the end. It follows no redirect: that
// could lead anywhere.
func (w *web) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		return nil, plainly(ctx, err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, statusFailure(resp.StatusCode, "", "", retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	}
	return resp, nil
}

// digestOf reads the SHA-256 that an answer names, hexadecimal; "" when there is none.
func digestOf(h http.Header) string {
	if s := strings.ToLower(h.Get("X-RMS-SHA256")); isSum(s) {
		return s
	}
	// Not Content-Digest: that is of the answer's own body.
	for item := range strings.SplitSeq(h.Get("Repr-Digest"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		value, ok := strings.CutPrefix(value, ":")
		value, _, _ = strings.Cut(value, ":")
		b, err := base64.StdEncoding.DecodeString(value)
		if ok && strings.EqualFold(name, "sha-256") && err == nil && len(b) == 32 {
			return hex.EncodeToString(b)
		}
	}
	return ""
}
