package esl_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
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
	"rms/scripting/esl"
	"rms/sip"
	"rms/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "tr0ub4dor&3 horse"

// fast has the heart beat.
func fast(o *esl.Options) { o.Heartbeat = 10 * time.Millisecond }

// routes is a script in Go.
type routes struct {
	by   map[string]func(x *call.Exec) error
	wait sync.WaitGroup
}

func (r *routes) Has(name string) bool { return r.by[name] != nil }

func (r *routes) Run(x *call.Exec, name string, done func(error)) error {
	r.wait.Go(func() { done(r.by[name](x)) })
	return nil
}

type script = map[string]func(x *call.Exec) error

// house is a server under test: real signalling, sockets and clock.
type house struct {
	t      testing.TB
	calls  *call.Manager
	server *esl.Server
	addr   netip.AddrPort // of SIP
	log    zerolog.Logger
}

func newHouse(t testing.TB, s script, change ...func(*esl.Options)) *house {
	t.Helper()
	return newHouseWith(t, s, func(*call.Options) {}, change...)
}

// newHouseWith is newHouse with other options of calls.
func newHouseWith(t testing.TB, s script, with func(*call.Options), change ...func(*esl.Options)) *house {
	t.Helper()
	h := &house{t: t}
	clock := media.NewShards(media.ShardOptions{Shards: 1})
	engine := rtp.NewEngine(clock)
	cache, err := prompt.New(prompt.Options{Roots: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	logs := esl.NewLogRing()
	h.log = zerolog.New(zerolog.MultiLevelWriter(io.Discard, logs)).With().Timestamp().Logger()
	router := &routes{by: s}
	options := call.Options{
		Router: router, Ports: rtp.NewPorts(rtp.PortsOptions{Min: 52000, Max: 55999}), Engine: engine, Clock: clock, Prompts: cache, Log: h.log,
		Version: "1.2.3",
		Socket:  func(ctx context.Context, sock call.Socket) (bool, error) { return h.server.Outbound(ctx, sock) },
	}
	with(&options)
	h.calls = call.NewManager(options)
	o := esl.Options{Manager: h.calls, Listen: "127.0.0.1:0", Password: password, Version: "1.2.3", Hostname: "host", Logs: logs, Log: h.log}
	for _, c := range change {
		c(&o)
	}
	h.server = esl.New(o)
	if o.Listen != "" {
		if err := h.server.Listen(); err != nil {
			t.Fatal(err)
		}
	}
	ua, err := sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, T1: 100 * time.Millisecond, NewCalls: -1, PerSource: -1, HalfOpen: -1, Log: zerolog.Nop(),
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
		h.server.Close()
		h.calls.Close(ctx)
		router.wait.Wait()
		clock.Close()
		engine.Close()
	})
	return h
}

// invite places a call and leaves the rest to the test.
func (h *house) invite() *siptest.Call {
	h.t.Helper()
	ear, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = ear.Close() })
	port := ear.LocalAddr().(*net.UDPAddr).Port
	return siptest.UDP(h.t, h.addr).Invite(strings.Replace(siptest.Offer, "40000", fmt.Sprint(port), 1), "X-Tenant: red & blue")
}

// dial places a call that is answered, and returns its id.
func (h *house) dial() (id string, c *siptest.Call) {
	h.t.Helper()
	before := map[string]bool{}
	for _, i := range h.calls.List() {
		before[i.ID] = true
	}
	c = h.invite()
	c.Expect(200)
	c.Ack()
	h.until("the call", func() bool {
		for _, i := range h.calls.List() {
			if !before[i.ID] && i.State == "answered" {
				id = i.ID
			}
		}
		return id != ""
	})
	return id, c
}

// press sends a key in an INFO.
func press(c *siptest.Call, key string) {
	was := c.Extra
	c.Extra = []string{"Content-Type: application/dtmf"}
	c.Request("INFO", key)
	c.Extra = was
	c.Expect(200)
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

// client speaks raw bytes.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader

	early []*message // events that came before an expected reply
}

func (h *house) connect() *client {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	return newClient(h.t, conn)
}

