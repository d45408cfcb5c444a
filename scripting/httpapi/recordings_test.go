package httpapi_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/shelf/shelftest"
	"rms/scripting/httpapi"
)

// archive is a house with recordings.
func archive(t testing.TB, change ...func(*httpapi.Options)) (*house, *shelftest.Desk) {
	t.Helper()
	d := shelftest.New(t)
	return newHouse(t, append([]func(*httpapi.Options){func(o *httpapi.Options) { o.Recordings = d.Shelf }}, change...)...), d
}

func TestRecordingsAreListedNewestFirstInPages(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	for i := range 7 {
		d.Put(fmt.Sprintf("r%d", i), fmt.Sprintf("day/%d.wav", i), 8*(i+1))
	}
	var ids []string
	next := ""
	for range 10 {
		r := h.expect(200, h.get("/v1/recordings?limit=3"+next))
		var answer struct {
			Recordings []struct {
				ID    string
				State string
			}
			Total int
			Next  string
		}
		if err := json.Unmarshal(r.body, &answer); err != nil || answer.Total != 7 {
			t.Fatalf("%v: %s", err, r.body)
		}
		for _, rec := range answer.Recordings {
			ids = append(ids, rec.ID)
		}
		if answer.Next == "" {
			break
		}
		next = "&after=" + answer.Next
	}
	if got := strings.Join(ids, " "); got != "r6 r5 r4 r3 r2 r1 r0" {
		t.Errorf("%s", got)
	}
	for query, want := range map[string]string{
		"call=c-r3": "r3", "state=complete&limit=1": "r6", "state=failed": "", "from=2001-01-01&to=2001-02-01": "", "to=2099-01-01T00:00:00Z&limit=1": "r6",
	} {
		r := h.expect(200, h.get("/v1/recordings?"+query))
		if !strings.Contains(string(r.body), `"id":"`+want) && want != "" || want == "" && strings.Contains(string(r.body), `"id"`) {
			t.Errorf("%s: %s", query, r.body)
		}
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "from=yesterday", "to=1", "state=any", "after=x", "who=me"} {
		h.expect(400, h.get("/v1/recordings?"+query))
	}
}

func TestARecordingIsToldByItsSidecar(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("r1", "a.wav", 800)
	r := h.expect(200, h.get("/v1/recordings/r1"))
	if r.json["version"] != ledger.Version || r.json["file"] != "a.wav" || r.json["duration_ms"] != 100.0 {
		t.Errorf("%s", r.body)
	}
}

