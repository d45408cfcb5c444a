package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/cmd/rms/phone"
)

// ask gets a path of a server; client is nil for TCP.
func ask(t *testing.T, client *http.Client, method, url, body string) (status int, text string) {
	t.Helper()
	if client == nil {
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(all)
}

// overSocket is a client of a unix socket.
func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
}

// url is what the server greets with.
func (s *served) url() string {
	s.t.Helper()
	s.shows("http://")
	_, rest, _ := strings.Cut(s.out.String(), "http://")
	addr, _, _ := strings.Cut(rest, "\n")
	return "http://" + addr
}

func TestHTTPIsServedUntilTheLastCallHasEnded(t *testing.T) {
	sock := filepath.Join(t.TempDir(), "rms.sock")
	s := serve(t, "--http", "127.0.0.1:0", "--http.socket", sock)
	base, unix := s.url(), overSocket(sock)
	for path, want := range map[string]string{
		"/v1/version": version(), "/readyz": "true", "/metrics": "rms_clock_ticks_total", "/v1/openapi.json": "/v1/calls/{id}/play", "/v1/status": `"file":"default.lua"`,
	} {
		if status, text := ask(t, nil, "GET", base+path, ""); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if status, text := ask(t, unix, "POST", "http://rms/v1/log", `{"level": "debug"}`); status != 200 || !strings.Contains(text, "debug") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := ask(t, nil, "POST", base+"/v1/reload", ""); status != 200 {
		t.Errorf("reload: %d", status)
	}
	over := make(chan error, 1)
	go func() {
		_, err := phone.Run(t.Context(), phone.Options{To: "sip:loop@" + s.addr, For: 30 * time.Second}, io.Discard)
		over <- err
	}()
	s.logs(`"message":"call answered"`)
	_, text := ask(t, nil, "GET", base+"/v1/calls", "")
	_, rest, _ := strings.Cut(text, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if status, text := ask(t, nil, "GET", base+"/v1/calls/"+id+"/graph?format=svg", ""); status != 200 || !strings.HasPrefix(text, "<svg") {
		t.Errorf("%d %.60s", status, text)
	}
	events, err := unix.Get("http://rms/v1/events?name=rms:end")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = events.Body.Close() }()
	if status, text := ask(t, nil, "POST", base+"/v1/drain", ""); status != 202 || !strings.Contains(text, `"calls":1`) {
		t.Errorf("drain: %d %s", status, text)
	}
	s.logs("draining")
	if status, text := ask(t, nil, "GET", base+"/readyz", ""); status != 503 || !strings.Contains(text, errDraining.Error()) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := ask(t, nil, "DELETE", base+"/v1/calls/"+id, ""); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
	if all, err := io.ReadAll(events.Body); err != nil || !strings.Contains(string(all), `"event":"rms:end"`) {
		t.Errorf("%v: %s", err, all)
	}
	s.ends(exitOK)
	if _, err := os.Stat(sock); err == nil {
		t.Error("the socket is left behind")
	}
}

func TestAUsualPlaceThatIsTakenIsAWarningAChosenOneAnError(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	if l, err := net.Listen("tcp", "127.0.0.1:8080"); err == nil { // else somebody else has it, which will do
		defer func() { _ = l.Close() }()
	}
	usual := []string{"serve", "--listen", "udp://127.0.0.1:0", "--rtp-ports", "21000-21999", "--media-root", "", "--log.format", "json"}
	start := func() *served {
		ctx, cancel := context.WithCancel(t.Context())
		s := &served{t: t, signal: cancel, code: make(chan int, 1)}
		go func() { s.code <- run(ctx, usual, &s.out, &s.log) }()
		t.Cleanup(cancel)
		s.shows("try ")
		return s
	}
	first, second := start(), (*served)(nil)
	if !strings.Contains(first.out.String(), "unix:"+dir) || !strings.Contains(first.log.String(), "no HTTP over TCP") {
		t.Errorf("%s%s", first.out.String(), first.log.String())
	}
	if second = start(); !strings.Contains(second.log.String(), "no HTTP socket") || strings.Contains(second.out.String(), "unix:") {
		t.Errorf("%s%s", second.out.String(), second.log.String())
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, flag := range [][]string{{"--http", taken.Addr().String(), "--http.socket", ""}, {"--http", "", "--http.socket", filepath.Join(dir, "rms.sock")}} {
		code, _, errs := rms(t, append(usual, flag...)...)
		if code != exitError || !strings.Contains(errs, "in use") || !strings.Contains(errs, "http.") {
			t.Errorf("%v: exit code %d, %s", flag, code, errs)
		}
	}
	code, _, errs := rms(t, append(usual, "--http", "0.0.0.0:0")...)
	if code != exitUsage || !strings.Contains(errs, "set http.tokens") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for _, s := range []*served{first, second} {
		s.signal()
		s.ends(exitOK)
	}
}
