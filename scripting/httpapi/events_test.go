package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/httpapi"
)

// sse is one server-sent event; data is decoded.
type sse struct {
	id, name string
	data     map[string]any
}

func (e *sse) field(name string) any {
	fields, _ := e.data["fields"].(map[string]any)
	return fields[name]
}

// reader reads a text/event-stream.
type reader struct {
	t    testing.TB
	in   *bufio.Reader
	stop func()
	last string // id
	beat int    // comments
}

// subscribe opens a stream of events.
func (h *house) subscribe(query string, headers ...string) *reader {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", h.base+"/v1/events"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	res, err := (&http.Client{Transport: h.client.Transport}).Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	stop := func() {
		cancel()
		_ = res.Body.Close()
	}
	h.t.Cleanup(stop)
	return &reader{t: h.t, in: bufio.NewReader(res.Body), stop: stop}
}

// next reads up to the next event; nil at the end of the stream.
func (r *reader) next() *sse {
	r.t.Helper()
	e := &sse{}
	for {
		line, err := r.in.ReadString('\n')
		if err != nil {
			return nil
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "":
			if line != "" {
				r.beat++
				continue
			}
			if e.data != nil {
				return e
			}
		case "id":
			e.id, r.last = value, value
		case "event":
			e.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				r.t.Fatalf("%v in %q", err, value)
			}
			if e.data["event"] != e.name || e.data["id"] != e.id || e.data["time"] == nil || e.data["kind"] == nil {
				r.t.Errorf("event %q %q: %s", e.name, e.id, value)
			}
		case "retry":
		default:
			r.t.Fatalf("line %q", line)
		}
	}
}

// want reads events until one of that name.
func (r *reader) want(name string) *sse {
	r.t.Helper()
	for {
		e := r.next()
		if e == nil {
			r.t.Fatalf("no %s", name)
		}
		if e.name == name {
			return e
		}
	}
}

func TestEventsComeAsTheyHappen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all, plays := h.subscribe(""), h.subscribe("?name=rms:play_*,rms:end&name=other")
	id, c := h.dial()
	one, other := h.subscribe("?name=rms:play_*&call="+id), h.subscribe("?call=another")
	h.expect(200, h.post("/v1/calls/"+id+"/play", `{"file": "tone:440/20ms", "route": "rms:mine"}`))
	if e := all.want("rms:mine"); e.data["kind"] != call.EventPlayEnd || e.data["call"] != id || e.field("reason") != "done" {
		t.Errorf("%+v", e)
	}
	c.Bye()
	c.Expect(200)
	for r, want := range map[*reader]string{plays: "rms:play_start rms:mine rms:end", one: "rms:play_start rms:mine"} {
		for name := range strings.FieldsSeq(want) {
			if e := r.next(); e == nil || e.name != name || e.data["call"] != id {
				t.Errorf("got %+v, want %s", e, name)
			}
		}
	}
	end := all.want("rms:end")
	if end.field("by") != "caller" || end.field("cause") == nil {
		t.Errorf("%+v", end)
	}
	go func() { _ = h.server.Close(context.WithoutCancel(t.Context())) }()
	if e := other.next(); e != nil {
		t.Errorf("a subscriber of another call got %+v", e)
	}
}

func TestFiltersOfEventsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for query, name := range map[string]string{
		"?names=a": "names", "?name=a*b": "name", "?call=" + strings.Repeat("x", 300): "call", "?name=" + strings.Repeat("a,", 50) + longList(101): "name",
	} {
		if r := h.expect(400, h.get("/v1/events"+query)); r.parameter() != name {
			t.Errorf("%s: %s", query[:10], r.body)
		}
	}
}

func longList(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(i))
	}
	return strings.Join(list, ",")
}

// flood has a call tell n events with a name of so many bytes.
func (h *house) flood(id string, n, size int) {
	h.t.Helper()
	v, _ := call.Lookup("sleep")
	x, err := h.calls.Door(id, call.FromAPI)
	if err != nil {
		h.t.Fatal(err)
	}
	before := h.calls.Stats().Events
	for sent := 0; sent < n; {
		name := fmt.Sprintf("big%d", sent)
		a, err := v.Bind(nil, map[string]any{"seconds": int64(0), "route": name + strings.Repeat("x", max(0, size-len(name)))})
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err = x.Invoke(v, a); err == nil {
			sent++
		} else {
			time.Sleep(100 * time.Microsecond) // as many sleeps as a call may have
		}
	}
	h.until("all events", func() bool { return h.calls.Stats().Events >= before+uint64(n) })
}

