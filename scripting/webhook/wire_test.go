package webhook_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/media/target"
	"rms/scripting/webhook"
)

const secret = "a secret of this test, with 'quotes' and ä"

// signed returns one delivery that was signed with secret.
func signed(t *testing.T) *post {
	t.Helper()
	rc := newReceiver(t, nil)
	f := newFeed()
	hook(t, rc.URL, f, func(o *webhook.Options) { o.Secret = secret })
	f.emit("c1", "rms:dtmf")
	eventually(t, "the event", func() bool { return len(rc.got(true)) == 1 })
	return rc.got(true)[0]
}

// need skips a test whose program is not installed.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", program)
	}
	t.Skipf("%s is not installed", program)
}

func TestOpenSSLMakesTheSameSignature(t *testing.T) {
	t.Parallel()
	need(t, "openssl")
	p := signed(t)
	cmd := exec.Command("openssl", "dgst", "-sha256", "-hmac", secret, "-r")
	cmd.Stdin = strings.NewReader(p.header.Get("X-RMS-Timestamp") + "." + string(p.body))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	digits, _, _ := strings.Cut(string(out), " ")
	if got := p.header.Get("X-RMS-Signature"); len(digits) != 64 || got != "sha256="+digits {
		t.Errorf("signature %q, openssl says %q", got, digits)
	}
}

// receiverJS is the receiver of docs/webhooks.md.
const receiverJS = `
const { createHmac, timingSafeEqual } = require('node:crypto');
function genuine(secret, headers, body) {
  const stamp = headers['x-rms-timestamp'];
  if (Math.abs(Date.now() / 1000 - Number(stamp)) > 300) return false;
  const want = 'sha256=' + createHmac('sha256', secret).update(stamp + '.').update(body).digest('hex');
  const got = String(headers['x-rms-signature']);
  return got.length === want.length && timingSafeEqual(Buffer.from(got), Buffer.from(want));
}
`

func TestNodeFindsTheSignatureGenuine(t *testing.T) {
	t.Parallel()
	need(t, "node")
	doc, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil || !strings.Contains(string(doc), strings.TrimPrefix(receiverJS, "\n")) {
		t.Errorf("docs/webhooks.md lacks the function that is tested here (%v)", err)
	}
	p := signed(t)
	for body, want := range map[string]string{string(p.body): "true", string(p.body) + " ": "false"} {
		cmd := exec.Command("node", "-e", receiverJS+`
let body = []; process.stdin.on('data', (d) => body.push(d)).on('end', () => {
  const [secret, stamp, signature] = process.argv.slice(1);
  process.stdout.write(String(genuine(secret, {'x-rms-timestamp': stamp, 'x-rms-signature': signature}, Buffer.concat(body))));
});`, secret, p.header.Get("X-RMS-Timestamp"), p.header.Get("X-RMS-Signature"))
		cmd.Stdin = strings.NewReader(body)
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("node says %s, want %s: %v", out, want, err)
		}
	}
}

