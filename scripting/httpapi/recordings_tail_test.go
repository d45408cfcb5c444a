package httpapi_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/media/record/ledger"
	"rms/scripting/httpapi"
)

func TestTheTailOfAnEncryptedRecordingIsFetchedAndNoted(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("e1", "a/e.wav.age", 800)
	d.Put("e2", "whole.wav.age", 800)
	d.Put("r1", "plain.wav", 800)
	for _, file := range []string{"a/e.wav.age", "plain.wav"} { // of the last nothing is made
		if err := os.WriteFile(filepath.Join(d.Dir, file+ledger.TailSuffix), []byte("the sealed end"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := h.expect(200, h.do(http.MethodHead, "/v1/recordings/e1/audio?part=tail", ""))
	if len(r.body) != 0 || r.header.Get("Content-Length") != "14" {
		t.Errorf("HEAD: %v", r.header)
	}
	accesses := func() (n int) {
		t.Helper()
		if err := d.Ledger.Entries("a/e.wav.age", func(*ledger.Entry) bool { n++; return true }, ledger.KindAccess); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := accesses(); n != 0 {
		t.Errorf("HEAD is noted: %d", n)
	}
	r = h.expect(200, h.get("/v1/recordings/e1/audio?part=tail"))
	if string(r.body) != "the sealed end" || r.header.Get("Content-Type") != "application/octet-stream" ||
		!strings.Contains(r.header.Get("Content-Disposition"), "e.wav.age.tail") {
		t.Errorf("%q %v", r.body, r.header)
	}
	if n := accesses(); n != 1 {
		t.Errorf("%d notes", n)
	}
	if r := h.expect(206, h.get("/v1/recordings/e1/audio?part=tail", "Range: bytes=-3")); string(r.body) != "end" {
		t.Errorf("%q", r.body)
	}
	h.expect(304, h.get("/v1/recordings/e1/audio?part=tail", "If-None-Match: "+r.header.Get("ETag")))
	for id, kind := range map[string]string{"e2": "no-tail", "r1": "no-tail", "none": "no-such-recording"} {
		if r := h.expect(404, h.get("/v1/recordings/"+id+"/audio?part=tail")); r.kind() != kind {
			t.Errorf("%s: %s", id, r.body)
		}
	}
	h.expect(400, h.get("/v1/recordings/e1/audio?part=head"))
	h.expect(400, h.get("/v1/recordings/e1/audio?part="))
	h.expect(400, h.get("/v1/recordings/e1/audio?part=tail&follow=1"))
}

// What stands in the place of a tail leads nowhere else.
func TestATailThatIsNoFileIsNone(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("e1", "e.wav.age", 800)
	d.Put("e2", "f.wav.age", 800)
	name := filepath.Join(d.Dir, "e.wav.age"+ledger.TailSuffix)
	if err := os.Symlink(".rms/key", name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(d.Dir, "f.wav.age"+ledger.TailSuffix), 0o750); err != nil {
		t.Fatal(err)
	}
	h.expect(404, h.get("/v1/recordings/e1/audio?part=tail"))
	h.expect(404, h.get("/v1/recordings/e2/audio?part=tail"))
}

func TestAWatcherNeedsATokenForTheTail(t *testing.T) {
	t.Parallel()
	h, d := archive(t, func(o *httpapi.Options) { o.Tokens = []httpapi.Token{{Secret: "only-looks", Read: true}} })
	d.Put("e1", "e.wav.age", 800)
	h.expect(401, h.get("/v1/recordings/e1/audio?part=tail"))
}
