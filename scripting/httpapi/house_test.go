package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/call/prompt"
	"rms/media"
	"rms/rtp"
	"rms/scripting/httpapi"
	"rms/sip"
	"rms/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// routes is a script that has the routes rms:mine, rms:hold and those that begin with
// "big". None of them does anything; rms:hold takes until hold is closed.
type routes struct {
	hold chan struct{}
	wait sync.WaitGroup
}

func (r *routes) Has(name string) bool {
	return name == "rms:mine" || name == "rms:hold" || strings.HasPrefix(name, "big")
}

func (r *routes) Run(_ *call.Exec, name string, done func(error)) error {
	r.wait.Go(func() {
		if name == "rms:hold" {
			<-r.hold
		}
		done(nil)
	})
	return nil
}

// after is time.AfterFunc, but what is due at once keeps its order.
func after(d time.Duration, f func()) call.Timer {
	if d == 0 {
		f()
		return due{}
	}
	return time.AfterFunc(d, f)
}

type due struct{}

func (due) Stop() bool { return false }

// house is a server under test: real signalling, sockets and clock.
type house struct {
	t      testing.TB
	clock  *media.Shards
	calls  *call.Manager
	script *routes
	addr   netip.AddrPort // of SIP
	server *httpapi.Server
	base   string // URL of the API
	client *http.Client
}

// manager is a house without a server.
func manager(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, clock: media.NewShards(media.ShardOptions{Shards: 1}), script: &routes{hold: make(chan struct{})}}
	cache, err := prompt.New(prompt.Options{Roots: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	engine := rtp.NewEngine(h.clock)
	h.calls = call.NewManager(call.Options{
		Router: h.script, Ports: rtp.NewPorts(rtp.PortsOptions{Min: 48000, Max: 51999}), Engine: engine, Clock: h.clock, Prompts: cache, Log: zerolog.Nop(),
		AfterFunc: after,
	})
	ua, err := sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, T1: 10 * time.Millisecond, NewCalls: -1, PerSource: -1, HalfOpen: -1, Log: zerolog.Nop(),
	}, h.calls)
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ua.Listeners()[0].Addr
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := ua.Close(ctx); err != nil {
			t.Errorf("close the user agent: %v", err)
		}
		h.calls.Close(ctx)
		h.script.wait.Wait()
		h.clock.Close()
		engine.Close()
	})
	return h
}

func newHouse(t testing.TB, change ...func(*httpapi.Options)) *house {
	t.Helper()
	h := manager(t)
	o := httpapi.Options{
		Listen: netip.MustParseAddrPort("127.0.0.1:0"), Calls: h.calls, Clock: h.clock.Stats, Version: "1.2.3", Log: zerolog.Nop(),
	}
	for _, c := range change {
		c(&o)
	}
	h.serve(o)
	return h
}

func (h *house) serve(o httpapi.Options) {
	h.t.Helper()
	var err error
	if h.server, err = httpapi.Open(o); err != nil {
		h.t.Fatal(err)
	}
	h.base = "http://" + h.server.Addr().String()
	h.client = &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.server.Close(ctx); err != nil {
			h.t.Errorf("close: %v", err)
		}
		h.client.CloseIdleConnections()
	})
}

// dial places a call that is answered, and returns its id.
func (h *house) dial() (id string, c *siptest.Call) {
	h.t.Helper()
	ear, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = ear.Close() })
	port := ear.LocalAddr().(*net.UDPAddr).Port
	acks := h.calls.Subscribe(call.SubscribeOptions{Names: []string{call.EventAck}})
	defer acks.Close()
	c = siptest.UDP(h.t, h.addr).Invite(strings.Replace(siptest.Offer, "40000", fmt.Sprint(port), 1))
	c.Expect(200)
	c.Ack()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ev, err := acks.Next(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	return ev.Call, c
}

// until polls.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	h.t.Fatalf("%s: never", what)
}

// reply is what a server answered.
type reply struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func (r *reply) detail() string    { s, _ := r.json["detail"].(string); return s }
func (r *reply) parameter() string { s, _ := r.json["parameter"].(string); return s }
func (r *reply) kind() string {
	s, _ := r.json["type"].(string)
	return strings.TrimPrefix(s, "urn:rms:problem:")
}

// do sends a request; headers are "Name: value", which take the place of those that
// are sent anyway.
func (h *house) do(method, path, body string, headers ...string) *reply {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.base+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	res, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return read(h.t, res)
}

func read(t testing.TB, res *http.Response) *reply {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := &reply{status: res.StatusCode, header: res.Header, body: text}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && len(text) > 0 {
		d := json.NewDecoder(bytes.NewReader(text))
		if err := d.Decode(&out.json); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
	}
	if res.StatusCode >= 400 && res.Request.Method != http.MethodHead {
		checkProblem(t, out)
	}
	return out
}

// checkProblem is for every error that a test sees.
func checkProblem(t testing.TB, r *reply) {
	t.Helper()
	title, _ := r.json["title"].(string)
	status, _ := r.json["status"].(float64)
	if r.header.Get("Content-Type") != "application/problem+json" || int(status) != r.status || title == "" || r.detail() == "" || r.kind() == "" {
		t.Errorf("%d is no problem of RFC 9457: %s %s", r.status, r.header.Get("Content-Type"), r.body)
	}
}

func (h *house) get(path string, headers ...string) *reply {
	h.t.Helper()
	return h.do("GET", path, "", headers...)
}

func (h *house) post(path, body string, headers ...string) *reply {
	h.t.Helper()
	return h.do("POST", path, body, headers...)
}

// expect fails when the status is another.
func (h *house) expect(status int, r *reply) *reply {
	h.t.Helper()
	if r.status != status {
		h.t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}
