package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of the answers that are kept.
const (
	maxAnswers     = 4096
	maxAnswerBytes = 8 << 20
	maxKey         = 255
)

// answers keeps what was answered to requests with an Idempotency-Key, so that a
// client that heard nothing can ask again and nothing is done twice. The oldest makes
// room.
type answers struct {
	keep time.Duration

	mu    sync.Mutex
	byKey map[string]*answer
	order []*answer // the oldest first; those that are at work too
	bytes int
}

type answer struct {
	key   string
	of    [sha256.Size]byte // the request
	done  chan struct{}     // closed when the rest is there
	until time.Time
	said  *captured // nil: it is not kept
}

func newAnswers(keep time.Duration) *answers {
	return &answers{keep: keep, byKey: map[string]*answer{}}
}

// begin returns the answer of a key. fresh: it is the caller's to finish.
func (s *answers) begin(key string, of [sha256.Size]byte, now time.Time) (a *answer, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(now)
	if a = s.byKey[key]; a != nil {
		return a, false
	}
	a = &answer{key: key, of: of, done: make(chan struct{}), until: now.Add(s.keep)}
	s.byKey[key] = a
	s.order = append(s.order, a)
	return a, true
}

// expire drops what is too old or too much.
func (s *answers) expire(now time.Time) {
	for len(s.order) > 0 && (now.After(s.order[0].until) || len(s.order) > maxAnswers || s.bytes > maxAnswerBytes) {
		s.drop(s.order[0])
	}
}

func (s *answers) drop(a *answer) {
	if s.byKey[a.key] == a {
		delete(s.byKey, a.key)
	}
	for i, other := range s.order {
		if other == a {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			break
		}
	}
	s.bytes -= a.size()
}

func (a *answer) size() int {
	if a.said == nil {
		return 0
	}
	return a.said.body.Len()
}

// finish keeps what was said; an answer that says "later" is not kept, so that the
// client can do as it says.
func (s *answers) finish(a *answer, said *captured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if said == nil || said.status >= http.StatusInternalServerError || said.status == http.StatusRequestTimeout {
		s.drop(a)
	} else if s.byKey[a.key] == a {
		a.said = said
		s.bytes += a.size()
	}
	close(a.done)
}

// idempotent does a request once for each Idempotency-Key.
func (s *Server) idempotent(w *response, r *http.Request, who int) {
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		writeProblem(w, wrong("Idempotency-Key", fmt.Sprintf("\"Idempotency-Key\" must be at most %d printable characters of ASCII", maxKey)))
		return
	}
	body, err := s.readBody(w, r)
	if err != nil {
		writeProblem(w, problemOf(err))
		return
	}
	r.Body = &keptBody{Reader: bytes.NewReader(body), text: body}
	of := sha256.Sum256([]byte(r.URL.RequestURI() + "\x00" + r.Header.Get("Content-Type") + "\x00" + string(body)))
	a, fresh := s.answers.begin(strconv.Itoa(who)+":"+key, of, time.Now())
	switch {
	case a.of != of:
		writeProblem(w, fault("idempotency", "this Idempotency-Key was used for another request in the last "+s.opts.Times.Keep.String()))
	case fresh:
		s.first(w, r, a)
	default:
		s.again(r.Context(), w, r, a)
	}
}

// first does the request and keeps its answer.
func (s *Server) first(w *response, r *http.Request, a *answer) {
	said := &captured{header: w.Header()}
	finished := false
	defer func() {
		if !finished { // it panicked
			s.answers.finish(a, nil)
		}
	}()
	s.mux.ServeHTTP(&kept{response: w, said: said}, r)
	finished = true
	said.header = http.Header{"Content-Type": w.Header()["Content-Type"]}
	s.answers.finish(a, said)
}

// again repeats what was answered, or waits until it was.
func (s *Server) again(ctx context.Context, w *response, r *http.Request, a *answer) {
	lasts(w)
	select {
	case <-a.done:
	case <-ctx.Done():
		return
	case <-s.quit:
		writeProblem(w, fault("busy", "the server is stopping"))
		return
	}
	if a.said == nil { // it was put off
		s.idempotent(w, r, whoOf(a.key))
		return
	}
	w.Header()["Content-Type"] = a.said.header["Content-Type"]
	w.Header().Set("Idempotent-Replayed", "true")
	w.deadline(s.opts.Times.Write)
	w.WriteHeader(a.said.status)
	_, _ = w.Write(a.said.body.Bytes())
}

func whoOf(key string) int {
	text, _, _ := strings.Cut(key, ":")
	n, _ := strconv.Atoi(text)
	return n
}

// kept is an answer that is sent and kept.
type kept struct {
	*response
	said *captured
}

func (k *kept) WriteHeader(status int) {
	k.said.WriteHeader(status)
	k.response.WriteHeader(status)
}

func (k *kept) Write(p []byte) (int, error) {
	_, _ = k.said.Write(p)
	return k.response.Write(p)
}
