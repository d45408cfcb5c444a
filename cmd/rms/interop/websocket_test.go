//go:build linux

package interop_test

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const metadata = `{"call": "of the interop tests", "n": 1}`

// playPrompt plays promptHz to the caller for as long as a call here lasts.
const playPrompt = `  rms_play{ file = "prompt.wav", route = "over" }`

func promptRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "prompt.wav"), "30", fmt.Sprint(promptHz), "-r", "16000", "-c", "1", "-b", "16")
	return dir
}

// luaString writes a Lua string that holds text as it is.
func luaString(text string) string { return "[==[" + text + "]==]" }

func (p *peer) url(path string) string { return "ws://127.0.0.1:" + p.port + path }

func TestWsServerGetsFramesOfExactSizeWithEachSideInItsPlace(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	tests := []struct {
		name, mix, rate, more string
		size                  int
		length                time.Duration
		hz                    int
		sides                 [][]float64
	}{
		{"mono", "mono", "8k", "", 320, 20 * time.Millisecond, 8000, [][]float64{{callerHz}}},
		{"mono16", "mono", "16000", "", 640, 20 * time.Millisecond, 16000, [][]float64{{callerHz}}},
		{"mixed", "mixed", "8000", "", 320, 20 * time.Millisecond, 8000, [][]float64{{callerHz, promptHz}}},
		{"stereo", "stereo", "8000", "", 640, 20 * time.Millisecond, 8000, [][]float64{{callerHz}, {promptHz}}},
		{"stereo48", "stereo", "48000", "", 3840, 20 * time.Millisecond, 48000, [][]float64{{callerHz}, {promptHz}}},
		{"buffer100", "mono", "8000", "100", 1600, 100 * time.Millisecond, 8000, [][]float64{{callerHz}}},
	}
	var starts []string
	for _, test := range tests {
		text := fmt.Sprintf(`url = %q, name = %q, mix = %q, rate = %q, metadata = %s`, p.url("/"+test.name), test.name, test.mix, test.rate, luaString(metadata))
		if test.more != "" {
			text += ", buffer = " + test.more
		}
		starts = append(starts, text)
	}
	s := startServer(t, firstServer, streams(playPrompt, starts...), promptRoot(t))
	c := ring(t, s, "5s")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			open := p.see(1, "open", func(o sighting) bool { return o.Path == "/"+test.name })
			end := p.end(open.ID)
			first := p.see(1, "first", func(o sighting) bool { return o.ID == open.ID })
			text := p.see(1, "text", func(o sighting) bool { return o.ID == open.ID })
			if first.Kind != "text" || text.Text != metadata || text.Frames != 0 || end.Texts != 1 {
				t.Errorf("first message %s, text %q after %d frames, %d texts; want the metadata first and alone", first.Kind, text.Text, text.Frames, end.Texts)
			}
			if end.Code != 1000 || end.Reason != "Normal closure" {
				t.Errorf("closed with %d %q, want 1000 Normal closure", end.Code, end.Reason)
			}
			wantFrames(t, test.name, end, test.size, test.length)
			for n, tones := range test.sides {
				pcm := end.audio(t)
				if len(test.sides) > 1 {
					pcm = side(pcm, n)
				}
				wantTones(t, fmt.Sprintf("%s side %d", test.name, n), middle(pcm, test.hz), test.hz, tones...)
			}
		})
	}
	c.over(t).undisturbed(t, 4*time.Second)
}

func TestStopTextIsLastAndPauseLeavesAudioOut(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot", metadata = "meta data"`, p.url("/"))), promptRoot(t))
	c := ring(t, s, "-1s")
	p.see(1, "second", nil)
	p.do(map[string]any{"do": "text", "text": "do say two words"})
	p.see(1, "text", func(o sighting) bool { return o.Text == "two words" })
	p.do(map[string]any{"do": "text", "text": "do pause"})
	s.moment(t, 2, "json")
	before, during := p.report(), sighting{}
	eventually(t, 30*time.Second, "a second without a frame", func() bool { // behind those under way
		time.Sleep(time.Second)
		before, during = during, p.report()
		return during.Frames == before.Frames
	})
	p.do(map[string]any{"do": "text", "text": "do resume"})
	time.Sleep(500 * time.Millisecond)
	after := p.report()
	eventually(t, 30*time.Second, "frames after the pause", func() bool { after = p.report(); return after.Frames >= during.Frames+15 })
	if n, most := after.Frames-during.Frames, (after.At-during.At)/20+5; float64(n) > most {
		t.Errorf("%d frames after a pause, want %.0f at most: no burst", n, most)
	}
	p.do(map[string]any{"do": "text", "text": `do stop {"bye": 1}`})
	end := p.end(1)
	last := p.sightings("text", nil)
	if n := len(last); n != 3 || last[n-1].Text != `{"bye": 1}` || last[n-1].Frames != end.Frames || end.Last != "text" {
		t.Errorf("texts %v, %d frames in all; want the stop text last", last, end.Frames)
	}
	if end.Code != 1000 {
		t.Errorf("closed with %d", end.Code)
	}
	if m := s.moment(t, 1, "disconnect"); !strings.HasPrefix(m.text, `local {"status":"disconnected","message":{"code":1000,"reason":"Normal closure"}}`) {
		t.Errorf("disconnect: %v", m)
	}
	c.stop(t, 30*time.Second)
}

// report asks what the latest stream brought.
func (p *peer) report() sighting {
	p.t.Helper()
	n := len(p.sightings("report", nil))
	p.do(map[string]any{"do": "report"})
	return p.see(n+1, "report", nil)
}

