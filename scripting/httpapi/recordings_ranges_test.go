package httpapi_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// RFC 9110 section 14.1.2: a suffix of no bytes cannot be satisfied.
func TestTheLastZeroBytesAreNoRange(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	rec := d.Put("r1", "a.wav", 800)
	whole, err := os.ReadFile(filepath.Join(d.Dir, "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v1/recordings/r1/audio"
	for _, ask := range []string{"bytes=-0", "bytes= -0", "bytes=-000", "bytes=-0,-0", "bytes=-0, -00 ,", fmt.Sprintf("bytes=-0,%d-", len(whole))} {
		if r := h.expect(416, h.get(path, "Range: "+ask)); r.kind() != "range" || r.header.Get("Content-Range") != fmt.Sprintf("bytes */%d", len(whole)) {
			t.Errorf("%s: %v %s", ask, r.header, r.body)
		}
	}
	for ask, want := range map[string][]byte{"bytes=-0,0-3": whole[:4], "bytes=-2, -0": whole[len(whole)-2:], "bytes=-01": whole[len(whole)-1:]} {
		if r := h.expect(206, h.get(path, "Range: "+ask)); !bytes.Equal(r.body, want) {
			t.Errorf("%s: %q", ask, r.body)
		}
	}
	for _, ask := range []string{"items=-0", "items=0-1", "-0"} {
		h.expect(200, h.get(path, "Range: "+ask))
	}
	h.expect(200, h.get(path, "Range: bytes=-0", `If-Range: "another"`))
	h.expect(416, h.get(path, "Range: bytes=-0", `If-Range: "`+rec.SHA256+`"`))
	h.expect(304, h.get(path, "Range: bytes=-0", `If-None-Match: "`+rec.SHA256+`"`))
}
