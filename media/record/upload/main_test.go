package upload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"

	"rms/media/record/upload"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("UPLOAD_CHILD"); dir != "" {
		child(dir, os.Getenv("UPLOAD_ENDPOINT"))
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	accessKey = "AKIDOFTESTS"
	secretKey = "the-secret-of-tests"
)

// storage is a fake S3 server; before each request it asks what to do.
type storage struct {
	*httptest.Server
	back *s3mem.Backend

	mu       sync.Mutex
	before   func(w http.ResponseWriter, r *http.Request) bool // true: it answered
	requests []string
	now, top int // requests at one time
}

func newStorage(t *testing.T) *storage {
	t.Helper()
	s := &storage{back: s3mem.New()}
	if err := s.back.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(s.handler())
	t.Cleanup(s.Close)
	return s
}

func (s *storage) handler() http.Handler {
	fake := gofakes3.New(s.back, gofakes3.WithLogger(gofakes3.DiscardLog()), gofakes3.WithTimeSkewLimit(0)).Server()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		before := s.before
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		s.now++
		s.top = max(s.top, s.now)
		s.mu.Unlock()
		defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
		if before != nil && before(w, r) {
			return
		}
		r.Header.Del("X-Amz-Checksum-Sha256") // the fake would only repeat it
		fake.ServeHTTP(w, r)
	})
}

func (s *storage) does(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

func (s *storage) asked(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.requests {
		if strings.Contains(r, part) {
			n++
		}
	}
	return n
}

// object returns what lies there; nil: nothing.
func (s *storage) object(t *testing.T, key string) []byte {
	t.Helper()
	o, err := s.back.GetObject("calls", key, nil)
	if err != nil {
		return nil
	}
	defer o.Contents.Close()
	b, err := io.ReadAll(o.Contents)
	must(t, err)
	return b
}

func (s *storage) target() upload.Target {
	return upload.Target{URL: "s3://calls/of/2026", Endpoint: s.URL, AccessKey: accessKey, SecretKey: secretKey}
}

// told keeps what the queue told.
type told struct {
	mu       sync.Mutex
	uploaded []upload.Delivery
	failed   []upload.Failure
}

func (e *told) Uploaded(d upload.Delivery) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.uploaded = append(e.uploaded, d)
}
func (e *told) Failed(f upload.Failure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed = append(e.failed, f)
}

func (e *told) deliveries() []upload.Delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]upload.Delivery(nil), e.uploaded...)
}

func (e *told) failures() []upload.Failure {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]upload.Failure(nil), e.failed...)
}

// place is a root with recordings.
type place struct {
	t    *testing.T
	dir  string
	root *os.Root
}

func newPlace(t *testing.T, dir string) *place {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return &place{t, dir, root}
}

// record makes a finished recording with its sidecar.
func (p *place) record(id string, n int) (upload.Item, []byte) {
	p.t.Helper()
	b := sound(n)
	must(p.t, os.WriteFile(filepath.Join(p.dir, id+".wav"), b, 0o600))
	must(p.t, os.WriteFile(filepath.Join(p.dir, id+".wav.json"), fmt.Appendf(nil, `{"id":%q}`, id), 0o600))
	sum := sha256.Sum256(b)
	return upload.Item{
		ID: id, Call: "call-" + id, File: id + ".wav", Sidecar: id + ".wav.json", Bytes: int64(n), SHA256: hex.EncodeToString(sum[:]),
	}, b
}

func (p *place) queued(id string) bool {
	_, err := os.Stat(filepath.Join(p.dir, ".rms/upload", id+".json"))
	return err == nil
}

// open opens a queue that is quick to try again.
func (p *place) open(to upload.Target, e upload.Events, change ...func(*upload.Options)) *upload.Queue {
	p.t.Helper()
	o := upload.Options{Root: p.root, To: to, Events: e, Pause: 10 * time.Millisecond, MaxPause: 50 * time.Millisecond, Interval: 5 * time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	q, err := upload.Open(o)
	must(p.t, err)
	p.t.Cleanup(func() { shut(p.t, q) })
	return q
}

func shut(t *testing.T, q *upload.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	must(t, q.Close(ctx))
}

func sound(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

var deadAddresses atomic.Int64

// deadAddress is one where nobody listens, and where no other socket of this machine
// takes the port meanwhile.
func deadAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.9.%d:0", 1+deadAddresses.Add(1)%200))
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes, want %d", what, len(got), len(want))
	}
}

// delivered waits for a delivery.
func delivered(t *testing.T, e *told) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(e.deliveries()) != 1; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			f := e.failures()
			for _, one := range f[:min(3, len(f))] {
				t.Log(one.Err)
			}
			t.Fatalf("waited for the delivery, %d failures", len(f))
		}
	}
}
