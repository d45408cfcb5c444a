package scripting_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/rs/zerolog"

	"rms/call"
	"rms/call/prompt"
	"rms/media"
	"rms/media/record"
	"rms/rtp"
	"rms/scripting"
	"rms/scripting/esl"
	"rms/scripting/httpapi"
	"rms/sip"
	"rms/sip/siptest"
)

// outcome is what a use of a verb came to, through any door.
type outcome struct {
	Result  any    // as JSON has it, when there is no error
	Error   string // its text
	Mistake bool   // of the caller: scripts raise it, HTTP answers 400
	Where   string // in the script
}

// bilingual runs the routes of a call in the language that the header field X-Door of
// its INVITE names: star, else Lua. Both scripts have the same routes.
type bilingual struct {
	lua, star *scripting.Engine
	held      sync.Map // ends of runs of the route hold, by call
}

// hold is a route that runs until let is called: a call that was hung up is there for
// as long as one of its routes runs.
const hold = "hold"

func (b *bilingual) Has(route string) bool { return route == hold || b.lua.Has(route) }

func (b *bilingual) let(id string) {
	if done, ok := b.held.LoadAndDelete(id); ok {
		done.(func(error))(nil)
	}
}

func (b *bilingual) Run(x *call.Exec, route string, done func(error)) error {
	if route == hold {
		b.held.Store(x.CallID(), done)
		return nil
	}
	if door := x.Header("X-Door"); len(door) > 0 && door[0] == "star" {
		return b.star.Run(x, route, done)
	}
	return b.lua.Run(x, route, done)
}

// doors is a server with all of its doors, and real calls.
type doors struct {
	t       testing.TB
	calls   *call.Manager
	scripts *bilingual
	sip     netip.AddrPort
	http    *httpapi.Server
	client  *http.Client
	esl     *esl.Server
	ear     *net.UDPConn // nobody listens to it
	bot     *httptest.Server

	mu       sync.Mutex
	outcomes map[string]outcome // of scripts, by call and route
	events   map[string]bool    // "call event"
}

