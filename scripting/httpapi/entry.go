package httpapi

import (
	"bytes"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// handler answers a request, or returns why not before it wrote anything.
type handler func(w http.ResponseWriter, r *http.Request) error

// route is one line of the table of what is served. It is a http.Handler.
type route struct {
	method, path string
	run          handler
	doc          *operation // in the OpenAPI document
}

func (rt route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := rt.run(w, r); err != nil {
		writeProblem(w, problemOf(err))
	}
}

// entry is the way of a request from one listener to its route.
func (s *Server) entry(tcp bool) http.Handler {
	return http.HandlerFunc(func(writer http.ResponseWriter, r *http.Request) {
		w := &response{ResponseWriter: writer}
		if !s.work.enter() {
			w.Header().Set("Connection", "close")
			writeProblem(w, fault("busy", "the server is stopping"))
			return
		}
		defer s.work.leave()
		if c := connOf(r); c != nil {
			c.works(1)
			defer c.works(-1)
		}
		began := time.Now()
		h, pattern := s.mux.Handler(r)
		defer func() { s.done(w, r, pattern, began, recover()) }()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		w.deadline(s.opts.Times.Write) // net/http lifts it behind each answer
		if lasting[pattern] {
			lasts(w)
		}
		who := 0
		err := sameOrigin(r)
		if err == nil && tcp {
			who, err = s.authorize(w, r)
		}
		switch {
		case err != nil:
			writeProblem(w, problemOf(err))
		case pattern == "":
			nowhere(w, r, h)
		case lasting[pattern] && r.Method == http.MethodHead:
			w.Header().Set("Allow", http.MethodGet)
			writeProblem(w, fault("method", "HEAD is not possible here, only GET: the answer has no end"))
		case r.Method == http.MethodPost && r.Header.Get("Idempotency-Key") != "":
			s.idempotent(w, r, who)
		default:
			s.mux.ServeHTTP(w, r)
		}
	})
}

// done ends a request: counts it, and keeps a panic from the others.
func (s *Server) done(w *response, r *http.Request, pattern string, began time.Time, panicked any) {
	if panicked != nil {
		if panicked == http.ErrAbortHandler { //nolint:errorlint // it is this value
			panic(panicked) //nolint:forbidigo // for net/http
		}
		s.log.Error().Interface("panic", panicked).Str("route", pattern).Bytes("stack", debug.Stack()).Msg("HTTP request failed")
		if w.status == 0 {
			writeProblem(w, fault("internal", "an internal error; the log has more"))
		}
	}
	s.meters.request(pattern, w.status, time.Since(began))
	if e := s.log.Debug(); e.Enabled() {
		e.Str("method", r.Method).Str("path", r.URL.Path).Str("remote", r.RemoteAddr).Int("status", w.status).
			Dur("took", time.Since(began)).Msg("HTTP request")
	}
}

// nowhere says what ServeMux says, as a problem.
func nowhere(w *response, r *http.Request, h http.Handler) {
	said := &captured{header: http.Header{}}
	h.ServeHTTP(said, r)
	if said.status != http.StatusMethodNotAllowed {
		writeProblem(w, fault("not-found", "there is nothing at this path; /v1/openapi.json lists what there is"))
		return
	}
	allow := said.header.Get("Allow")
	w.Header().Set("Allow", allow)
	writeProblem(w, fault("method", r.Method+" is not possible here, only "+allow))
}

// response remembers what was answered.
type response struct {
	http.ResponseWriter
	status int
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// deadline bounds what is written from now on.
func (w *response) deadline(d time.Duration) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(d))
}

// captured is an answer that is kept instead of sent.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header { return c.header }

func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *captured) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// isJSON tells whether a Content-Type is one of JSON.
func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}
