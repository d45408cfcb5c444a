package upload_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rms/media/record/upload"
)

func TestAnAlteredRecordingIsNotDelivered(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e)
	for id, change := range map[string]func(name string) error{
		"altered": func(name string) error { return os.WriteFile(name, make([]byte, 1000), 0o600) },
		"shorter": func(name string) error { return os.Truncate(name, 10) },
		"gone":    os.Remove,
		"link": func(name string) error {
			return errors.Join(os.Remove(name), os.Symlink("/etc/hostname", name))
		},
		"fifo": func(name string) error { return errors.Join(os.Remove(name), syscall.Mkfifo(name, 0o600)) },
	} {
		i, _ := p.record(id, 1000)
		must(t, change(filepath.Join(p.dir, i.File)))
		must(t, q.Add(i))
		eventually(t, id, func() bool { st, _ := q.Status(id); return st.State == upload.Failed })
	}
	eventually(t, "to be told", func() bool { return len(e.failures()) == 5 })
	if n := s.asked(""); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRemoveIsAskedAgainAfterAnError(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	var asked atomic.Int64
	q := p.open(s.target(), e, func(o *upload.Options) {
		o.Remove = func(i upload.Item, _ string) error {
			if asked.Add(1) < 3 {
				return errors.New("the disk is tired")
			}
			return p.root.Remove(i.File)
		}
	})
	i, want := p.record("r", 1000)
	must(t, q.Add(i))
	eventually(t, "the delivery", func() bool { return len(e.deliveries()) == 1 })
	same(t, "audio", s.object(t, "of/2026/r.wav"), want)
	if f := e.failures(); len(f) != 2 || !strings.Contains(f[0].Err.Error(), "the local copy stays: the disk is tired") {
		t.Errorf("%v", f)
	}
	if n := s.asked("PUT"); n != 2 {
		t.Errorf("%d uploads, want the recording and its sidecar", n)
	}
}

func TestOpenPutsDamagedQueueFilesAside(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	dir := filepath.Join(p.dir, ".rms/upload")
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "torn.json"), []byte(`{"version":"rms-upl`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "out.json"), []byte(`{"version":"rms-upload/1","state":"waiting","item":{"id":"out","file":"../../etc/passwd"}}`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "other.json"), []byte(`{"version":"rms-upload/1","state":"waiting","item":{"id":"mine","file":"a.wav"}}`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "half.json.new"), []byte(`{`), 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo.json"), 0o600))
	q := p.open(s.target(), e)
	if f := e.failures(); len(f) != 4 || !strings.Contains(f[0].Err.Error(), "put aside") || len(q.All()) != 0 {
		t.Errorf("%v", f)
	}
	if _, err := os.Stat(filepath.Join(dir, "torn.json.damaged")); err != nil {
		t.Error(err)
	}
}

func TestAddRefusesWhatIsNoRecording(t *testing.T) {
	t.Parallel()
	s, p := newStorage(t), newPlace(t, t.TempDir())
	q := p.open(s.target(), nil)
	for _, i := range []upload.Item{
		{}, {ID: "a"}, {ID: "../a", File: "a.wav"}, {ID: ".a", File: "a.wav"}, {ID: "a", File: "../a.wav"}, {ID: "a", File: "/a.wav"},
		{ID: "a", File: "a\x00.wav"}, {ID: "a", File: "a/../b.wav"}, {ID: "a", File: "a//b.wav"}, {ID: "a", File: "a.wav", Sidecar: "../x"},
		{ID: "a", File: "a.wav", SHA256: "xyz"}, {ID: "a", File: "a.wav", Bytes: -1}, {ID: strings.Repeat("a", 129), File: "a.wav"},
		{ID: "a", File: strings.Repeat("a", 2000)}, {ID: "a", File: "."}, {ID: "a/b", File: "a.wav"},
	} {
		if err := q.Add(i); err == nil {
			t.Errorf("%+v was taken", i)
		}
		if err := q.Start(i, func() int64 { return 0 }); err == nil {
			t.Errorf("%+v was started", i)
		}
	}
	if err := q.Retry("nobody"); !errors.Is(err, upload.ErrUnknown) {
		t.Error(err)
	}
	shut(t, q)
	if err := q.Add(upload.Item{ID: "a", File: "a.wav"}); !errors.Is(err, upload.ErrClosed) {
		t.Error(err)
	}
}

