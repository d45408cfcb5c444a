//go:build linux

package interop_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rms/media/record/upload"
)

// Where the S3 server listens, and who may use it.
const (
	s3Addr      = "127.77.2.51:9000"
	s3AccessKey = "AKIDOFINTEROP"
	s3SecretKey = "secret-of-interop"
)

// versitygw finds the S3 server, which make peers builds.
func versitygw(t *testing.T) string {
	t.Helper()
	need(t, "s3cmd")
	if path, err := filepath.Abs("bin/versitygw"); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("versitygw")
	if err == nil {
		return path
	}
	const text = "versitygw is not installed: run make peers"
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}

// s3Server is Versity's gateway over a folder, and s3cmd as somebody else who reads it.
type s3Server struct {
	t       *testing.T
	program string
	dir     string
	flags   []string
	*process
}

func startS3(t *testing.T, flags ...string) *s3Server {
	t.Helper()
	s := &s3Server{t: t, program: versitygw(t), dir: t.TempDir(), flags: flags}
	for _, sub := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(s.dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.up()
	return s
}

func (s *s3Server) up() {
	s.t.Helper()
	args := append([]string{"--port", s3Addr, "--access", s3AccessKey, "--secret", s3SecretKey, "--keep-alive"}, s.flags...)
	s.process = start(s.t, s.dir, s.program, append(args, "posix", "--sidecar", filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"))...)
	eventually(s.t, 20*time.Second, "the S3 server", func() bool {
		if s.process.wait(0) {
			s.t.Fatal("the S3 server ended")
		}
		c, err := net.Dial("tcp", s3Addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// kill ends the server as a power cut would.
func (s *s3Server) kill() {
	s.t.Helper()
	s.signal(s.t, syscall.SIGKILL)
	<-s.done
}

// s3cmd runs a command of s3cmd and returns what it printed.
func (s *s3Server) s3cmd(args ...string) string {
	s.t.Helper()
	tls := []string{"--no-ssl"}
	if len(s.flags) > 0 {
		tls = []string{"--ssl", "--no-check-certificate"}
	}
	config := filepath.Join(s.dir, "s3cfg")
	if err := os.WriteFile(config, []byte("[default]\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	args = append(append([]string{
		"--config", config, "--access_key", s3AccessKey, "--secret_key", s3SecretKey, "--host", s3Addr, "--host-bucket", s3Addr, "--no-progress",
	}, tls...), args...)
	out, err := exec.Command("s3cmd", args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("s3cmd %s: %v\n%s", strings.Join(args[len(args)-2:], " "), err, out)
	}
	return string(out)
}

// get fetches an object with s3cmd.
func (s *s3Server) get(key string) []byte {
	s.t.Helper()
	file := filepath.Join(s.dir, "got")
	s.s3cmd("get", "--force", "s3://calls/"+key, file)
	b, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *s3Server) target() upload.Target {
	return upload.Target{URL: "s3://calls/of/2026", Endpoint: "http://" + s3Addr, AccessKey: s3AccessKey, SecretKey: s3SecretKey}
}

// uploads keeps what an upload queue tells.
type uploads struct {
	mu     sync.Mutex
	done   []upload.Delivery
	failed []upload.Failure
}

func (u *uploads) Uploaded(d upload.Delivery) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done = append(u.done, d)
}
func (u *uploads) Failed(f upload.Failure) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.failed = append(u.failed, f)
}

func (u *uploads) count() (done, failed int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.done), len(u.failed)
}

// s3Source is a folder to upload from.
type s3Source struct {
	t    *testing.T
	dir  string
	root *os.Root
}

func newS3Source(t *testing.T) *s3Source {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return &s3Source{t, dir, root}
}

func (r *s3Source) make(id string, n int) (upload.Item, []byte) {
	r.t.Helper()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	r.write(id+".wav", b)
	r.write(id+".wav.json", fmt.Appendf(nil, `{"id":%q}`, id))
	sum := sha256.Sum256(b)
	return upload.Item{ID: id, File: id + ".wav", Sidecar: id + ".wav.json", Bytes: int64(n), SHA256: hex.EncodeToString(sum[:])}, b
}

func (r *s3Source) write(name string, b []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), b, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *s3Source) queue(to upload.Target, u *uploads) *upload.Queue {
	r.t.Helper()
	q, err := upload.Open(upload.Options{
		Root: r.root, To: to, Events: u, During: true, Pause: 20 * time.Millisecond, MaxPause: 200 * time.Millisecond, Interval: 20 * time.Millisecond,
		Refusals: 2, Remove: func(i upload.Item, _ string) error { return r.root.Remove(i.File) },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = q.Close(ctx)
	})
	return q
}

func (r *s3Source) add(q *upload.Queue, i upload.Item) {
	r.t.Helper()
	if err := q.Add(i); err != nil {
		r.t.Fatal(err)
	}
}

// TestS3CmdReadsWhatWasUploaded delivers to a real server in one piece and in parts, some
// of them while the recording was made.
func TestS3CmdReadsWhatWasUploaded(t *testing.T) {
	s := startS3(t)
	s.s3cmd("mb", "s3://calls")
	r, u := newS3Source(t), &uploads{}
	q := r.queue(s.target(), u)
	small, smallBytes := r.make("small", 100_000)
	large, largeBytes := r.make("large", 12<<20+345)
	early := append([]byte("early header"), largeBytes[12:11<<20]...)
	r.write(large.File, early)
	var settled atomic.Int64
	settled.Store(int64(len(early)))
	if err := q.Start(upload.Item{ID: large.ID, File: large.File}, settled.Load); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "a part during the call", func() bool { st, _ := q.Status(large.ID); return st.Parts == 1 })
	if list := s.s3cmd("ls", "--recursive", "s3://calls"); list != "" {
		t.Errorf("there is an object before the recording ended: %s", list)
	}
	r.write(large.File, largeBytes)
	r.add(q, large)
	r.add(q, small)
	eventually(t, 30*time.Second, "both", func() bool { done, _ := u.count(); return done == 2 })
	for key, want := range map[string][]byte{
		"of/2026/small.wav": smallBytes, "of/2026/large.wav": largeBytes, "of/2026/small.wav.json": []byte(`{"id":"small"}`), "of/2026/large.wav.json": []byte(`{"id":"large"}`),
	} {
		if !bytes.Equal(s.get(key), want) {
			t.Errorf("s3cmd reads something else from %s", key)
		}
	}
	for _, d := range u.done {
		if !d.Verified || !d.Removed {
			t.Errorf("%+v", d)
		}
		if _, err := os.Stat(filepath.Join(r.dir, d.File)); err == nil {
			t.Errorf("%s was verified there and is not removed here", d.File)
		}
	}
	if left := s.s3cmd("multipart", "s3://calls"); strings.Contains(left, "large") {
		t.Errorf("parts are left over: %s", left)
	}
}

// TestUploadsOutliveAServerThatDies kills the storage while it is written to.
func TestUploadsOutliveAServerThatDies(t *testing.T) {
	s := startS3(t)
	s.s3cmd("mb", "s3://calls")
	r, u := newS3Source(t), &uploads{}
	q := r.queue(s.target(), u)
	const n = 10
	want := map[string][]byte{}
	add := func(k int) {
		i, b := r.make(fmt.Sprint("r", k), 6<<20+k)
		want[i.File] = b
		r.add(q, i)
	}
	for k := range n - 2 {
		add(k)
	}
	eventually(t, 30*time.Second, "the first", func() bool { done, _ := u.count(); return done >= 1 })
	s.kill()
	add(n - 2) // all others may be there by now
	add(n - 1)
	eventually(t, 30*time.Second, "a failure", func() bool { _, failed := u.count(); return failed >= 2 })
	s.up()
	eventually(t, 60*time.Second, "all", func() bool { done, _ := u.count(); return done == n })
	for name, b := range want {
		if !bytes.Equal(s.get("of/2026/"+name), b) {
			t.Errorf("%s is not what was recorded", name)
		}
	}
}

// TestS3RefusalsAreTold reads the errors of a real server.
func TestS3RefusalsAreTold(t *testing.T) {
	s := startS3(t)
	s.s3cmd("mb", "s3://calls")
	for says, change := range map[string]func(*upload.Target){
		"SignatureDoesNotMatch": func(to *upload.Target) { to.SecretKey = "wrong-secret-of-interop" },
		"access key ID":         func(to *upload.Target) { to.AccessKey = "NOBODYATALL" },
		"NoSuchBucket":          func(to *upload.Target) { to.URL = "s3://nothing/x" },
	} {
		r, u, to := newS3Source(t), &uploads{}, s.target()
		change(&to)
		q := r.queue(to, u)
		i, _ := r.make("r", 1000)
		r.add(q, i)
		eventually(t, 30*time.Second, says, func() bool { _, failed := u.count(); return failed == 2 })
		f := u.failed[1]
		if text := f.Err.Error(); !strings.Contains(text, says) || !f.Next.IsZero() || strings.Contains(text, to.SecretKey) || strings.Contains(text, to.AccessKey) {
			t.Errorf("%s: %v, next %v", says, f.Err, f.Next)
		}
	}
}

// TestS3OverTLSNeedsItsAuthority uploads over TLS, with the authority and without.
func TestS3OverTLSNeedsItsAuthority(t *testing.T) {
	need(t, "openssl")
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	host, _, _ := net.SplitHostPort(s3Addr)
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
		"-subj", "/CN="+host, "-addext", "subjectAltName=IP:"+host, "-keyout", key, "-out", cert).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	s := startS3(t, "--cert", cert, "--key", key)
	s.s3cmd("mb", "s3://calls")
	to := s.target()
	to.Endpoint = "https://" + s3Addr
	r, u := newS3Source(t), &uploads{}
	i, _ := r.make("r", 50_000)
	r.add(r.queue(to, u), i)
	eventually(t, 30*time.Second, "the refusal", func() bool { _, failed := u.count(); return failed >= 1 })
	if done, _ := u.count(); done > 0 || !strings.Contains(u.failed[0].Err.Error(), "certificate") {
		t.Errorf("%v", u.failed[0].Err)
	}
	r, u = newS3Source(t), &uploads{}
	to.CAFile = cert
	i, want := r.make("r", 50_000)
	r.add(r.queue(to, u), i)
	eventually(t, 30*time.Second, "the delivery", func() bool { done, _ := u.count(); return done == 1 })
	if !bytes.Equal(s.get("of/2026/r.wav"), want) {
		t.Error("it is something else")
	}
}
