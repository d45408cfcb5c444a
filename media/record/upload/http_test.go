package upload_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/media/record/upload"
)

func base64Sum(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// site is an HTTP server that keeps what is put.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	files  map[string][]byte
	heads  map[string]http.Header
	before func(w http.ResponseWriter, r *http.Request) bool
	digest bool
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{files: map[string][]byte{}, heads: map[string]http.Header{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	s.mu.Lock()
	digest := s.digest
	s.mu.Unlock()
	name := r.URL.Path
	if r.Method == http.MethodHead {
		s.mu.Lock()
		defer s.mu.Unlock()
		b, ok := s.files[name]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if digest {
			w.Header().Set("Repr-Digest", "sha-256=:"+base64Sum(b)+":")
		}
		return
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Method == http.MethodPost {
		name = r.Header.Get("X-RMS-File")
	}
	s.mu.Lock()
	s.files[name], s.heads[name] = b, r.Header
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

func (s *site) does(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

func (s *site) file(name string) ([]byte, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[name], s.heads[name]
}

func TestHTTPGetsTheRecordingWithItsChecksum(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"PUT", "POST"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s, p, e := newSite(t), newPlace(t, t.TempDir()), &told{}
			s.digest = true
			var removed atomic.Int64
			q := p.open(upload.Target{URL: s.URL + "/in/?key=hidden", Method: method, Token: "token-of-tests"}, e, func(o *upload.Options) {
				o.Remove = func(upload.Item, string) error { removed.Add(1); return nil }
			})
			i, want := p.record("r", 40_000)
			must(t, q.Add(i))
			eventually(t, "the delivery", func() bool { return len(e.deliveries()) == 1 })
			name, url := "/in/r.wav", s.URL+"/in/r.wav"
			if method == "POST" {
				name, url = "r.wav", s.URL+"/in/"
			}
			got, h := s.file(name)
			same(t, "audio", got, want)
			for field, value := range map[string]string{
				"Authorization": "Bearer token-of-tests", "Content-Type": "audio/wav", "X-Rms-Sha256": i.SHA256, "X-Rms-Recording": "r",
				"Content-Digest": "sha-256=:" + base64Sum(want) + ":", "Content-Length": "40000",
			} {
				if h.Get(field) != value && field != "Content-Length" {
					t.Errorf("%s: %q, want %q", field, h.Get(field), value)
				}
			}
			d := e.deliveries()[0]
			if d.URL != url || d.Verified != (method == "PUT") || d.Removed != d.Verified || (removed.Load() == 1) != d.Verified {
				t.Errorf("%+v, removed %d", d, removed.Load())
			}
		})
	}
}

func TestRemoveIsNotAskedWhenTheServerDoesNotTellTheChecksum(t *testing.T) {
	t.Parallel()
	s, p, e := newSite(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(upload.Target{URL: s.URL}, e, func(o *upload.Options) {
		o.Remove = func(upload.Item, string) error { t.Error("removed"); return nil }
	})
	i, _ := p.record("r", 100)
	must(t, q.Add(i))
	eventually(t, "the delivery", func() bool { return len(e.deliveries()) == 1 })
	if e.deliveries()[0].Verified {
		t.Error("verified by nothing")
	}
}

// answers are what servers do; how often a recording is tried tells what it means.
func TestAnswersOfAServer(t *testing.T) {
	t.Parallel()
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			w.WriteHeader(code)
			return true
		}
	}
	half := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			return false
		}
		_, _ = io.CopyN(io.Discard, r.Body, 10_000)
		hang(w)
		return true
	}
	stall := func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done() // until the queue hangs up
		return true
	}
	for name, c := range map[string]struct {
		does    func(http.ResponseWriter, *http.Request) bool
		says    string
		forGood bool
	}{
		"400": {status(400), "400 Bad Request", true}, "401": {status(401), "401", true}, "403": {status(403), "403 Forbidden", true},
		"404": {status(404), "404", true}, "301": {status(301), "does not follow redirects", true}, "307": {status(307), "redirects", true},
		"308": {status(308), "redirects", true}, "408": {status(408), "408", false}, "429": {status(429), "429", false},
		"500": {status(500), "500", false}, "503": {status(503), "503", false},
		"half": {half, "", false}, "stall": {stall, "stood still", false},
	} {
		for _, kind := range []string{"http", "s3"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				p, e := newPlace(t, t.TempDir()), &told{}
				var to upload.Target
				var does func(func(http.ResponseWriter, *http.Request) bool)
				if kind == "s3" {
					s := newStorage(t)
					to, does = s.target(), s.does
				} else {
					s := newSite(t)
					to, does = upload.Target{URL: s.URL}, s.does
				}
				does(c.does)
				q := p.open(to, e, func(o *upload.Options) {
					o.Refusals = 2
					if name == "stall" {
						o.Stall = 300 * time.Millisecond // in which a good server answers, on any machine
					}
				})
				i, _ := p.record("r", 100_000)
				must(t, q.Add(i))
				if c.forGood {
					eventually(t, "the end", func() bool { return len(e.failures()) == 2 })
					if st, _ := q.Status("r"); st.State != upload.Failed {
						t.Errorf("%+v", st)
					}
				} else {
					eventually(t, "attempts", func() bool { return len(e.failures()) >= 4 })
				}
				f := e.failures()
				if !strings.Contains(f[0].Err.Error(), c.says) || c.forGood && len(f) != 2 || len(e.deliveries()) > 0 {
					t.Errorf("%d failures, the first: %v", len(f), f[0].Err)
				}
				does(nil)
				must(t, q.Retry("r"))
				eventually(t, "the delivery", func() bool { return len(e.deliveries()) == 1 })
			})
		}
	}
}