func TestRangesOfARecording(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	rec := d.Put("r1", "a.wav", 800)
	whole, err := os.ReadFile(filepath.Join(d.Dir, "a.wav"))
	if err != nil {
		t.Fatal(err)
	}
	n := len(whole)
	r := h.expect(200, h.get("/v1/recordings/r1/audio"))
	if !bytes.Equal(r.body, whole) || r.header.Get("Content-Type") != "audio/wav" || r.header.Get("ETag") != `"`+rec.SHA256+`"` ||
		!strings.Contains(r.header.Get("Content-Disposition"), "a.wav") || r.header.Get("Content-Length") != fmt.Sprint(n) {
		t.Errorf("%v", r.header)
	}
	for ask, want := range map[string][]byte{
		"bytes=0-0": whole[:1], "bytes=0-": whole, "bytes=44-99": whole[44:100], "bytes=-10": whole[n-10:], fmt.Sprintf("bytes=%d-", n-1): whole[n-1:],
		"bytes=-999999": whole, "bytes=0-99999999": whole,
	} {
		r := h.expect(206, h.get("/v1/recordings/r1/audio", "Range: "+ask))
		if !bytes.Equal(r.body, want) {
			t.Errorf("%s: %d bytes, want %d", ask, len(r.body), len(want))
		}
	}
	if r := h.expect(206, h.get("/v1/recordings/r1/audio", "Range: bytes=0-1,10-11")); !strings.HasPrefix(r.header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("%v", r.header)
	}
	for _, ask := range []string{fmt.Sprintf("bytes=%d-", n), "bytes=99999999999999999999-", "bytes=5-1", "bytes=x-y", "bytes=" + strings.Repeat("0-1,", 2000) + "9999999-"} {
		r := h.get("/v1/recordings/r1/audio", "Range: "+ask)
		if r.status != 416 && r.status != 200 && r.status != 206 || r.status == 206 && len(r.body) > n+4096 {
			t.Errorf("%.30s: %d with %d bytes", ask, r.status, len(r.body))
		}
	}
	if r := h.expect(416, h.get("/v1/recordings/r1/audio", fmt.Sprintf("Range: bytes=%d-", n))); r.header.Get("Content-Range") != fmt.Sprintf("bytes */%d", n) || r.kind() != "range" {
		t.Errorf("%v %s", r.header, r.body)
	}
	h.expect(304, h.get("/v1/recordings/r1/audio", "If-None-Match: \""+rec.SHA256+"\""))
	h.expect(412, h.get("/v1/recordings/r1/audio", "If-Match: \"other\""))
	if r := h.do("HEAD", "/v1/recordings/r1/audio", ""); r.status != 200 || len(r.body) != 0 || r.header.Get("Content-Length") != fmt.Sprint(n) {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
}

func TestAGrowingRecordingIsAFileOfItsOwnAtAnyTime(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	g := d.Grow("g1", "g.wav")
	for range 3 {
		g.Add(1000)
		r := h.expect(200, h.get("/v1/recordings/g1/audio"))
		data := uint32(r.body[90]) | uint32(r.body[91])<<8 | uint32(r.body[92])<<16
		if len(r.body) != 94+4*g.Frames || int(data) != 4*g.Frames || r.header.Get("ETag") != "" || r.header.Get("Last-Modified") != "" {
			t.Errorf("%d bytes, the header says %d: %v", len(r.body), data, r.header)
		}
		h.expect(206, h.get("/v1/recordings/g1/audio", fmt.Sprintf("Range: bytes=%d-", 94+4*g.Frames-4)))
		h.expect(416, h.get("/v1/recordings/g1/audio", fmt.Sprintf("Range: bytes=%d-", 94+4*g.Frames)))
	}
	if r := h.expect(200, h.get("/v1/recordings/g1")); r.json["state"] != "recording" || r.json["samples"] != 3000.0 {
		t.Errorf("%s", r.body)
	}
	h.expect(200, h.get("/v1/recordings/g1/waveform.svg"))
	for _, r := range []*reply{h.do("DELETE", "/v1/recordings/g1", ""), h.post("/v1/recordings/g1/hold", `{"why":"x"}`), h.post("/v1/recordings/g1/verify", "")} {
		if h.expect(409, r); r.kind() != "running" {
			t.Errorf("%s", r.body)
		}
	}
}

func TestFollowingARecordingGoesOnUntilItEnds(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	g := d.Grow("g1", "g.wav")
	g.Add(500)
	res, err := h.client.Get(h.base + "/v1/recordings/g1/audio?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 94+4*500)
	if _, err := io.ReadFull(res.Body, first); err != nil || res.ContentLength != -1 {
		t.Fatalf("%v, length %d", err, res.ContentLength)
	}
	for range 20 {
		g.Add(100)
	}
	g.End()
	rest, err := io.ReadAll(res.Body)
	if err != nil || len(rest) != 4*2000 || rest[0] != 0xf4 || rest[1] != 1 {
		t.Errorf("%d bytes more, %v", len(rest), err)
	}
	h.expect(400, h.get("/v1/recordings/g1/audio?follow=maybe"))
	h.expect(400, h.get("/v1/recordings/g1/audio?x=1"))
}

func TestTheServerStopsWhileRecordingsAreFollowed(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Grow("g1", "g.wav").Add(10)
	res, err := h.client.Get(h.base + "/v1/recordings/g1/audio?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := h.server.Close(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("the client takes it for the end of the recording")
	}
}

// No id or path names a file outside, whatever it looks like.
func TestHostileIDsOfRecordingsAreNotFound(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("r1", "a.wav", 8)
	if err := os.WriteFile(filepath.Join(filepath.Dir(d.Dir), "secret.wav"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{
		"..%2Fsecret.wav", "%2e%2e%2fsecret.wav", "%2Fetc%2Fpasswd", ".rms", ".rms%2Fkey", "a.wav", "r1%00", "r1%20", "%", "*", "r1%2F..%2Fr1",
		"%5C..%5Csecret", strings.Repeat("a", 4000), "r2", "%ff",
	} {
		for _, below := range []string{"", "/audio", "/waveform.svg", "/live"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/v1/recordings/x"+below, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Opaque = "//" + req.URL.Host + "/v1/recordings/" + id + below
			if below == "/live" {
				req.Header.Set("Upgrade", "websocket")
			}
			res, err := h.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body) // net/http itself answers some of them, with a plain 400
			_ = res.Body.Close()
			if err != nil || res.StatusCode != 404 && res.StatusCode != 400 {
				t.Errorf("%s%s: %d %s", id, below, res.StatusCode, text)
			}
		}
	}
}

func TestTheWaveformIsAPictureOfItsOwn(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("r1", "a.wav", 80000)
	r := h.expect(200, h.get("/v1/recordings/r1/waveform.svg"))
	if r.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(r.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%v", r.header)
	}
	for x := xml.NewDecoder(bytes.NewReader(r.body)); ; {
		if _, err := x.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if files, err := os.ReadDir(filepath.Join(d.Dir, ".rms", "waveform")); err != nil || len(files) != 1 {
		t.Errorf("kept: %v, %v", files, err)
	}
}

func TestHoldsReleaseAndDeleteThroughTheAPI(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("r1", "a.wav", 8)
	h.expect(400, h.post("/v1/recordings/r1/hold", ""))
	h.expect(400, h.post("/v1/recordings/r1/hold", `{"why":5}`))
	h.expect(400, h.post("/v1/recordings/r1/hold", `{"why":"x","until":"y"}`))
	r := h.expect(200, h.post("/v1/recordings/r1/hold", `{"why":"case 4711","by":"anna"}`))
	if hold, _ := r.json["hold"].(map[string]any); hold["why"] != "case 4711" || !strings.HasPrefix(fmt.Sprint(hold["by"]), "anna (http 127.0.0.1") {
		t.Errorf("%s", r.body)
	}
	if r := h.expect(409, h.do("DELETE", "/v1/recordings/r1", "")); r.kind() != "held" || !strings.Contains(r.detail(), "case 4711") {
		t.Errorf("%s", r.body)
	}
	h.expect(200, h.post("/v1/recordings/r1/release", ""))
	h.expect(422, h.post("/v1/recordings/r1/release", ""))
	h.expect(200, h.do("DELETE", "/v1/recordings/r1?why=done", ""))
	h.expect(404, h.do("DELETE", "/v1/recordings/r1", ""))
	h.expect(404, h.get("/v1/recordings/r1/audio"))
	h.expect(501, h.post("/v1/recordings/r1/upload", ""))
	var kinds []string
	err := d.Ledger.Entries("a.wav", func(e *ledger.Entry) bool {
		kinds = append(kinds, string(e.Kind))
		return true
	}, ledger.KindHold, ledger.KindRelease, ledger.KindTombstone)
	if err != nil || strings.Join(kinds, " ") != "hold release tombstone" {
		t.Errorf("%v, %v", kinds, err)
	}
}

func TestVerifyingOneRecording(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Put("r1", "a.wav", 800)
	if r := h.expect(200, h.post("/v1/recordings/r1/verify", "")); r.json["ok"] != true {
		t.Errorf("%s", r.body)
	}
	if err := os.Truncate(filepath.Join(d.Dir, "a.wav"), 1000); err != nil {
		t.Fatal(err)
	}
	if r := h.expect(200, h.post("/v1/recordings/r1/verify", "")); r.json["ok"] != false || !strings.Contains(string(r.body), "cut_off") {
		t.Errorf("%s", r.body)
	}
}

func TestWhoHeardARecordingIsInTheBooks(t *testing.T) {
	t.Parallel()
	h, d := archive(t, func(o *httpapi.Options) {
		o.Tokens = []httpapi.Token{{Secret: "all-powerful"}, {Secret: "only-looks", Read: true}}
	})
	d.Put("r1", "a.wav", 800)
	h.expect(401, h.get("/v1/recordings/r1/audio"))
	h.expect(403, h.do("DELETE", "/v1/recordings/r1", "", "Authorization: Bearer only-looks"))
	h.expect(403, h.post("/v1/recordings/r1/hold", `{"why":"x"}`, "Authorization: Bearer only-looks"))
	for range 5 {
		h.expect(206, h.get("/v1/recordings/r1/audio", "Authorization: Bearer only-looks", "Range: bytes=0-9"))
	}
	h.expect(200, h.do("HEAD", "/v1/recordings/r1/audio", "", "Authorization: Bearer all-powerful"))
	var said []string
	err := d.Ledger.Entries("a.wav", func(e *ledger.Entry) bool {
		said = append(said, e.What+" "+e.Who)
		return true
	}, ledger.KindAccess)
	if err != nil || len(said) != 1 || !strings.HasPrefix(said[0], "fetch http 127.0.0.1 token ") || strings.Contains(said[0], "looks") {
		t.Errorf("%q, %v", said, err)
	}
}

func TestWithoutRecordingsNothingIsThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/v1/recordings", "/v1/recordings/x", "/v1/recordings/x/audio", "/v1/recordings/x/waveform.svg"} {
		h.expect(501, h.get(path))
	}
	h.expect(501, h.do("DELETE", "/v1/recordings/x", ""))
	h.expect(426, h.get("/v1/recordings/x/live"))
}

// A client that stops reading costs what one piece and the kernel keep, and is cut off.
func TestASlowListenerIsCutOff(t *testing.T) {
	t.Parallel()
	h, d := archive(t, func(o *httpapi.Options) { o.Times.Stall = 200 * time.Millisecond })
	d.Put("r1", "a.wav", 8<<20) // 32 MB: more than the kernel takes
	res, err := h.client.Get(h.base + "/v1/recordings/r1/audio")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	h.until("cut off", func() bool {
		m := h.get("/metrics")
		return strings.Contains(string(m.body), `rms_http_requests_total{code="200",route="GET /v1/recordings/{id}/audio"} 1`)
	})
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("the whole file came: %d bytes", n)
	}
}