func openDoors(t testing.TB, lua, star string) *doors {
	t.Helper()
	d := &doors{t: t, scripts: &bilingual{}, outcomes: map[string]outcome{}, events: map[string]bool{}}
	log := zerolog.New(reports{d})
	load := func(ending, text string) *scripting.Engine {
		e, err := scripting.Load(scripting.Options{File: named(t, "doors"+ending, text), Budget: time.Minute, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	d.scripts.lua, d.scripts.star = load(".lua", lua), load(".star", star)
	cache, err := prompt.New(prompt.Options{Roots: []string{t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	clock := media.NewShards(media.ShardOptions{Shards: 1})
	engine := rtp.NewEngine(clock)
	store := newStore(t)
	d.calls = call.NewManager(call.Options{
		Records: store,
		Router:  d.scripts, Ports: rtp.NewPorts(rtp.PortsOptions{Min: 56000, Max: 59999}), Engine: engine, Clock: clock, Prompts: cache,
		Version: "1.2.3", Trace: func(string, string, bool) {}, Log: log, Watch: d.watch,
		Socket: func(ctx context.Context, s call.Socket) (bool, error) { return d.esl.Outbound(ctx, s) },
	})
	d.esl = esl.New(esl.Options{Manager: d.calls, Listen: "127.0.0.1:0", Password: "a password", Log: zerolog.Nop()})
	if err := d.esl.Listen(); err != nil {
		t.Fatal(err)
	}
	d.http, err = httpapi.Open(httpapi.Options{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Calls: d.calls, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	d.client = &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	ua, err := sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, T1: 10 * time.Millisecond, NewCalls: -1, PerSource: -1, HalfOpen: -1, Log: zerolog.Nop(),
	}, d.calls)
	if err != nil {
		t.Fatal(err)
	}
	d.sip = ua.Listeners()[0].Addr
	if d.ear, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	d.bot = httptest.NewServer(http.HandlerFunc(listenOnly))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := ua.Close(ctx); err != nil {
			t.Errorf("close the user agent: %v", err)
		}
		d.calls.Close(ctx)
		d.esl.Close()
		d.client.CloseIdleConnections()
		if err := d.http.Close(ctx); err != nil {
			t.Error(err)
		}
		d.scripts.lua.Close()
		d.scripts.star.Close()
		clock.Close()
		engine.Close()
		d.ear.Close()
		d.bot.CloseClientConnections()
		d.bot.Close()
	})
	return d
}

// listenOnly takes a websocket and says nothing.
func listenOnly(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for err == nil {
		_, _, err = c.Read(r.Context())
	}
}

// dial places a call that stays in a state: ringing, or answered. Its scripts run in
// the language that door names.
func (d *doors) dial(t *testing.T, door, state string, extra ...string) string {
	t.Helper()
	port := d.ear.LocalAddr().(*net.UDPAddr).Port
	extra = append(extra, "X-Door: "+door, "X-State: "+state)
	c := siptest.UDP(t, d.sip).Invite(strings.Replace(siptest.Offer, "40000", strconv.Itoa(port), 1), extra...)
	if state == "ringing" {
		expectOf(t, c, 180)
	} else {
		expectOf(t, c, 200)
		c.Ack()
	}
	id := ""
	d.until(t, "the call", func() bool {
		for _, i := range d.calls.List() {
			if i.SIPCallID == c.ID && (state == "ringing" || d.saw(i.ID, call.EventAck)) {
				id = i.ID
			}
		}
		return id != ""
	})
	t.Cleanup(func() { // nobody answers its BYE
		if x, err := d.calls.Door(id, call.FromAPI); err == nil {
			_ = d.direct(x, "hangup", nil, nil)
		}
	})
	return id
}

// expectOf is Expect for the messages of one call: the port may have been that of a call
// before, whose BYE is sent again.
func expectOf(t *testing.T, c *siptest.Call, code int) {
	t.Helper()
	for {
		m, ok := c.Next(siptest.Patience)
		switch {
		case !ok:
			t.Fatalf("no response %d", code)
		case m.Header("Call-ID") == c.ID && (m.Code() >= 180):
			c.Unread(m)
			c.Expect(code)
			return
		}
	}
}

// hangUp ends a call that stays there for its last words.
func (d *doors) hangUp(t *testing.T, id string) {
	t.Helper()
	for _, u := range []use{{verb: "sleep", named: map[string]any{"seconds": 0.0, "route": hold}}, {verb: "hangup"}} {
		if o := d.perform(t, "direct", id, &u); o.Error != "" {
			t.Fatal(o.Error)
		}
		d.until(t, "the route", func() bool { _, ok := d.scripts.held.Load(id); return ok })
	}
	t.Cleanup(func() { d.scripts.let(id) })
}

func (d *doors) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: never", what)
		}
	}
}

// watch notes events, and the mistakes of scripts.
func (d *doors) watch(ev *call.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events[ev.Call+" "+ev.Kind] = true
	if ev.Kind != call.EventScriptError {
		return
	}
	text, _ := ev.Get("error").(string)
	where, _ := ev.Get("where").(string)
	d.outcomes[fmt.Sprintf("%s/%v", ev.Call, ev.Get("route"))] = outcome{Error: text, Mistake: true, Where: where}
}

func (d *doors) saw(id, kind string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.events[id+" "+kind]
}

// reports reads what scripts write to the log: "RESULT call/route +<JSON>" or
// "RESULT call/route -<reason>".
type reports struct{ d *doors }

func (r reports) Write(line []byte) (int, error) {
	var l struct{ Message string }
	if !bytes.Contains(line, []byte("RESULT ")) || json.Unmarshal(line, &l) != nil {
		return len(line), nil
	}
	key, rest, _ := strings.Cut(strings.TrimPrefix(l.Message, "RESULT "), " ")
	o := outcome{}
	if text, ok := strings.CutPrefix(rest, "+"); !ok {
		o.Error = strings.TrimPrefix(rest, "-")
	} else if err := json.Unmarshal([]byte(text), &o.Result); err != nil {
		o.Result = "not JSON: " + text
	}
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.d.outcomes[key] = o
	return len(line), nil
}

// reported waits for the outcome of a route.
func (d *doors) reported(t *testing.T, key string) outcome {
	t.Helper()
	var o outcome
	d.until(t, key, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		var ok bool
		o, ok = d.outcomes[key]
		return ok
	})
	return o
}

