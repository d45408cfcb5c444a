package upload

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"rms/config/place"
)

// object is a file on its way, or a part of one.
type object struct {
	id, name string // name: with slashes
	body     io.ReaderAt
	size     int64
	sum      *digest
	multi    *multi             // of a multipart upload, when one has begun
	save     func(*multi) error // notes how far it has come; nil: it goes in one piece
	watch    *watch
}

// carrier speaks the protocol of a target.
type carrier interface {
	// put delivers an object and looks whether it is right there. verified is false
	// when the target does not tell.
	put(ctx context.Context, o *object) (verified bool, err error)
	// url is where an object lies, for people.
	url(name string) string
	close()
}

// parter is a carrier that takes parts before the whole is known.
type parter interface {
	// part delivers one part; it begins the multipart upload when there is none.
	part(ctx context.Context, o *object, number int) error
	// abort throws parts away.
	abort(ctx context.Context, name, upload string) error
}

// Check says what is wrong with a target; nil: it can be used. It connects to nothing.
func (t *Target) Check() error {
	c, err := t.open(&Options{})
	if err == nil {
		c.close()
	}
	return err
}

// Host returns the host that recordings go to, for the log.
func (t *Target) Host() string {
	text := t.URL
	if strings.HasPrefix(t.URL, "s3:") {
		text = t.endpoint()
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

func (t *Target) open(o *Options) (carrier, error) {
	transport, err := t.transport(o)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(t.URL, "s3:") {
		return openS3(t, o, transport)
	}
	if err := place.CheckWebURL(t.URL); err != nil {
		return nil, fmt.Errorf("the URL of uploads, if it is not s3://bucket/prefix, %w", err)
	}
	return openHTTP(t, o, transport)
}

// maxAnswerHeader bounds what a target may answer before its body.
const maxAnswerHeader = 64 << 10

func (t *Target) transport(o *Options) (*http.Transport, error) {
	tr := &http.Transport{
		DialContext: o.Dial, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost: max(o.Parallel, 1), IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: maxAnswerHeader, DisableCompression: true,
	} // no Proxy: it would connect to where the rule does not look
	if t.CAFile == "" {
		return tr, nil
	}
	pem, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of the upload server: %w", err)
	}
	tr.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !tr.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the authorities of the upload server: %s has no certificate", t.CAFile)
	}
	return tr, nil
}

// contentType tells what a file holds.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".wav":
		return "audio/wav"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}

// escape makes a name a path of a URL.
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

var errOddTarget = errors.New("write it as s3://bucket/prefix")
