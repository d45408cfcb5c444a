package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestWebhookIsToldOfACallUntilTheServerHasEnded(t *testing.T) {
	var mu sync.Mutex
	var got []string
	ids := map[string]bool{}
	rc := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var ev struct{ Event, Call string }
		_ = json.Unmarshal(body, &ev)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, ev.Event)
		ids[ev.Call] = true
		if ev.Event != r.Header.Get("X-RMS-Event") || !strings.HasPrefix(r.Header.Get("X-RMS-Signature"), "sha256=") || !strings.HasPrefix(r.Header.Get("User-Agent"), "rms/") {
			t.Errorf("%v", r.Header)
		}
	}))
	defer rc.Close()
	s := serve(t, "--webhook.url", rc.URL+"/hook", "--webhook.secret", "a secret of a test", "--webhook.events", "rms:invite,rms:start,rms:end,rms:play*")
	if code, out, errs := rms(t, "call", "sip:tone@"+s.addr, "--for", "300ms"); code != exitOK {
		t.Fatal(code, out, errs)
	}
	s.signal()
	s.ends(exitOK)
	mu.Lock()
	defer mu.Unlock()
	want := []string{"rms:invite", "rms:start", "rms:play_start", "rms:play_end", "rms:end"}
	if !slices.Equal(got, want) || len(ids) != 1 {
		t.Errorf("got %v of %v, want %v", got, ids, want)
	}
}

func TestWebhookThatCannotBeOpenedIsAMistake(t *testing.T) {
	for _, flags := range [][]string{
		{"--webhook.url", "ftp://a"}, {"--webhook.url", "https://a.example", "--webhook.tls_ca", "/does/not/exist.pem"},
	} {
		args := append([]string{"serve", "--listen", "udp://127.0.0.1:0", "--http", ""}, flags...)
		if code, _, errs := rms(t, args...); code != exitUsage || !strings.Contains(errs, "webhook") {
			t.Errorf("%v: %d %s", flags, code, errs)
		}
	}
}

func TestWebhookGoesToAnAddressThatIsNamedAndToNoOther(t *testing.T) {
	t.Parallel()
	for url, host := range map[string]string{"http://169.254.1.2:1/": "169.254.1.2:1", "https://a.example": "a.example:443"} {
		d, err := configuredDialer(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(host, ":")
		if err := d.Check("tcp", name, netip.MustParseAddrPort("169.254.1.2:1")); (err == nil) != strings.HasPrefix(url, "http:") {
			t.Errorf("%s: %v", url, err)
		}
		if err := d.Check("tcp", name, netip.MustParseAddrPort("169.254.169.254:80")); err == nil {
			t.Errorf("%s may go to the metadata service", url)
		}
		if err := d.Check("tcp", name, netip.MustParseAddrPort("10.0.0.1:80")); err != nil {
			t.Error(err)
		}
	}
}