func TestASubscriberThatComesBackIsToldHowMuchItLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	first, filtered := h.subscribe(""), h.subscribe("?name=rms:mine")
	h.flood(id, 3, 0)
	for i := range 3 {
		if e := first.next(); e.name != fmt.Sprintf("big%d", i) {
			t.Errorf("%+v", e)
		}
	}
	first.stop()
	h.flood(id, 7, 0)
	back := h.subscribe("", "Last-Event-ID: "+first.last)
	if e := back.next(); e.name != call.EventLost || e.field("count") != 7.0 || e.field("exact") != true || e.field("reason") != "reconnect" {
		t.Errorf("%+v after %s", e, first.last)
	}
	again := h.subscribe("", "Last-Event-ID: "+back.last)
	if e := again.next(); e.name != call.EventLost || e.field("count") != 0.0 {
		t.Errorf("%+v after %s", e, back.last)
	}
	// With a filter it is an upper bound.
	h.expect(200, h.post("/v1/calls/"+id+"/sleep", `{"seconds": 0, "route": "rms:mine"}`))
	if e := filtered.next(); e.name != "rms:mine" {
		t.Errorf("%+v", e)
	}
	filtered.stop()
	r := h.subscribe("?name=rms:mine", "Last-Event-ID: "+filtered.last)
	if e := r.next(); e.field("count") != 10.0 || e.field("exact") != false {
		t.Errorf("%+v after %s", e, filtered.last)
	}
	for _, last := range []string{"0badcafe.3", "x", "..", strings.SplitN(first.last, ".", 2)[0] + ".x"} {
		r := h.subscribe("", "Last-Event-ID: "+last)
		if e := r.next(); e.field("reason") != "restart" || e.field("exact") != false {
			t.Errorf("after %s: %+v", last, e)
		}
	}
}

func TestSignsOfLifeBringTheIDOfAFilteredStreamUpToDate(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Heartbeat = 20 * time.Millisecond })
	all, filtered := h.subscribe(""), h.subscribe("?name=rms:mine")
	id, _ := h.dial()
	all.want("rms:ack")
	h.flood(id, 5, 0)
	for range 5 {
		all.next()
	}
	for filtered.last != all.last { // nothing happens any more
		line, err := filtered.in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "id: "); ok {
			filtered.last = id
		}
	}
	filtered.stop()
	r := h.subscribe("?name=rms:mine", "Last-Event-ID: "+filtered.last)
	if e := r.next(); e.field("count") != 0.0 || e.field("exact") != false {
		t.Errorf("%+v after %s", e, filtered.last)
	}
}

func TestASubscriberThatStopsReadingIsToldWhatItLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	conn, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	fmt.Fprintf(conn, "GET /v1/events?name=big* HTTP/1.1\r\nHost: localhost\r\n\r\n")
	h.until("the subscription", func() bool { return h.calls.Stats().Subscribers == 1 })
	const sent, size = 4000, 4000 // 16 MB
	h.flood(id, sent, size)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, in: bufio.NewReader(res.Body)}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	got, lost, bytes := 0, 0, 0
	for got+lost < sent {
		e := r.next()
		if e == nil {
			t.Fatalf("ended after %d events and %d lost", got, lost)
		}
		if e.name == call.EventLost {
			n, _ := e.field("count").(float64)
			lost += int(n)
			continue
		}
		if want := fmt.Sprintf("big%dx", got+lost); !strings.HasPrefix(e.name, want) {
			t.Fatalf("event %.20s in the place of %s", e.name, want)
		}
		got++
		bytes += size
	}
	if lost == 0 || bytes > 4<<20 {
		t.Errorf("%d events of %d bytes waited, %d were lost: not the bound", got, bytes, lost)
	}
	t.Logf("%d events (%d kB) were told, %d lost", got, bytes>>10, lost)
	_ = conn.Close()
	h.until("the counter", func() bool {
		return strings.Contains(string(h.get("/metrics").body), fmt.Sprintf("rms_queue_dropped_total{queue=\"events\"} %d\n", lost))
	})
}

func TestASubscriberThatNeverReadsIsCutOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Stall = 200 * time.Millisecond })
	id, _ := h.dial()
	conn, err := net.Dial("tcp", h.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	fmt.Fprintf(conn, "GET /v1/events?name=big* HTTP/1.1\r\nHost: localhost\r\n\r\n")
	h.until("the subscription", func() bool { return h.calls.Stats().Subscribers == 1 })
	h.flood(id, 2000, 4000)
	h.until("the end of the subscription", func() bool { return h.calls.Stats().Subscribers == 0 })
}

func TestSubscribersAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.MaxStreams = 2 })
	first := h.subscribe("")
	h.subscribe("")
	if r := h.expect(503, h.get("/v1/events")); r.kind() != "busy" || r.header.Get("Retry-After") == "" {
		t.Errorf("%s", r.body)
	}
	h.expect(503, h.get("/v1/events/ws", "Connection: Upgrade", "Upgrade: websocket"))
	if r := h.do("HEAD", "/v1/events", ""); r.status != 405 || r.header.Get("Allow") != "GET" {
		t.Errorf("HEAD: %d %v", r.status, r.header)
	}
	first.stop()
	h.until("room", func() bool { return h.calls.Stats().Subscribers == 1 })
	h.subscribe("")
}

func TestSubscribersAreToldOfTheEndOfEveryCallBeforeTheServerStops(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.subscribe("?name=rms:end")
	h.dial()
	h.calls.Close(t.Context())
	if e := r.next(); e == nil || e.name != "rms:end" {
		t.Errorf("%+v", e)
	}
	if e := r.next(); e != nil {
		t.Errorf("%+v after the end", e)
	}
}
