package call_test

import (
	"strings"
	"testing"

	"rms/call"
	"rms/media/target"
)

// told lists the events of mod_audio_stream with their bodies.
func (h *house) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, ev := range h.events {
		if name, ok := strings.CutPrefix(ev.Name, "mod_audio_stream::"); ok {
			out = append(out, name+" "+ev.Get("body").(string))
		}
	}
	return out
}

func TestEventsOfEachGeneration(t *testing.T) {
	t.Parallel()
	const connected = `connect {"status":"connected"}`
	refused := &target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"}
	forbidden := &target.ConnectError{
		Code: target.CodeConnectFailed, Text: "WebSocket upgrade failed", HTTPStatus: 403, StatusLine: "HTTP/1.1 403 Forbidden", Final: true,
	}
	ended := func(code, reason string) string {
		return `disconnect {"status":"disconnected","message":{"code":` + code + `,"reason":"` + reason + `"}}`
	}
	dropped := target.Ended{
		By: target.ByError, Code: 1006, Reason: "Abnormal closure", Error: target.CodeIO,
		Text: "Connection closed without WebSocket CLOSE (abnormal EOF)", Again: true,
	}
	broken := `error {"status":"error","message":{"code":1,"error":"Connection closed without WebSocket CLOSE (abnormal EOF)"}}`
	refusedG1 := `error {"status":"error","message":{"retries":1,"error":"Unable to connect to HOST on port 80, error: Connect error: Connection refused","wait_time":100,"http_status":0}}`
	forbiddenG1 := `error {"status":"error","message":{"retries":1,"error":"Expecting status 101 (Switching Protocol), got 403 status connecting to URL, HTTP Status line: HTTP/1.1 403 Forbidden\r\n","wait_time":100,"http_status":403}}`
	for _, test := range []struct {
		name, compat string
		fail         error
		end          *target.Ended // nil: we stop it
		want         []string
	}{
		{"own stop", "g1", nil, nil, []string{connected, ended("1000", "Normal closure")}},
		{"own stop", "g2", nil, nil, []string{connected}},
		{"own stop", "best", nil, nil, []string{connected, ended("1000", "Normal closure")}},
		{"server close", "g1", nil, &target.Ended{By: target.ByRemote, Code: 4001, Reason: "bye now"}, []string{connected, ended("4001", "bye now")}},
		{"server close", "g2", nil, &target.Ended{By: target.ByRemote, Code: 4001, Reason: "bye now"}, []string{connected, ended("4001", "bye now")}},
		{"server close", "best", nil, &target.Ended{By: target.ByRemote, Code: 4001, Reason: "bye now"}, []string{connected, ended("4001", "bye now")}},
		{"TCP drop", "g1", nil, &dropped, []string{connected, ended("1006", "Abnormal closure")}},
		{"TCP drop", "g2", nil, &dropped, []string{connected, broken}},
		{"TCP drop", "best", nil, &dropped, []string{connected, broken, ended("1006", "Abnormal closure")}},
		{"refused", "g1", refused, nil, []string{refusedG1}},
		{"refused", "g2", refused, nil, []string{`error {"status":"error","message":{"code":6,"error":"Connection refused (system error 111)"}}`}},
		{"refused", "best", refused, nil, []string{`error {"status":"error","message":{"code":6,"error":"Connection refused (system error 111)"}}`, ended("1006", "Abnormal closure")}},
		{"403", "g1", forbidden, nil, []string{forbiddenG1}},
		{"403", "g2", forbidden, nil, []string{`error {"status":"error","message":{"code":6,"error":"WebSocket upgrade failed"}}`}},
		{"403", "best", forbidden, nil, []string{`error {"status":"error","message":{"code":6,"error":"WebSocket upgrade failed","http_status":403}}`, ended("1006", "Abnormal closure")}},
	} {
		t.Run(test.compat+" "+test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil, func(o *call.Options) { o.Streams.Compat = test.compat })
			var fails []error
			if test.fail != nil {
				fails = append(fails, test.fail)
			}
			u, far := h.newBooth(fails...)
			h.runs(starts(map[string]any{"url": ws(u)}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			if test.fail == nil {
				b := far(0)
				if test.end != nil {
					b.end(*test.end)
				} else if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_stop"); return err }); err != nil {
					t.Fatal(err)
				}
			}
			h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e) // always
			h.bye(c)
			host, _, _ := strings.Cut(strings.TrimPrefix(u, "booth://"), "/")
			got := strings.NewReplacer(ws(u), "URL", host, "HOST").Replace(strings.Join(h.told(), "\n"))
			if got != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(test.want, "\n"))
			}
		})
	}
}

func TestGenerationsPlayNothingByThemselves(t *testing.T) {
	t.Parallel()
	for compat, plays := range map[string]bool{"g1": false, "g2": false, "best": true} {
		t.Run(compat, func(t *testing.T) {
			t.Parallel()
			dir, files := temp(t)
			h := newHouse(t, nil, dir, func(o *call.Options) { o.Streams.Compat = compat })
			u, far := h.newBooth()
			h.runs(starts(map[string]any{"url": ws(u)}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:stream_connect")
			clip := rawClip(0)
			for range 8000 {
				clip.Data = append(clip.Data, 0, 32)
			}
			if err := far(0).ear().Clip(clip); err != nil {
				t.Fatal(err)
			}
			h.run(1200*1e6, e)
			if heard := len(e.packets) > 10; heard != plays {
				t.Errorf("%d packets", len(e.packets))
			}
			if n := len(h.seen("mod_audio_stream::play")); n != 1 {
				t.Errorf("%d events of audio", n)
			}
			if n := len(files()); !plays && n != 1 {
				t.Errorf("%d files for the script to play", n)
			}
			h.bye(c)
			eventually(t, "files removed", func() bool { return len(files()) == 0 })
		})
	}
}

func TestTextsOfAServerComeVerbatim(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": ws(u)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for _, text := range []string{`{ "a" : 1 }`, "plain text", "", "two\nlines \x00", `{"type":"streamAudio","data":{"audioDataType":"opus"}}`} {
		far(0).ear().Text(text)
		ours, native := h.wait("rms:stream_json"), h.wait("mod_audio_stream::json")
		if ours.Get("text") != text || native.Get("body") != text {
			t.Errorf("%q: %q and %q", text, ours.Get("text"), native.Get("body"))
		}
	}
	h.bye(c)
}

func TestOtherTargetsHaveNoEventsOfModAudioStream(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	far(0).ear().Text("x")
	h.bye(c)
	if got := h.told(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
