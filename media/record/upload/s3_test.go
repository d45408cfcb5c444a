package upload_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/media/record/upload"
)

func TestQueueDeliversARecordingThenItsSidecar(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e)
	i, want := p.record("r1", 30_000)
	must(t, q.Add(i))
	delivered(t, e)
	d := e.deliveries()[0]
	if d.Item != i || !d.Verified || d.Removed || d.SHA256 != i.SHA256 || d.URL != "s3://calls/of/2026/r1.wav" || d.Attempts != 1 {
		t.Errorf("%+v", d)
	}
	same(t, "audio", s.object(t, "of/2026/r1.wav"), want)
	same(t, "sidecar", s.object(t, "of/2026/r1.wav.json"), []byte(`{"id":"r1"}`))
	s.mu.Lock()
	var puts []string
	for _, r := range s.requests {
		if strings.HasPrefix(r, "PUT") {
			puts = append(puts, r)
		}
	}
	s.mu.Unlock()
	if len(puts) != 2 || !strings.HasSuffix(puts[0], "r1.wav") || !strings.HasSuffix(puts[1], "r1.wav.json") {
		t.Errorf("order: %q", puts)
	}
	eventually(t, "the queue file to go", func() bool { return !p.queued("r1") })
	if st := q.Stats(); st.Delivered != 1 || st.Bytes != 30_000 || len(q.All()) != 0 {
		t.Errorf("%+v", st)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "r1.wav")); err != nil {
		t.Error("the local copy is gone, without a rule")
	}
}

func TestALargeRecordingGoesInPartsWithTheFirstLast(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e, func(o *upload.Options) { o.PartSize = 10_000 })
	i, want := p.record("big", 34_567)
	must(t, q.Add(i))
	delivered(t, e)
	same(t, "audio", s.object(t, "of/2026/big.wav"), want)
	if got := partOrder(s); got != "4321" {
		t.Errorf("order of parts %s", got)
	}
}

func partOrder(s *storage) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var order strings.Builder
	for _, r := range s.requests {
		if _, n, ok := strings.Cut(r, "partNumber="); ok && strings.HasPrefix(r, "PUT") {
			order.WriteString(n[:1])
		}
	}
	return order.String()
}

func TestPartsGoDuringTheCallAndTheHeaderLast(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e, func(o *upload.Options) { o.PartSize, o.During = 10_000, true })
	i, want := p.record("live", 45_000)
	// The recording so far: an early header, and less sound.
	early := append([]byte("early header"), want[12:38_000]...)
	must(t, os.WriteFile(filepath.Join(p.dir, "live.wav"), early, 0o600))
	var settled atomic.Int64
	must(t, q.Start(upload.Item{ID: i.ID, File: i.File}, settled.Load))
	settled.Store(19_999)
	eventually(t, "nothing to happen", func() bool { st, _ := q.Status("live"); return st.State == upload.Live })
	if n := s.asked("partNumber"); n != 0 {
		t.Errorf("%d parts before one was settled", n)
	}
	settled.Store(30_000)
	eventually(t, "parts 2 and 3", func() bool { st, _ := q.Status("live"); return st.Parts == 2 })
	if s.object(t, "of/2026/live.wav") != nil {
		t.Error("there is an object before the recording ended")
	}
	must(t, os.WriteFile(filepath.Join(p.dir, "live.wav"), want, 0o600))
	must(t, q.Add(i))
	delivered(t, e)
	same(t, "audio", s.object(t, "of/2026/live.wav"), want)
	if got := partOrder(s); got != "23541" {
		t.Errorf("order of parts %s", got)
	}
}

func TestPartsOfWhatACrashTookAwayGoAgain(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	during := func(o *upload.Options) { o.PartSize, o.During = 10_000, true }
	q := p.open(s.target(), e, during)
	i, want := p.record("r", 45_000)
	lost := append(append([]byte(nil), want[:25_000]...), make([]byte, 20_000)...) // what was there before the power cut
	must(t, os.WriteFile(filepath.Join(p.dir, "r.wav"), lost, 0o600))
	must(t, q.Start(upload.Item{ID: i.ID, File: i.File}, func() int64 { return 40_000 }))
	eventually(t, "parts 2 to 4", func() bool { st, _ := q.Status("r"); return st.Parts == 3 })
	shut(t, q)
	must(t, os.WriteFile(filepath.Join(p.dir, "r.wav"), want, 0o600))
	q = p.open(s.target(), e, during)
	if st, ok := q.Status("r"); !ok || st.State != upload.Live || st.Parts != 3 {
		t.Errorf("after the restart: %+v", st)
	}
	must(t, q.Add(i))
	delivered(t, e)
	same(t, "audio", s.object(t, "of/2026/r.wav"), want)
	if got := partOrder(s); got != "2345431" { // 2 is kept
		t.Errorf("order of parts %s", got)
	}
}

func TestAnUploadInPartsGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	small := func(o *upload.Options) { o.PartSize = 10_000 }
	s.does(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") == "2" {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	q := p.open(s.target(), e, small)
	i, want := p.record("r", 45_000)
	must(t, q.Add(i))
	eventually(t, "a failure", func() bool { return len(e.failures()) > 1 })
	shut(t, q)
	s.does(nil)
	p.open(s.target(), e, small)
	delivered(t, e)
	same(t, "audio", s.object(t, "of/2026/r.wav"), want)
	if got := partOrder(s); strings.Count(got, "5") != 1 || strings.Count(got, "3") != 1 || strings.Count(got, "1") != 1 {
		t.Errorf("parts that had arrived went again: %s", got)
	}
}

func TestAnUploadInPartsThatIsGoneBeginsAgain(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	var gone atomic.Bool
	s.does(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") != "1" || gone.Swap(true) {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>`)
		return true
	})
	q := p.open(s.target(), e, func(o *upload.Options) { o.PartSize = 10_000 })
	i, want := p.record("r", 25_000)
	must(t, q.Add(i))
	delivered(t, e)
	same(t, "audio", s.object(t, "of/2026/r.wav"), want)
	if n := s.asked("POST /calls/of/2026/r.wav?uploads"); n != 2 {
		t.Errorf("%d uploads were begun", n)
	}
}

func TestAChecksumThatDiffersIsFoundAndNothingRemoved(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"read back": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet {
				return false
			}
			w.Header().Set("Content-Length", "9000")
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
			w.Header().Set("ETag", `"x"`)
			_, _ = w.Write(make([]byte, 9000))
			return true
		},
		"named": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodHead {
				return false
			}
			w.Header().Set("Content-Length", "9000")
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
			w.Header().Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(make([]byte, 32)))
			return true
		},
		"half": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodHead {
				return false
			}
			w.Header().Set("Content-Length", "4500")
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
			s.does(spoil)
			var removed atomic.Int64
			q := p.open(s.target(), e, func(o *upload.Options) {
				o.Refusals = 3
				o.Remove = func(upload.Item, string) error { removed.Add(1); return nil }
			})
			i, _ := p.record("r", 9000)
			must(t, q.Add(i))
			eventually(t, "the end", func() bool { return len(e.failures()) == 3 })
			f := e.failures()
			if !errors.Is(f[0].Err, upload.ErrChecksum) || f[0].Next.IsZero() || !f[2].Next.IsZero() {
				t.Errorf("%+v", f)
			}
			if len(e.deliveries()) != 0 || removed.Load() != 0 {
				t.Error("it counts as delivered")
			}
			s.does(nil)
			must(t, q.Retry("r"))
			delivered(t, e)
			if removed.Load() != 1 || !e.deliveries()[0].Removed {
				t.Error("the rule was not followed")
			}
		})
	}
}

func TestTheChecksumOfTheServerIsEnough(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	s.does(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
			b := s.object(t, strings.TrimPrefix(r.URL.Path, "/calls/"))
			w.Header().Set("X-Amz-Checksum-Sha256", base64Sum(b))
		}
		return false
	})
	q := p.open(s.target(), e)
	i, _ := p.record("r", 9000)
	must(t, q.Add(i))
	delivered(t, e)
	if n := s.asked("GET"); n != 0 || !e.deliveries()[0].Verified {
		t.Errorf("it was read back %d times", n)
	}
}

func TestForgetThrowsPartsAway(t *testing.T) {
	t.Parallel()
	s, p, e := newStorage(t), newPlace(t, t.TempDir()), &told{}
	q := p.open(s.target(), e, func(o *upload.Options) { o.PartSize, o.During = 10_000, true })
	i, _ := p.record("r", 45_000)
	must(t, q.Start(upload.Item{ID: i.ID, File: i.File}, func() int64 { return 30_000 }))
	eventually(t, "parts", func() bool { st, _ := q.Status("r"); return st.Parts == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	must(t, q.Forget(ctx, "r"))
	if n := s.asked("DELETE"); n != 1 || p.queued("r") {
		t.Errorf("%d aborts, queued %v", n, p.queued("r"))
	}
	if err := q.Forget(ctx, "r"); !errors.Is(err, upload.ErrUnknown) {
		t.Errorf("twice: %v", err)
	}
}