func TestDeflateIsNegotiatedWithoutContextAndSavesBytes(t *testing.T) {
	p := startPeer(t, "ws-server.js", "--deflate")
	s := startServer(t, firstServer, streams("",
		fmt.Sprintf(`url = %q, name = "small", deflate = true, metadata = "m"`, p.url("/small")),
		fmt.Sprintf(`url = %q, name = "plain", metadata = "m"`, p.url("/plain"))), promptRoot(t))
	c := ring(t, s, "3s")
	open := p.see(1, "open", func(o sighting) bool { return o.Path == "/small" })
	p.do(map[string]any{"do": "text", "id": open.ID, "text": strings.Repeat("compressed text ", 100)})
	if m := s.moment(t, 1, "json"); m.text != strings.Repeat("compressed text ", 100) {
		t.Errorf("a compressed text arrived as %q", m.text)
	}
	small := p.end(open.ID)
	if open.Extensions != "permessage-deflate" || open.Response["client_no_context_takeover"] != true || open.Response["server_no_context_takeover"] != true {
		t.Errorf("extensions %q with %v, want permessage-deflate without context takeover", open.Extensions, open.Response)
	}
	if small.Wire > small.Bytes*3/4 {
		t.Errorf("%d bytes of audio took %d bytes of TCP", small.Bytes, small.Wire)
	}
	wantFrames(t, "compressed", small, 320, 20*time.Millisecond)
	wantTones(t, "compressed", middle(small.audio(t), 8000), 8000, callerHz)

	plain := p.see(1, "open", func(o sighting) bool { return o.Path == "/plain" })
	if offered, ok := plain.Headers["sec-websocket-extensions"]; ok || plain.Extensions != "" {
		t.Errorf("without deflate, %q was offered", offered)
	}
	c.over(t)
}

func TestHeadersAndAuthenticationReachTheWsServer(t *testing.T) {
	p := startPeer(t, "ws-server.js", "--protocol", "audio.drachtio.org")
	s := startServer(t, firstServer, streams(`  rms_set("STREAM_EXTRA_HEADERS", '{"X-Tenant": "blue", "X-Two": "2"}')`,
		fmt.Sprintf(`url = %q, name = "basic", user = "alice", password = "s:ecret", subprotocol = "audio.drachtio.org"`, p.url("/basic?key=1")),
		fmt.Sprintf(`url = %q, name = "bearer", token = "abc.def", headers = { ["X-Own"] = "mine" }`, p.url("/bearer"))), promptRoot(t))
	c := ring(t, s, "2s")
	basic := p.see(1, "open", func(o sighting) bool { return o.Path == "/basic?key=1" })
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:s:ecret")); basic.Headers["authorization"] != want {
		t.Errorf("authorization %q, want %q", basic.Headers["authorization"], want)
	}
	if basic.Protocol != "audio.drachtio.org" || basic.Headers["x-tenant"] != "blue" || basic.Headers["x-two"] != "2" {
		t.Errorf("sub-protocol %q, headers %v", basic.Protocol, basic.Headers)
	}
	bearer := p.see(1, "open", func(o sighting) bool { return o.Path == "/bearer" })
	if bearer.Headers["authorization"] != "Bearer abc.def" || bearer.Headers["x-own"] != "mine" {
		t.Errorf("headers %v", bearer.Headers)
	}
	c.over(t)
}

func TestWsServersThatRefuseGiveAnErrorWithItsReason(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("",
		fmt.Sprintf(`url = %q, name = "refused"`, p.url("/refuse/403")),
		fmt.Sprintf(`url = %q, name = "moved"`, p.url("/redirect")),
		fmt.Sprintf(`url = %q, name = "mute", connect_timeout = "1s"`, p.url("/never")),
		`url = "ws://127.0.0.1:1/", name = "nobody"`,
		fmt.Sprintf(`url = %q, name = "shut"`, p.url("/shut"))), promptRoot(t))
	c := ring(t, s, "3s")
	c.over(t)
	want := map[string]string{"refused": "6", "moved": "6", "mute": "10", "nobody": "6"}
	s.moment(t, len(want), "error")
	for _, m := range s.moments("error") {
		if want[m.name] != m.code {
			t.Errorf("%s: error %s %s, want %s", m.name, m.code, m.text, want[m.name])
		}
		delete(want, m.name)
		if m.name == "refused" && (!strings.Contains(m.text, "WebSocket upgrade failed") || !strings.Contains(m.text, `"http_status":403`)) {
			t.Errorf("refused with 403: %s", m.text)
		}
	}
	if len(want) > 0 {
		t.Errorf("no error for %v", want)
	}
	ended := map[string]string{}
	s.moment(t, 1, "disconnect")
	for _, m := range s.moments("disconnect") {
		ended[m.name] = m.code + " " + m.text
	}
	if !strings.HasPrefix(ended["shut"], "4001 remote ") || !strings.Contains(ended["shut"], `"reason":"bye now"`) {
		t.Errorf("a server that closes with 4001: %q", ended["shut"])
	}
	if opened := p.sightings("open", nil); len(opened) != 1 {
		t.Errorf("%d connections were opened, want the one to /shut: a redirect is not followed, no reconnect after 4001", len(opened))
	}
}

func TestPingsGoBothWays(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot", heartbeat = "1s"`, p.url("/"))), promptRoot(t))
	c := ring(t, s, "-1s")
	p.see(1, "open", nil)
	p.do(map[string]any{"do": "ping", "data": "are you there"})
	if pong := p.see(1, "pong", nil); pong.Data != "are you there" {
		t.Errorf("pong %q", pong.Data)
	}
	if ping := p.see(2, "ping", nil); ping.Data != "ping" {
		t.Errorf("heartbeat %q, want ping", ping.Data)
	}
	c.stop(t, 30*time.Second)
}