// direct uses a verb without a door.
func (d *doors) direct(x *call.Exec, verb string, positional []any, named map[string]any) outcome {
	v, ok := call.Lookup(verb)
	if !ok {
		return failure(call.Unknown(verb))
	}
	a, err := v.Bind(positional, named)
	if err != nil {
		return failure(err)
	}
	result, err := x.Invoke(v, a)
	if err != nil {
		return failure(err)
	}
	return outcome{Result: plainly(result)}
}

// directly uses a verb without a door and waits for its event.
func (d *doors) directly(t *testing.T, x *call.Exec, u *use) outcome {
	t.Helper()
	v, _ := call.Lookup(u.verb)
	a, err := v.Bind(u.positional, u.named)
	if err != nil {
		return failure(err)
	}
	came := make(chan *call.Event, 1)
	if _, err := x.InvokeThen(v, a, func(ev *call.Event) { came <- ev }); err != nil {
		return failure(err)
	}
	select {
	case ev := <-came:
		return outcome{Result: plainly(ev.Get("reason"))}
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: the event does not come", u.name)
	}
	return outcome{}
}

func failure(err error) outcome {
	var mistake *call.ArgError
	return outcome{Error: err.Error(), Mistake: errors.As(err, &mistake)}
}

// plainly makes a result what it is after a way through JSON; none is true.
func plainly(result any) any {
	if result == nil {
		return true
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err.Error()
	}
	var out any
	_ = json.Unmarshal(text, &out)
	return out
}

// overHTTP uses a verb as a web developer does.
func (d *doors) overHTTP(t *testing.T, id, verb string, positional []any, named map[string]any, wait bool) outcome {
	t.Helper()
	path := "/v1/calls/" + id + "/" + verb
	if id == "" {
		path = "/v1/verbs/" + verb
	}
	body := map[string]any{}
	for name, value := range named {
		body[name] = value
	}
	if positional != nil {
		body["args"] = positional
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if wait {
		path += "?wait=20s"
	}
	resp, err := d.client.Post("http://"+d.http.Addr().String()+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Result any
		Event  struct{ Fields map[string]any }
		Detail string
		Type   string
		Status int
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK && wait {
		return outcome{Result: answer.Event.Fields["reason"]}
	}
	if resp.StatusCode == http.StatusOK {
		return outcome{Result: answer.Result}
	}
	if answer.Status != resp.StatusCode || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d, %+v", path, resp.StatusCode, answer)
	}
	return outcome{Error: answer.Detail, Mistake: resp.StatusCode == http.StatusBadRequest}
}

// overESL uses a verb as a client of FreeSWITCH does, and returns the reply.
func (d *doors) overESL(t *testing.T, line string) string {
	t.Helper()
	conn, err := net.Dial("tcp", d.esl.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	read := func(say string) string {
		if _, err := io.WriteString(conn, say); err != nil {
			t.Fatal(err)
		}
		length := 0
		for {
			l, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if l == "\n" {
				break
			}
			if _, err := fmt.Sscanf(l, "Content-Length: %d", &length); err != nil {
				continue
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	read("")
	read("auth a password\n\n")
	return read("api " + line + "\n\n")
}

// newStore opens a store of recordings, which is closed behind its calls.
func newStore(t testing.TB) *record.Store {
	t.Helper()
	store, err := record.Open(record.Options{Root: t.TempDir(), Interval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := store.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}
