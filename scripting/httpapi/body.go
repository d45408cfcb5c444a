package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
	"unicode/utf8"
)

// readBody takes the JSON of a request; nil when there is none. Memory grows with what
// arrived, whatever Content-Length says.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		w.Header().Set("Connection", "close")
		return nil, fault("too-large", fmt.Sprintf("the body has %d bytes; at most %d are read", r.ContentLength, maxBody))
	}
	if r.ContentLength == 0 {
		return nil, nil
	}
	if kept, ok := r.Body.(*keptBody); ok {
		return kept.text, checkBody(r, kept.text)
	}
	body, err := io.ReadAll(http.MaxBytesReader(bottom(w), r.Body, maxBody))
	var large *http.MaxBytesError
	var late net.Error
	switch {
	case errors.As(err, &large):
		return nil, fault("too-large", fmt.Sprintf("the body is larger than %d bytes", maxBody))
	case errors.As(err, &late) && late.Timeout():
		w.Header().Set("Connection", "close")
		return nil, fault("timeout", "the body did not arrive within "+s.opts.Times.Body.String())
	case err != nil:
		w.Header().Set("Connection", "close")
		return nil, fault("argument", "the body broke off: "+err.Error())
	}
	return body, checkBody(r, body)
}

// lasts lifts the time limit of a request whose answer takes long: to net/http the
// client would be gone when it is over.
func lasts(w http.ResponseWriter) { _ = http.NewResponseController(w).SetReadDeadline(time.Time{}) }

// bottom is what net/http gave: MaxBytesReader has it close the connection.
func bottom(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

func checkBody(r *http.Request, body []byte) error {
	switch {
	case len(body) == 0:
	case !isJSON(r.Header.Get("Content-Type")):
		return fault("content-type", "the body must be JSON: send Content-Type: application/json")
	case !utf8.Valid(body):
		return fault("argument", "the body is not valid UTF-8")
	}
	return nil
}

// keptBody is a body that was read before.
type keptBody struct {
	io.Reader
	text []byte
}

func (*keptBody) Close() error { return nil }
