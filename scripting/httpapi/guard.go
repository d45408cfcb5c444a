package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// hashed is a token of which only the hash is kept, so that all are of one length.
type hashed struct {
	sum  [sha256.Size]byte
	read bool
}

func hashToken(t Token) hashed { return hashed{sha256.Sum256([]byte(t.Secret)), t.Read} }

// scope is what a request may do.
type scope int

const (
	nothing scope = iota
	looking
	everything
)

// scopeOf compares the token of a request with all there are, in the same time
// whichever it is. who is its number from 1.
func (s *Server) scopeOf(r *http.Request) (what scope, who int) {
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return nothing, 0
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	for i := range s.tokens {
		if subtle.ConstantTimeCompare(sum[:], s.tokens[i].sum[:]) == 1 {
			what, who = everything, i+1
			if s.tokens[i].read {
				what = looking
			}
		}
	}
	return what, who
}

// open are the paths that a supervisor asks without a token.
func open(path string) bool { return path == "/healthz" || path == "/readyz" }

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// authorize lets a request over TCP through, or says why not. who tells clients apart.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) (who int, err error) {
	if len(s.tokens) == 0 {
		return 0, s.atHome(r)
	}
	what, who := s.scopeOf(r)
	switch {
	case open(r.URL.Path) && reads(r.Method), what == everything, what == looking && reads(r.Method):
		return who, nil
	case what == looking:
		w.Header().Set("WWW-Authenticate", `Bearer realm="rms", error="insufficient_scope"`)
		return who, fault("forbidden", "this token may only read (GET); "+r.Method+" needs one without read: in http.tokens")
	case r.Header.Get("Authorization") == "":
		w.Header().Set("WWW-Authenticate", `Bearer realm="rms"`)
		return 0, fault("unauthorized", "the request has no token: send Authorization: Bearer SECRET with one of http.tokens")
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="rms", error="invalid_token"`)
	return 0, fault("unauthorized", "the token is none of http.tokens")
}

// atHome refuses requests that name another host. A page of another site can have its
// own name lead to this machine (DNS rebinding) and would then be of the same origin.
func (s *Server) atHome(r *http.Request) error {
	host := hostOf(r.Host)
	if strings.EqualFold(host, "localhost") {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if err == nil && (addr.Unmap().IsLoopback() || addr == s.opts.Listen.Addr()) {
		return nil
	}
	return fault("host", "without http.tokens this server is localhost, 127.0.0.1 or [::1], nothing else: set http.tokens to serve under another name")
}

// hostOf is the host of "host", "host:port" or "[address]:port".
func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return host
}

// sameOrigin refuses what a browser sends for a page that is not ours: whoever reads
// mail on this machine shall not hang up its calls. Programs send no Origin.
func sameOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if origin != "" {
		u, err := url.Parse(origin)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
			return nil
		}
		return fault("origin", "the Origin of the request is another site")
	}
	if site := r.Header.Get("Sec-Fetch-Site"); !reads(r.Method) && (site == "cross-site" || site == "same-site") {
		return fault("origin", "the request was sent by a page of another site")
	}
	return nil
}