func newClient(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// client is a connection that said the password.
func (h *house) client() *client {
	h.t.Helper()
	c := h.connect()
	c.expect("Content-Type: auth/request\n\n")
	c.say("auth " + password)
	c.expect(reply("+OK accepted"))
	return c
}

// reply is what R: stands for in the table of replies.
func reply(text string) string { return "Content-Type: command/reply\nReply-Text: " + text + "\n\n" }

const (
	goodbye  = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
	notice   = "Content-Type: text/disconnect-notice\nContent-Length: 67\n\n" + goodbye
	notFound = "-ERR command not found"
)

func (c *client) raw(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) say(command string) { c.t.Helper(); c.raw(command + "\n\n") }

// expect reads exactly these bytes, and keeps what events come before them: those begin
// with their length.
func (c *client) expect(want string) {
	c.t.Helper()
	for {
		begin, err := c.in.Peek(min(len(want), len("Content-Length: ")))
		if err != nil || string(begin) != "Content-Length: " {
			break
		}
		c.early = append(c.early, c.read())
	}
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.in, got)
	if string(got[:n]) != want {
		c.t.Fatalf("got  %q\nwant %q (%v)", got[:n], want, err)
	}
}

// do says a command and expects its reply text.
func (c *client) do(command, text string) {
	c.t.Helper()
	c.say(command)
	c.expect(reply(text))
}

// ends expects the end of the connection.
func (c *client) ends() {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	if err != nil && !strings.Contains(err.Error(), "reset") || len(rest) > 0 {
		c.t.Fatalf("%q, %v", rest, err)
	}
}

// message is what a server sent: a reply, an event, a notice.
type message struct {
	order   []string // names of headers
	headers map[string]string
	body    string
	event   map[string]any // of an event, by header
	names   []string       // of the headers of an event, in order
}

func (m *message) get(name string) string { return fmt.Sprint(m.event[name]) }

func (c *client) message() *message {
	c.t.Helper()
	if len(c.early) > 0 {
		m := c.early[0]
		c.early = c.early[1:]
		return m
	}
	return c.read()
}

func (c *client) read() *message {
	c.t.Helper()
	m := &message{headers: map[string]string{}}
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("%v after %q", err, line)
		}
		if line = strings.TrimSuffix(line, "\n"); line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			c.t.Fatalf("line %q", line)
		}
		m.order = append(m.order, name)
		m.headers[name] = value
	}
	if n, _ := strconv.Atoi(m.headers["Content-Length"]); n > 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(c.in, body); err != nil {
			c.t.Fatal(err)
		}
		m.body = string(body)
	}
	switch m.headers["Content-Type"] {
	case "text/event-plain":
		m.parsePlain(c.t)
	case "text/event-json":
		if err := json.Unmarshal([]byte(m.body), &m.event); err != nil {
			c.t.Fatalf("%v: %q", err, m.body)
		}
	}
	return m
}

func (m *message) parsePlain(t testing.TB) {
	t.Helper()
	head, body, ok := strings.Cut(m.body, "\n\n")
	if !ok {
		t.Fatalf("event without an empty line: %q", m.body)
	}
	m.event = map[string]any{}
	for line := range strings.SplitSeq(head, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		text, err := url.PathUnescape(value)
		if !ok || err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		m.names = append(m.names, name)
		m.event[name] = text
	}
	if n, given := m.event["Content-Length"]; given {
		if fmt.Sprint(len(body)) != n {
			t.Fatalf("body of %d bytes, said %v", len(body), n)
		}
		m.event["_body"] = body
	} else if body != "" {
		t.Fatalf("%q behind an event without a body", body)
	}
}

// event reads until an event of that name, or of that subclass.
func (c *client) event(name string) *message {
	c.t.Helper()
	for {
		m := c.message()
		if m.event != nil && (m.get("Event-Name") == name || m.get("Event-Subclass") == name) {
			return m
		}
	}
}

// names reads n messages and says what they are.
func (c *client) names(n int) string {
	c.t.Helper()
	var out []string
	for range n {
		m := c.message()
		switch {
		case m.event == nil:
			out = append(out, m.headers["Content-Type"])
		case m.get("Event-Name") == "CUSTOM":
			out = append(out, m.get("Event-Subclass"))
		default:
			out = append(out, m.get("Event-Name"))
		}
	}
	return strings.Join(out, " ")
}