func TestTheCertificateOfAReceiverIsChecked(t *testing.T) {
	t.Parallel()
	var quiet lockedBuffer
	rc := &receiver{}
	rc.Server = httptest.NewUnstartedServer(rc)
	rc.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	rc.StartTLS()
	t.Cleanup(rc.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rc.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFeed()
	h := hook(t, rc.URL, f, func(o *webhook.Options) { o.Retries = 1; o.Log = zerolog.New(&quiet) })
	f.emit("c", "rms:start")
	eventually(t, "the event to be given up", func() bool { return h.Stats().GivenUp == 1 })
	if len(rc.got(false)) != 0 || !strings.Contains(quiet.String(), "certificate") {
		t.Errorf("%d posts: %s", len(rc.got(false)), quiet.String())
	}
	known := newFeed()
	hook(t, rc.URL, known, func(o *webhook.Options) { o.CAFile = ca })
	known.emit("c", "rms:start")
	eventually(t, "the event", func() bool { return len(rc.got(true)) == 1 })
	// A certificate for another name is none.
	other := strings.Replace(rc.URL, "127.0.0.1", "localhost", 1)
	elsewhere := newFeed()
	h = hook(t, other, elsewhere, func(o *webhook.Options) { o.CAFile, o.Retries = ca, 0 })
	elsewhere.emit("c", "rms:start")
	eventually(t, "the event to be given up", func() bool { return h.Stats().GivenUp == 1 })
	for _, file := range []string{filepath.Join(t.TempDir(), "none.pem"), "doc.go"} {
		if _, err := webhook.OpenOn(webhook.Options{URL: rc.URL, CAFile: file}, newFeed()); err == nil {
			t.Errorf("%s was taken for authorities", file)
		}
	}
}

func TestNoConnectionGoesWhereTheRuleForbids(t *testing.T) {
	t.Parallel()
	rc := newReceiver(t, nil)
	own := target.OwnSockets{TCP: []netip.AddrPort{netip.MustParseAddrPort(rc.Listener.Addr().String())}}
	for url, want := range map[string]string{
		rc.URL: "is a socket of this server", "http://169.254.169.254/latest": "rms does not connect to it", "http://0.0.0.0:1/": "rms does not connect to it",
		"http://[::ffff:169.254.169.254]/": "rms does not connect to it",
	} {
		d, err := target.NewDialer(target.DialOptions{Scripts: true, Own: own.Has})
		if err != nil {
			t.Fatal(err)
		}
		var log lockedBuffer
		f := newFeed()
		h := hook(t, url, f, func(o *webhook.Options) { o.Dial, o.Retries, o.Log = d.DialContext, 0, zerolog.New(&log) })
		f.emit("c", "rms:start")
		eventually(t, "the event to be given up", func() bool { return h.Stats().GivenUp >= 1 })
		if !strings.Contains(log.String(), want) || strings.Contains(log.String(), "latest") || strings.Contains(log.String(), "stream.allow") {
			t.Errorf("%s: %s", url, log.String())
		}
	}
	if len(rc.got(false)) != 0 {
		t.Error("it connected")
	}
}

func TestTheLogNamesTheHostAndNoSecrets(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	rc := newReceiver(t, func(http.ResponseWriter, *http.Request, *post) int { return http.StatusInternalServerError })
	f := newFeed()
	h := hook(t, rc.URL+"/path-secret?token=query-secret", f, func(o *webhook.Options) { o.Secret, o.Log, o.Retries = "hmac-secret", zerolog.New(&log), 1 })
	for range 30 {
		f.emit("c", "rms:start")
	}
	eventually(t, "many failures", func() bool { return h.Stats().GivenUp >= 10 })
	if err := h.Close(cancelled()); err == nil {
		t.Error("nothing was left")
	}
	text := log.String()
	if strings.Contains(text, "secret") || !strings.Contains(text, rc.Listener.Addr().String()) || !strings.Contains(text, "500 Internal Server Error") {
		t.Error(text)
	}
	if n := strings.Count(text, "\n"); n != 1 {
		t.Errorf("%d lines of log about one failure:\n%s", n, text)
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "301": 5 * time.Minute, "4294967295": 5 * time.Minute, "99999999999999999999": 0, "-1": 0, "1.5": 0, "soon": 0,
		"Fri, 02 Jan 2026 03:04:15 GMT": 10 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0, "Sat, 03 Jan 2026 03:04:00 GMT": 5 * time.Minute,
	} {
		if got := webhook.RetryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "7", "-1", "Fri, 02 Jan 2026 03:04:15 GMT", "18446744073709551616"} {
		f.Add(s)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if d := webhook.RetryAfter(s, now); d < 0 || d > 5*time.Minute {
			t.Errorf("%q: %v", s, d)
		}
	})
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
