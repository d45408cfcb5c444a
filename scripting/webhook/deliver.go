package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"rms/media/target"
)

// Bounds of what a receiver may answer.
const (
	maxAnswerHeader = 16 << 10
	maxAnswerBody   = 16 << 10        // that is read so that the connection can be used again
	maxRetryAfter   = 5 * time.Minute // longer is taken for this
)

// verdict is what became of an attempt.
type verdict int

const (
	delivered verdict = iota
	refused           // it will not be otherwise the next time
	failed            // it may be
)

// result is an attempt that is over.
type result struct {
	delivery *delivery
	verdict  verdict
	status   int
	after    time.Duration // what Retry-After asks for
	err      error         // why nothing was answered
}

func (r *result) text() string {
	if r.err != nil {
		return r.err.Error()
	}
	return "the answer is " + strconv.Itoa(r.status) + " " + http.StatusText(r.status)
}

func transport(o *Options) (*http.Transport, error) {
	t := &http.Transport{
		DialContext: o.Dial, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		MaxConnsPerHost: o.Connections, MaxIdleConnsPerHost: o.Connections, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: maxAnswerHeader, DisableCompression: true,
	} // no Proxy: it would connect to where the rule does not look
	if o.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of the webhook: %w", err)
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the authorities of the webhook: %s has no certificate", o.CAFile)
	}
	return t, nil
}

// attempt posts a delivery once. It does not follow redirects: they could lead anywhere.
func (h *Hook) attempt(d *delivery) result {
	ctx, cancel := context.WithTimeout(h.ctx, h.opts.Timeout)
	defer cancel()
	r := result{delivery: d, verdict: failed}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.opts.URL, bytes.NewReader(d.body))
	if err != nil {
		r.err = errors.New("the URL cannot be used") // never: Open looked at it
		return r
	}
	h.sign(req, d, time.Now())
	resp, err := h.transport.RoundTrip(req)
	if err != nil {
		r.err = plainly(err)
		return r
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswerBody) // what it says does not matter
	r.status = resp.StatusCode
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		r.verdict = delivered
	case s == http.StatusRequestTimeout, s == http.StatusTooManyRequests, s >= 500:
		r.after = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	default:
		r.verdict = refused
	}
	return r
}

// sign writes the header fields of an attempt.
func (h *Hook) sign(req *http.Request, d *delivery, now time.Time) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	req.Header = http.Header{
		"Content-Type":    {"application/json"},
		"User-Agent":      {h.opts.Agent},
		"Idempotency-Key": {d.id},                // so that a connection that the receiver just closed is replaced at once
		"X-RMS-Event":     {headerText(d.event)}, // spelt on the wire as in the documents
		"X-RMS-Delivery":  {d.id},
		"X-RMS-Timestamp": {stamp},
	}
	if h.opts.Secret != "" {
		req.Header["X-RMS-Signature"] = []string{"sha256=" + signature(h.opts.Secret, stamp, d.body)}
	}
}

// signature is the HMAC-SHA256 of the timestamp, a dot and the body, in hex digits.
func signature(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// headerText keeps the name of a route from being more than one header field.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, s[:min(len(s), 256)])
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// plainly words an error without what it does not need.
func plainly(err error) error {
	var rule *target.RefusedError
	switch {
	case errors.As(err, &rule):
		return fmt.Errorf("%s %s: rms does not connect to it", rule.Addr, rule.Rule)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	}
	return err
}
