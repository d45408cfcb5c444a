package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/cmd/rms/phone"
	"rms/media/audiotest"
	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/wav"
	"rms/media/wav/wavtest"
)

const recordingScript = `
event_route["rms:start"] = function(call)
  rms.record_start { file = "calls/a.wav" }
  rms.play { file = "tone:440", loop = true }
end
`

// speak calls the server for two seconds with a tone of 700 Hz.
func speak(t *testing.T, s *served) {
	t.Helper()
	mic := filepath.Join(t.TempDir(), "mic.wav")
	if err := wavtest.Write(mic, wavtest.Tone{Hz: 700, Duration: 3 * time.Second}); err != nil {
		t.Fatal(err)
	}
	res, err := phone.Run(t.Context(), phone.Options{To: "sip:a@" + s.addr, Mic: mic, Codec: "PCMU", For: 2 * time.Second}, io.Discard)
	if err != nil || !res.Heard {
		t.Fatalf("%+v, %v", res, err)
	}
}

// sides reads a stereo file of 8 kHz.
func sides(t *testing.T, name string) (left, right []int16) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	w, err := wav.Open(f, -1)
	if err != nil || w.Info().Format.Channels != 2 {
		t.Fatal(err, w)
	}
	buf := make([]int16, 1<<20)
	n, err := w.ReadSamples(buf)
	if err != nil && err != io.EOF { //nolint:errorlint // as Readers return it
		t.Fatal(err)
	}
	for i := 0; i+1 < n; i += 2 {
		left, right = append(left, buf[i]), append(right, buf[i+1])
	}
	return left, right
}

func TestACallIsRecordedOnBothSidesAndTheBooksAreInOrder(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "rec")
	s := serve(t, "--script", file(t, "r.lua", recordingScript), "--record-root", root)
	speak(t, s)
	s.signal()
	s.ends(exitOK)
	left, right := sides(t, filepath.Join(root, "calls", "a.wav"))
	if n := len(left); n < 12000 {
		t.Fatalf("%d samples of a call of two seconds", n)
	}
	middle := func(pcm []int16) []int16 { return pcm[4000:12000] }
	for what, got := range map[string]float64{
		"the caller on the left": audiotest.LevelAt(middle(left), 8000, 700) - audiotest.LevelAt(middle(right), 8000, 700),
		"the prompt, right":      audiotest.LevelAt(middle(right), 8000, 440) - audiotest.LevelAt(middle(left), 8000, 440),
	} {
		if got < 20 { // 40 dB and more, but for what a busy machine leaves out
			t.Errorf("%s is %.1f dB louder than on the other side", what, got)
		}
	}
	if code, out, errs := rms(t, "verify", root); code != exitOK || !strings.Contains(out, "all in order") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	if log := s.log.String(); !strings.Contains(log, "chain of recordings") || !strings.Contains(log, "recording ended") {
		t.Error(log)
	}
}

func TestAServerThatRecordsNothingMakesNoFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	s := serve(t)
	speak(t, s)
	s.signal()
	s.ends(exitOK)
	if all, _ := filepath.Glob("*"); len(all) != 0 {
		t.Errorf("there are %q", all)
	}
}

func TestAFolderOfRecordingsHasOneWriter(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first := serve(t, "--record-root", root)
	code, _, errs := rms(t, "serve", "--listen", "udp://127.0.0.1:0", "--http", "", "--http.socket", "", "--record-root", root)
	if code != exitUsage || !strings.Contains(errs, ledger.ErrLocked.Error()) || !strings.Contains(errs, "--record-root") {
		t.Errorf("%d: %s", code, errs)
	}
	first.signal()
	first.ends(exitOK)
}

func TestMistakesInWhatIsRecordedStopTheServerAtItsStart(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for want, flags := range map[string][]string{
		"record.name":    {"--record.name", "{date"},
		"record.encrypt": {"--record.encrypt", "age1nobody"},
		"record.root":    {"--record-root", file(t, "file", "")},
		"upload.to":      {"--upload.to", "s3://calls/", "--upload.tls_ca", "/nowhere.pem"},
	} {
		args := append([]string{"serve", "--listen", "udp://127.0.0.1:0", "--http", "", "--http.socket", "", "--record-root", root}, flags...)
		if code, _, errs := rms(t, args...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: %d: %s", want, code, errs)
		}
	}
}

// taker is an HTTP server that takes recordings.
type taker struct {
	mu    sync.Mutex
	files map[string]string // SHA-256 by path
	away  int               // so many requests are refused first
}

func (r *taker) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away--; err != nil || r.away >= 0 || q.Header.Get("Authorization") != "Bearer secret-of-the-test" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	sum := sha256.Sum256(body)
	r.files[q.URL.Path] = hex.EncodeToString(sum[:])
	w.Header().Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":") // RFC 9530
	w.WriteHeader(http.StatusCreated)
}

func (r *taker) has(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files[name]
}

func TestARecordingIsDeliveredAlsoByTheNextServerAndThenRemoved(t *testing.T) {
	t.Parallel()
	to := &taker{files: map[string]string{}, away: 1 << 20}
	far := httptest.NewServer(to)
	defer far.Close()
	root := t.TempDir()
	flags := []string{
		"--script", file(t, "r.lua", recordingScript), "--record-root", root, "--upload.to", far.URL + "/in/?sig=secret-of-the-query",
		"--upload.token", "secret-of-the-test", "--upload.keep_local", "false",
	}
	s := serve(t, flags...)
	speak(t, s)
	s.signal()
	s.ends(exitOK)
	audio := filepath.Join(root, "calls", "a.wav")
	if _, err := os.Stat(audio); err != nil || to.has("/in/calls/a.wav") != "" {
		t.Fatal(err)
	}
	to.mu.Lock()
	to.away = 1
	to.mu.Unlock()
	second := serve(t, flags...)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(audio); err != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not delivered: %s", second.log.String())
		}
	}
	if to.has("/in/calls/a.wav") == "" || to.has("/in/calls/a.wav.json") == "" {
		t.Errorf("arrived: %v", to.files)
	}
	second.signal()
	second.ends(exitOK)
	chain, err := os.ReadFile(filepath.Join(root, ".rms", "chain.jsonl"))
	if err != nil || !strings.Contains(string(chain), "delivered to "+far.URL+"/in/calls/a.wav") {
		t.Errorf("%v: %s", err, chain)
	}
	if text := s.log.String() + second.log.String() + string(chain); strings.Contains(text, "secret-of-the") {
		t.Error("the log or the chain has the token, or the query of the URL")
	}
	report, err := ledger.Verify(context.Background(), root, ledger.VerifyOptions{})
	if err != nil || len(report.Problems) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAServerThatMustRecordAndCannotIsNotReady(t *testing.T) {
	t.Parallel()
	dir, err := record.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if free, err := dir.Free(); dir.Close() != nil || err != nil || free > 1<<40 {
		t.Skip("the disk has more room than a configuration may ask for", err)
	}
	for required, want := range map[string]int{"true": http.StatusServiceUnavailable, "false": http.StatusOK} {
		s := serve(t, "--http", "127.0.0.1:0", "--record-root", t.TempDir(), "--record.required", required, "--record.min_free", "1024GiB")
		if status, text := ask(t, nil, "GET", s.url()+"/readyz", ""); status != want || (status == http.StatusOK) == strings.Contains(text, "record.min_free") {
			t.Errorf("required %s: %d %s", required, status, text)
		}
		s.signal()
		s.ends(exitOK)
	}
}
