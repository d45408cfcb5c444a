package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/scripting/httpapi"
)

// listen opens the websocket of a recording.
func (h *house) listen(path string) (*websocket.Conn, context.Context) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	h.t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, strings.Replace(h.base, "http", "ws", 1)+path, &websocket.DialOptions{HTTPClient: h.client})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws, ctx
}

func told(t *testing.T, ctx context.Context, ws *websocket.Conn) (event string, fields map[string]any) {
	t.Helper()
	kind, text, err := ws.Read(ctx)
	if err != nil || kind != websocket.MessageText {
		t.Fatalf("%v, %v", kind, err)
	}
	var ev struct {
		Event  string         `json:"event"`
		Fields map[string]any `json:"fields"`
	}
	if err := json.Unmarshal(text, &ev); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return ev.Event, ev.Fields
}

func TestListeningToARecordingWhileItGrows(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	g := d.Grow("g1", "g.wav")
	g.Add(4000)
	for _, from := range []string{"start", "now"} {
		ws, ctx := h.listen("/v1/recordings/g1/live?from=" + from)
		event, fields := told(t, ctx, ws)
		begin := 0
		if from == "now" {
			begin = g.Frames
		}
		if event != "recording" || fields["rate"] != 8000.0 || fields["channels"] != 2.0 || fields["encoding"] != "l16le" || fields["at_ms"] != float64(begin/8) {
			t.Errorf("%s: %s %v", from, event, fields)
		}
		g.Add(1650)
		if from == "now" {
			g.End()
		}
		at := begin
		for at < g.Frames-1600 || from == "now" && at < g.Frames {
			kind, b, err := ws.Read(ctx)
			if err != nil || kind != websocket.MessageBinary || len(b)%4 != 0 {
				t.Fatalf("%s at %d: %v, %v", from, at, kind, err)
			}
			for i := 0; i < len(b); i += 4 {
				if l, r := int(b[i])|int(b[i+1])<<8, int(b[i+2])|int(b[i+3])<<8; l != at || r != at {
					t.Fatalf("%s: sample %d is %d %d", from, at, l, r)
				}
				at++
			}
		}
		if from == "start" {
			if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil && websocket.CloseStatus(err) == -1 {
				t.Logf("%v", err)
			}
			continue
		}
		if event, fields = told(t, ctx, ws); event != "recording_end" || fields["duration_ms"] != float64(g.Frames/8) {
			t.Errorf("%s %v", event, fields)
		}
		if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatCannotBeListenedTo(t *testing.T) {
	t.Parallel()
	h, d := archive(t, func(o *httpapi.Options) { o.MaxStreams = 1 })
	d.Put("r1", "a.wav", 8)
	d.Grow("g1", "g.wav")
	h.expect(426, h.get("/v1/recordings/g1/live"))
	upgrade := []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
	h.expect(409, h.get("/v1/recordings/r1/live", upgrade...))
	h.expect(404, h.get("/v1/recordings/zz/live", upgrade...))
	h.expect(400, h.get("/v1/recordings/g1/live?from=never", upgrade...))
	ws, ctx := h.listen("/v1/recordings/g1/live")
	told(t, ctx, ws)
	h.expect(503, h.get("/v1/recordings/g1/live", upgrade...))
	h.expect(503, h.get("/v1/recordings/g1/audio?follow=1"))
	go func() { _ = ws.CloseNow() }()
	h.until("the place is free", func() bool {
		ws, _, err := websocket.Dial(ctx, strings.Replace(h.base, "http", "ws", 1)+"/v1/recordings/g1/live", &websocket.DialOptions{HTTPClient: h.client})
		if err == nil {
			_ = ws.CloseNow()
		}
		return err == nil
	})
}

func TestTheServerStopsWhileSomebodyListens(t *testing.T) {
	t.Parallel()
	h, d := archive(t)
	d.Grow("g1", "g.wav").Add(10)
	ws, ctx := h.listen("/v1/recordings/g1/live")
	told(t, ctx, ws)
	closed := make(chan error, 1)
	go func() { closed <- h.server.Close(ctx) }()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusGoingAway {
				t.Errorf("%v", err)
			}
			break
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
