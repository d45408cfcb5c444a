package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/call"
	"rms/scripting/httpapi"
)

// ws is a client of /v1/events/ws.
type ws struct {
	t    testing.TB
	conn *websocket.Conn
}

func (h *house) socket(query string) *ws {
	h.t.Helper()
	conn, res, err := websocket.Dial(h.t.Context(), h.base+"/v1/events/ws"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = res
	conn.SetReadLimit(1 << 20)
	h.t.Cleanup(func() { _ = conn.CloseNow() })
	return &ws{h.t, conn}
}

// next reads a message; nil when the server closed.
func (w *ws) next() *sse {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, text, err := w.conn.Read(ctx)
	if err != nil {
		return nil
	}
	e := &sse{}
	if err := json.Unmarshal(text, &e.data); err != nil {
		w.t.Fatalf("%v in %q", err, text)
	}
	e.name, _ = e.data["event"].(string)
	e.id, _ = e.data["id"].(string)
	return e
}

func (w *ws) say(text string) {
	w.t.Helper()
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ws) want(name string) *sse {
	w.t.Helper()
	e := w.next()
	if e == nil || e.name != name {
		w.t.Fatalf("got %+v, want %s", e, name)
	}
	return e
}

func TestAWebsocketTellsEventsAndChangesItsFilter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	w := h.socket("?name=rms:play_*")
	h.expect(200, h.post("/v1/calls/"+id+"/play?wait=10s", `{"file": "tone:440/20ms"}`))
	if e := w.want("rms:play_start"); e.data["call"] != id || e.id == "" || e.field("file") != "tone:440/20ms" {
		t.Errorf("%+v", e)
	}
	w.want("rms:play_end")
	w.say(`{"names": ["rms:mine"], "calls": ["` + id + `"]}`)
	if e := w.want("subscribed"); fmt.Sprint(e.field("names"), e.field("calls")) != "[rms:mine] ["+id+"]" {
		t.Errorf("%+v", e)
	}
	h.expect(200, h.post("/v1/calls/"+id+"/play?wait=10s", `{"file": "tone:440/20ms", "route": "rms:mine"}`))
	if e := w.want("rms:mine"); e.data["kind"] != call.EventPlayEnd {
		t.Errorf("%+v", e)
	}
	for text, detail := range map[string]string{
		`{"names": "rms:mine"}`: "must be a list of texts", `{"names": [1]}`: "must be a list of texts", `{"names": null}`: "must be a list of texts",
		`{"name": ["a"]}`: "unknown member", `[]`: "must be a JSON object", `{`: "ends too early", `{"names": ["a*b"]}`: "a * can only stand at the end",
	} {
		w.say(text)
		if e := w.want("refused"); !strings.Contains(fmt.Sprint(e.field("detail")), detail) {
			t.Errorf("%s: %+v", text, e)
		}
	}
	if err := w.conn.Write(t.Context(), websocket.MessageBinary, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	w.want("refused")
	w.say(`{}`)
	w.want("subscribed")
	h.expect(200, h.do("DELETE", "/v1/calls/"+id, ""))
	for e := w.next(); e.name != "rms:end"; e = w.next() {
		if e == nil {
			t.Fatal("no rms:end")
		}
	}
}

func TestAChangeOfTheFilterLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	w := h.socket("?name=big*")
	const sent = 500
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.flood(id, sent, 0)
	}()
	for i := 0; i < sent; {
		e := w.next()
		switch {
		case e == nil:
			t.Fatal("it ended")
		case e.name == "subscribed":
		case e.name != fmt.Sprintf("big%d", i):
			t.Fatalf("%s in the place of big%d", e.name, i)
		default:
			if i++; i%20 == 0 {
				w.say(`{"names": ["big*"]}`)
			}
		}
	}
	<-done
}

func TestAMessageThatIsTooLargeEndsTheWebsocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.socket("")
	_ = w.conn.Write(t.Context(), websocket.MessageText, []byte(`{"names": ["`+strings.Repeat("a", 70000)+`"]}`))
	if e := w.next(); e != nil {
		t.Errorf("%+v", e)
	}
	h.until("the end of the subscription", func() bool { return h.calls.Stats().Subscribers == 0 })
}

func TestAWebsocketThatNeverReadsIsCutOffAndToldOfWhatItLostBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Stall = 3 * time.Second }) // its queue is full long before
	id, _ := h.dial()
	w := h.socket("?name=big*")
	h.flood(id, 4000, 4000)
	h.until("the end of the subscription", func() bool { return h.calls.Stats().Subscribers == 0 })
	lost := 0
	for e := w.next(); e != nil; e = w.next() {
		if e.name == call.EventLost {
			lost++
		}
	}
	if text := string(h.get("/metrics").body); !strings.Contains(text, "rms_queue_dropped_total{queue=\"events\"} ") || strings.Contains(text, "{queue=\"events\"} 0\n") {
		t.Error("what was lost is not counted")
	}
}

func TestWebsocketsArePingedAndClosedWithTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Heartbeat, o.Times.Stall = 10*time.Millisecond, 5*time.Second })
	pings := make(chan struct{}, 100)
	conn, _, err := websocket.Dial(t.Context(), h.base+"/v1/events/ws", &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool {
			select {
			case pings <- struct{}{}:
			default:
			}
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	closed := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(context.Background())
		closed <- err
	}()
	for range 3 {
		<-pings
	}
	if err := h.server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-closed; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
}

func TestAPageOfAnotherSiteGetsNoWebsocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for origin, want := range map[string]int{"http://evil.example": 403, "null": 403, "http://127.0.0.1:1": 403, h.base: 101} {
		conn, res, err := websocket.Dial(t.Context(), h.base+"/v1/events/ws", &websocket.DialOptions{HTTPHeader: map[string][]string{"Origin": {origin}}})
		if res == nil || res.StatusCode != want {
			t.Errorf("%s: %v %v", origin, res, err)
		}
		if conn != nil {
			_ = conn.CloseNow()
		}
	}
}

func TestAWebsocketNeedsAHandshake(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if r := h.expect(426, h.get("/v1/events/ws")); r.kind() != "upgrade" || r.header.Get("Upgrade") != "websocket" {
		t.Errorf("%v %s", r.header, r.body)
	}
	h.expect(400, h.get("/v1/events/ws?nmae=x", "Connection: Upgrade", "Upgrade: websocket"))
}

func TestAWebsocketWithoutPongsHearsEventsAndDoesNotHoldTheStopUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Heartbeat, o.Times.Stall = 10*time.Millisecond, time.Hour })
	pinged := make(chan struct{}, 100)
	conn, _, err := websocket.Dial(t.Context(), h.base+"/v1/events/ws?name=rms:invite", &websocket.DialOptions{
		OnPingReceived: func(context.Context, []byte) bool {
			pinged <- struct{}{}
			return false
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	heard := make(chan error, 2)
	go func() {
		for range 2 {
			_, _, err := conn.Read(context.Background())
			heard <- err
		}
	}()
	<-pinged
	h.dial()
	if err := <-heard; err != nil {
		t.Fatalf("no event behind a ping without pong: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.server.Close(ctx); err != nil {
		t.Errorf("the stop waits for the pong: %v", err)
	}
	if err := <-heard; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
}
