package call_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/call"
	"rms/media/wire/audiostream"
	"rms/sip/siptest"
)

// webserver is a websocket server that notes what it gets.
type webserver struct {
	*httptest.Server
	mu     sync.Mutex
	texts  []string
	first  websocket.MessageType // of the first message
	frames int
	audio  int // bytes
	closed websocket.CloseError
	conns  int
}

func newWebserver(t *testing.T) *webserver {
	t.Helper()
	w := &webserver{}
	done, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		if r.URL.Path == "/403" {
			http.Error(rw, "no", http.StatusForbidden)
			return
		}
		c, err := websocket.Accept(rw, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer func() { _ = c.CloseNow() }()
		w.mu.Lock()
		w.conns++
		w.mu.Unlock()
		for {
			kind, data, err := c.Read(done)
			w.mu.Lock()
			if err != nil {
				_ = errors.As(err, &w.closed)
				w.mu.Unlock()
				return
			}
			if w.first == 0 {
				w.first = kind
			}
			if kind == websocket.MessageText {
				w.texts = append(w.texts, string(data))
			} else {
				w.frames++
				w.audio += len(data)
			}
			w.mu.Unlock()
		}
	}))
	t.Cleanup(func() {
		stop()
		w.Server.Close()
		running.Wait()
	})
	return w
}

func (w *webserver) url() string { return "ws" + strings.TrimPrefix(w.Server.URL, "http") }

func (w *webserver) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.texts...)
}