func TestAddTwiceDeliversTheNewOne(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e)
	for n := range 3 {
		i, want := p.record("r", 1000+n)
		must(t, q.Add(i))
		eventually(t, "the delivery", func() bool { _, there := q.Status("r"); return !there && !p.queued("r") })
		same(t, "audio", s.object(t, "of/2026/r.wav"), want)
	}
}

func TestTargetCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	ok := upload.Target{URL: "s3://calls/a/b", AccessKey: "a", SecretKey: "b"}
	with := func(change func(*upload.Target)) upload.Target { c := ok; change(&c); return c }
	for _, c := range []struct {
		to   upload.Target
		want string // "": it can be used
	}{
		{ok, ""},
		{with(func(t *upload.Target) { t.Endpoint = "127.0.0.1:9000" }), ""},
		{with(func(t *upload.Target) { t.Endpoint = "http://[::1]:9000/" }), ""},
		{upload.Target{URL: "https://example.com/in?key=x"}, ""},
		{upload.Target{}, "the URL of uploads"},
		{upload.Target{URL: "ftp://x"}, "the URL of uploads"},
		{upload.Target{URL: "https://user:hush@example.com/"}, "user name"},
		{upload.Target{URL: "https://example.com/", Method: "PATCH"}, "PUT or POST"},
		{upload.Target{URL: "https://example.com/", Token: "a\r\nX: y"}, "token"},
		{upload.Target{URL: "https://example.com/", CAFile: "/none.pem"}, "authorities"},
		{with(func(t *upload.Target) { t.URL = "s3:///x" }), "bucket"},
		{with(func(t *upload.Target) { t.URL = "s3://a/x" }), "ucket"},
		{with(func(t *upload.Target) { t.URL = "s3://calls/../x" }), "prefix"},
		{with(func(t *upload.Target) { t.URL = "s3://key:secret@calls/x" }), "bucket"},
		{with(func(t *upload.Target) { t.SecretKey = "" }), "access key"},
		{with(func(t *upload.Target) { t.Endpoint = "ftp://x" }), "endpoint"},
		{with(func(t *upload.Target) { t.Endpoint = "http://x/path" }), "endpoint"},
	} {
		err := c.to.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q at %q: %v, want %q", c.to.URL, c.to.Endpoint, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("it tells a password: %v", err)
		}
	}
}

func TestBackOffGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	last := time.Duration(0)
	for n := 1; n < 60; n++ {
		least, most := time.Hour, time.Duration(0)
		for range 200 {
			d := upload.BackOff(time.Second, time.Minute, n)
			least, most = min(least, d), max(most, d)
		}
		if least < min(last, 30*time.Second) || most > time.Minute || most-least < 100*time.Millisecond {
			t.Errorf("after %d failures: %v to %v", n, least, most)
		}
		last = least
	}
}

func TestTheTailOfASealedRecordingGoesBeforeItsSidecar(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e)
	i, _ := p.record("r", 1000)
	i.Tail = "r.wav.age.tail"
	must(t, os.WriteFile(filepath.Join(p.dir, i.Tail), []byte("the end"), 0o600))
	must(t, q.Add(i))
	delivered(t, e)
	same(t, "tail", s.object(t, "of/2026/r.wav.age.tail"), []byte("the end"))
	if puts := strings.Join(s.putNames(), " "); puts != "r.wav r.wav.age.tail r.wav.json" {
		t.Errorf("order: %q", puts)
	}
}

// putNames returns what was delivered, in order.
func (s *storage) putNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, r := range s.requests {
		if name, ok := strings.CutPrefix(r, "PUT /calls/of/2026/"); ok {
			names = append(names, name)
		}
	}
	return names
}

func TestAnAlteredTailIsNotDelivered(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e)
	i, _ := p.record("r", 1000)
	i.Tail, i.TailSum = "r.wav.age.tail", fmt.Sprintf("%x", sha256.Sum256([]byte("the end")))
	must(t, os.WriteFile(filepath.Join(p.dir, i.Tail), []byte("another"), 0o600))
	must(t, q.Add(i))
	eventually(t, "the failure", func() bool { return len(e.failures()) > 0 })
	if f := e.failures(); !strings.Contains(f[0].Err.Error(), "r.wav.age.tail") {
		t.Errorf("%v", f)
	}
	for _, r := range s.putNames() {
		if r == "r.wav.age.tail" {
			t.Error("the tail was delivered")
		}
	}
	must(t, os.WriteFile(filepath.Join(p.dir, i.Tail), []byte("the end"), 0o600))
	must(t, q.Retry("r"))
	delivered(t, e)
}
