package upload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/media/target"
)

// class is what a failure means for the next attempt.
type class int

const (
	temporary class = iota // the far end is away or busy: tried again for ever
	refused                // the far end does not want it: tried a few times
	final                  // of the local file: it will not be otherwise the next time
)

// failure is an error of an attempt with its meaning.
type failure struct {
	class class
	after time.Duration // what Retry-After asks for
	text  string
	err   error
}

func (f *failure) Error() string {
	if f.err == nil {
		return f.text
	}
	if f.text == "" {
		return f.err.Error()
	}
	return f.text + ": " + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// ErrChecksum is an object that arrived and is not what was sent.
var ErrChecksum = errors.New("what lies there is not what was sent")

// errAgain is a multipart upload that the far end does not know any more.
var errAgain = errors.New("the upload in parts is gone, it begins again")

func localFailure(err error) error { return &failure{class: final, err: err} }

func mismatch(text string) error {
	return &failure{class: refused, err: fmt.Errorf("%w: %s", ErrChecksum, text)}
}

// classOf says what an error of an attempt means.
func classOf(err error) (class, time.Duration) {
	if f := (*failure)(nil); errors.As(err, &f) {
		return f.class, f.after
	}
	if rule := (*target.RefusedError)(nil); errors.As(err, &rule) {
		return refused, 0
	}
	return temporary, 0
}

// statusFailure is an answer that is no success. code and text come from the far end.
func statusFailure(status int, code, text string, after time.Duration) error {
	f := &failure{class: refused, after: after, text: "the answer is " + strconv.Itoa(status) + " " + http.StatusText(status)}
	switch {
	case status >= 300 && status < 400:
		f.text += ": rms does not follow redirects"
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status == http.StatusTooEarly, passing(code):
		f.class = temporary
	}
	if code != "" || text != "" {
		f.text += fmt.Sprintf(" (%q)", strings.TrimSpace(shorten(code, 60)+" "+shorten(text, 200)))
	}
	return f
}

// passing are codes of S3 whose status looks as if it were for good.
func passing(code string) bool {
	return slices.Contains([]string{
		"RequestTimeout", "IncompleteBody", "RequestTimeTooSkewed", "OperationAborted",
		"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "SlowDown",
	}, code)
}

func shorten(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "?") }

const maxRetryAfter = 5 * time.Minute // longer is taken for this

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// plainly words an error without what it does not need: the URL, which may hold a
// secret, and what was cut by our own clock.
func plainly(ctx context.Context, err error) error {
	var rule *target.RefusedError
	var web *url.Error
	switch {
	case context.Cause(ctx) != nil && errors.Is(context.Cause(ctx), errStalled):
		return errStalled
	case errors.As(err, &rule):
		return fmt.Errorf("%s %s: rms does not connect to it: %w", rule.Addr, rule.Rule, rule)
	case errors.As(err, &web):
		return web.Err
	}
	return err
}

// scrub takes secrets out of a text, should the far end have repeated them.
func (t *Target) scrub(text string) string {
	for _, secret := range []string{t.SecretKey, t.AccessKey, t.Token} {
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if u, err := url.Parse(t.URL); err == nil && len(u.RawQuery) >= 4 {
		text = strings.ReplaceAll(text, u.RawQuery, "***")
	}
	return shorten(text, maxError)
}

// scrubbed is an error without secrets, which errors.Is still knows.
type scrubbed struct {
	text string
	err  error
}

func (s *scrubbed) Error() string { return s.text }

// Is lets errors.Is look at what it was, without letting its text out.
func (s *scrubbed) Is(target error) bool { return errors.Is(s.err, target) }
