package httpapi

import (
	"crypto/sha256"
	"net/http"
	"time"

	"rms/call"
	"rms/media"
)

// Bounds, for tests.
const (
	MaxAnswers     = maxAnswers
	MaxAnswerBytes = maxAnswerBytes
)

// Keep keeps an answer of so many bytes.
func (s *Server) Keep(key string, size int) {
	a, _ := s.answers.begin(key, sha256.Sum256(nil), time.Now())
	said := &captured{header: http.Header{}}
	_, _ = said.Write(make([]byte, size))
	s.answers.finish(a, said)
}

// Kept counts the answers that are kept, after the oldest made room.
func (s *Server) Kept() (n, bytes int) {
	s.answers.mu.Lock()
	defer s.answers.mu.Unlock()
	s.answers.expire(time.Now())
	return len(s.answers.order), s.answers.bytes
}

// Decode decodes the arguments of a verb.
func Decode(text []byte, v *call.Verb) (positional []any, named map[string]any, err error) {
	return decodeArguments(text, v)
}

// DecodeFilter decodes a message of a subscriber.
func DecodeFilter(text []byte) (calls, names []string, err error) {
	f, err := decodeFilter(text)
	return f.Calls, f.Names, err
}

// Clock judges a clock.
type Clock struct{ watch clockWatch }

// Check is what readyz says of it.
func (c *Clock) Check(now media.ClockStats, at time.Time) error { return c.watch.check(now, at) }

// Patterns lists what is served: "GET /v1/calls".
func (s *Server) Patterns() []string {
	var list []string
	for _, r := range s.routes {
		list = append(list, r.method+" "+r.path)
	}
	return list
}

// Pattern is what serves a request, "" for nothing.
func (s *Server) Pattern(r *http.Request) string {
	_, pattern := s.mux.Handler(r)
	return pattern
}