// api runs commands in the script of a call, UUID in them replaced by the
// id of the call in question, and returns the replies.
func (h *house) api(c *siptest.Call, uuid string, commands ...string) []string {
	h.t.Helper()
	var replies []string
	err := h.inScript(c, func(x *call.Exec) error {
		for _, command := range commands {
			reply := x.API(strings.ReplaceAll(command, "UUID", uuid))
			replies = append(replies, reply)
			if v, err := do(x, "api", "nonsense"); err != nil || v != "-ERR nonsense Command not found!\n" {
				return fmt.Errorf("rms_api: %v, %w", v, err)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return replies
}

func TestRepliesOfUUIDAudioStream(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	w := newWebserver(t)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	steps := []struct{ command, reply string }{
		{"uuid_audio_stream", audiostream.Usage},
		{"uuid_audio_stream UUID", audiostream.Usage},
		{"uuid_audio_stream UUID start " + w.url(), audiostream.Usage},
		{"uuid_audio_stream nobody stop", audiostream.Failed},
		{"uuid_audio_stream UUID stop", audiostream.Failed},
		{"uuid_audio_stream UUID pause", audiostream.Failed},
		{"uuid_audio_stream UUID resume", audiostream.Failed},
		{"uuid_audio_stream UUID send_text x", audiostream.Failed},
		{"uuid_audio_stream UUID graceful-shutdown", audiostream.Failed},
		{"uuid_audio_stream UUID dance", audiostream.Failed},
		{"uuid_audio_stream UUID start http://h/ mono", audiostream.Failed},
		{"uuid_audio_stream UUID start ws://u:p@h/ mono", audiostream.Failed},
		{"uuid_audio_stream UUID start " + w.url() + " mono 11025", audiostream.Failed},
		{"uuid_audio_stream UUID start " + w.url() + " mono 0", audiostream.Failed},
		{"uuid_audio_stream UUID start " + w.url() + " mono abc", audiostream.Failed},
		{"uuid_audio_stream UUID start " + w.url() + " mono 8k " + strings.Repeat("m", 8193), audiostream.Failed},
		{"uuid_audio_stream UUID start " + w.url() + " quadro", audiostream.NoReply},
		{"uuid_audio_stream UUID start " + w.url() + " MONO", audiostream.NoReply},
		{"uuid_audio_stream UUID start " + w.url() + " mono 8k a\xff", audiostream.NoReply},
		{"uuid_audio_stream UUID send_text", audiostream.NoReply},
		{"uuid_audio_stream UUID START " + w.url() + `/x mono 16k {"hello":"meta data  with spaces"}`, audiostream.OK},
		{"uuid_audio_stream UUID start " + w.url() + " mono", audiostream.Failed},
		{"uuid_audio_stream UUID pause", audiostream.OK},
		{"uuid_audio_stream UUID resume", audiostream.OK},
		{"uuid_audio_stream UUID send_text two  words", audiostream.OK},
		{"uuid_audio_stream UUID send_text a\xff", audiostream.NoReply},
		{"  uuid_audio_stream UUID graceful-shutdown", audiostream.OK},
	}
	var commands []string
	for _, s := range steps {
		commands = append(commands, s.command)
	}
	for i, reply := range h.api(c, uuid, commands...) {
		if reply != steps[i].reply {
			t.Errorf("%s: %q, want %q", cutTest(steps[i].command), reply, steps[i].reply)
		}
	}
	h.pump("texts", func() bool { return len(w.said()) == 2 })
	if got := w.said(); got[0] != `{"hello":"meta data  with spaces"}` || got[1] != "two  words" {
		t.Errorf("texts %q", got)
	}
	if reply := h.api(c, uuid, "uuid_audio_stream UUID stop bye bye  now")[0]; reply != audiostream.OK {
		t.Errorf("stop: %q", reply)
	}
	h.pump("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 })
	eventually(t, "close", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.closed.Code != 0 })
	if got := w.said(); len(got) != 3 || got[2] != "bye bye  now" || w.closed.Code != 1000 || w.closed.Reason != "Normal closure" {
		t.Errorf("texts %q, close %v", got, w.closed)
	}
	// A start succeeds also when nobody is there, or says no: that is an event.
	for i, url := range []string{"ws://" + l.Addr().String(), w.url() + "/403"} {
		before := len(h.seen("rms:stream_error"))
		if reply := h.api(c, uuid, "uuid_audio_stream UUID start "+url+" mono")[0]; reply != audiostream.OK {
			t.Errorf("start of %s: %q", url, reply)
		}
		h.pump("error", func() bool { return len(h.seen("rms:stream_disconnect")) == i+2 })
		if len(h.seen("rms:stream_error")) != before+1 {
			t.Errorf("no error of %s", url)
		}
	}
	ev := h.wait("rms:stream_error")
	if ev.Get("http_status") != int64(403) || ev.Get("body") != `{"status":"error","message":{"code":6,"error":"WebSocket upgrade failed","http_status":403}}` {
		t.Errorf("403: %v", ev.Fields)
	}
	h.bye(c)
}

func cutTest(s string) string { return s[:min(len(s), 120)] }

func TestTheReasonOfARefusedCommandIsAnEventOfItsCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	for command, says := range map[string]string{
		"uuid_audio_stream UUID stop": "no stream", "uuid_audio_stream UUID start ws://h/ mono 11025": "11025", "rst_stop UUID": "no stream",
		"uuid_audio_fork UUID stop nobody": "no stream",
	} {
		before := len(h.seen("rms:stream_error"))
		h.api(c, uuid, command)
		list := h.seen("rms:stream_error")[before:]
		if len(list) != 1 || !strings.Contains(list[0].Get("error").(string), says) || list[0].Get("code") != int64(0) {
			t.Errorf("%s: %v, want %q", command, list, says)
		}
	}
	if n := len(h.told()); n != 0 {
		t.Errorf("the original told nothing: %q", h.told())
	}
	h.bye(c)
}

func TestStartOnACallThatIsNotAnsweredGivesItEarlyMedia(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	w := newWebserver(t)
	replies := make(chan string, 2)
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		replies <- x.API("uuid_audio_stream " + x.CallID() + " start http://refused/ mono")
		replies <- x.API("uuid_audio_stream " + x.CallID() + " start " + w.url() + " stereo 8k")
		return nil
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	m := c.Expect(183)
	e.aim(m.Body)
	if a, b := <-replies, <-replies; a != audiostream.Failed || b != audiostream.OK {
		t.Errorf("%q, %q", a, b)
	}
	h.wait("mod_audio_stream::connect")
	h.pump("audio", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.audio >= 50*640 })
	w.mu.Lock()
	if w.audio != w.frames*640 || w.first != websocket.MessageBinary || len(w.texts) != 0 {
		t.Errorf("%d frames of %d bytes, want 640 each; texts %q", w.frames, w.audio, w.texts)
	}
	w.mu.Unlock()
	c.Cancel()
	c.Expect(200)
	c.Expect(487)
	c.AckRefusal()
	h.wait("rms:end")
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != "local" {
		t.Errorf("ended %v", ev.Fields)
	}
	eventually(t, "close", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.closed.Code == 1000 })
}

func TestMetadataIsTheFirstFrameOfEachConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	w := newWebserver(t)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	if r := h.api(c, uuid, "uuid_audio_stream UUID start "+w.url()+" mono 8k first")[0]; r != audiostream.OK {
		t.Fatal(r)
	}
	h.pump("audio", func() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.frames > 5 })
	w.mu.Lock()
	if w.first != websocket.MessageText || w.texts[0] != "first" || w.audio%320 != 0 {
		t.Errorf("first message %v, texts %q, %d bytes", w.first, w.texts, w.audio)
	}
	w.mu.Unlock()
	h.bye(c)
}

func TestForkHasSeveralNamedStreamsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	one, two := newWebserver(t), newWebserver(t)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	got := h.api(c, uuid,
		"uuid_audio_fork UUID start "+one.Server.URL+" mono 8k one",
		"uuid_audio_fork UUID start "+two.url()+` stereo 16k two {"a": 1}`,
		"uuid_audio_fork UUID start "+two.url()+" stereo 16k two",
		`uuid_audio_fork UUID send_text two {"b": 2}`,
		"uuid_audio_fork UUID pause one", "uuid_audio_fork UUID resume one", "uuid_audio_fork UUID stop_play two",
		"uuid_audio_fork UUID stop nobody",
	)
	want := []string{
		audiostream.OK, audiostream.OK, audiostream.Failed, audiostream.OK, audiostream.OK, audiostream.OK, audiostream.OK, audiostream.Failed,
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("command %d: %q, want %q", i, got[i], want[i])
		}
	}
	h.pump("texts", func() bool { return len(two.said()) == 2 })
	if said := two.said(); said[0] != `{"a": 1}` || said[1] != `{"b": 2}` {
		t.Errorf("texts %q", said)
	}
	if r := h.api(c, uuid, "uuid_audio_fork UUID stop two {bye}")[0]; r != audiostream.OK {
		t.Errorf("stop: %q", r)
	}
	h.pump("one end", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 })
	if said := two.said(); len(said) != 3 || said[2] != "{bye}" {
		t.Errorf("texts %q", said)
	}
	one.mu.Lock()
	before := one.frames
	one.mu.Unlock()
	h.pump("the other goes on", func() bool { one.mu.Lock(); defer one.mu.Unlock(); return one.frames > before+5 })
	h.bye(c)
}

func TestRepliesOfModRST(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	port := fmt.Sprint(server.LocalAddr().(*net.UDPAddr).Port)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	steps := []struct{ command, reply string }{
		{"uuid_rst", audiostream.RSTFailed},
		{"uuid_rst UUID", audiostream.RSTFailed},
		{"uuid_rst UUID 127.0.0.1", audiostream.RSTFailed},
		{"uuid_rst UUID 127.0.0.1 0", audiostream.RSTFailed},
		{"uuid_rst nobody 127.0.0.1 " + port, audiostream.RSTFailed},
		{"uuid_rst UUID 127.0.0.1 " + port, "-ERR no reply\n"},
		{"uuid_rst UUID 127.0.0.1 " + port, audiostream.RSTFailed},
		{"rst_stop", audiostream.RSTUsage},
		{"rst_stop nobody", audiostream.RSTFailed},
	}
	var commands []string
	for _, s := range steps {
		commands = append(commands, s.command)
	}
	for i, reply := range h.api(c, uuid, commands...) {
		if reply != steps[i].reply {
			t.Errorf("%s: %q, want %q", steps[i].command, reply, steps[i].reply)
		}
	}
	h.wait("rms:stream_connect")
	h.talk(e, 1000, 200*time.Millisecond)
	if reply := h.api(c, uuid, "rst_stop UUID")[0]; reply != "-ERR no reply\n" {
		t.Errorf("rst_stop: %q", reply)
	}
	h.pump("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 })
	var kinds []string
	buf := make([]byte, 2048)
	for {
		_ = server.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := server.Read(buf)
		if err != nil {
			break
		}
		kind := string(buf[:4])
		if !strings.Contains(string(buf[:n]), uuid) {
			t.Errorf("datagram without the UUID: %q", buf[:min(n, 60)])
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != kind {
			kinds = append(kinds, kind)
		}
	}
	if got := strings.Join(kinds, "|"); got != "INV |DATA|BYE " {
		t.Errorf("datagrams %s", got)
	}
	h.bye(c)
}