// hang closes a connection in the middle.
func hang(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			c.Close()
		}
	}
}

func TestAServerThatStallsHoldsOneSlot(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	wait := make(chan struct{})
	s.does(func(http.ResponseWriter, *http.Request) bool { <-wait; return true })
	q := p.open(s.target(), e, func(o *upload.Options) { o.Stall = 300 * time.Millisecond })
	const n = 12
	for k := range n {
		i, _ := p.record("r"+hex.EncodeToString([]byte{byte(k)}), 2000)
		must(t, q.Add(i))
	}
	eventually(t, "attempts", func() bool { return len(e.failures()) >= 5 })
	if st := q.Stats(); st.Uploading > 1 {
		t.Errorf("%d uploads at one time", st.Uploading)
	}
	s.does(nil)
	close(wait)
	eventually(t, "all deliveries", func() bool { return len(e.deliveries()) == n })
}

func TestSecretsAreNeverTold(t *testing.T) {
	t.Parallel()
	secrets := []string{secretKey, accessKey, "token-of-tests", "hidden-in-query"}
	check := func(where, text string) {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s tells %q: %s", where, s, text)
			}
		}
	}
	for k, to := range []func(string) upload.Target{
		func(url string) upload.Target {
			return upload.Target{URL: "s3://calls", Endpoint: url, AccessKey: accessKey, SecretKey: secretKey}
		},
		func(url string) upload.Target {
			return upload.Target{URL: url + "/x?sig=hidden-in-query", Token: "token-of-tests"}
		},
	} {
		echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>"+strings.Join(secrets[2*k:2*k+2], " ")+r.Header.Get("Authorization")+r.URL.String()+"</Message></Error>")
		}))
		for _, url := range []string{echo.URL, "http://" + deadAddress(t)} {
			p, e := newPlace(t, t.TempDir()), &told{}
			q := p.open(to(url), e, func(o *upload.Options) { o.Refusals = 1 })
			i, _ := p.record("r", 1000)
			must(t, q.Add(i))
			eventually(t, "a failure", func() bool { return len(e.failures()) > 0 })
			f := e.failures()[0]
			check("the error", f.Err.Error())
			check("the URL", f.URL)
			shut(t, q)
			check("the queue file", string(read(t, p.dir, ".rms/upload/r.json")))
			for _, st := range q.All() {
				check("the status", st.Error+st.URL)
			}
		}
		echo.Close()
	}
}
