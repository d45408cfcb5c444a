package target_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

// wsHears opens a stream whose server runs script, then closes, and returns the reader.
func wsHears(t *testing.T, change func(o *target.Options), script func(p *wsPeer)) *wsStream {
	t.Helper()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		script(p)
		p.goodbye(1000, "")
		p.closing()
	})
	o := far.options()
	change(o)
	s := openWS(t, o)
	if e := s.over(); e.By != target.ByRemote || e.Code != 1000 {
		t.Errorf("ended %+v", e)
	}
	return s
}

func wsAsIs(*target.Options) {}

func TestWebsocketBinaryInIsPCMAtPlayRateWithTheOddByteCarried(t *testing.T) {
	t.Parallel()
	want := make([]int16, 5000)
	var raw []byte
	for i := range want {
		want[i] = int16(i * 31)
		raw = append(raw, byte(want[i]), byte(uint16(want[i])>>8))
	}
	s := wsHears(t, func(o *target.Options) { o.PlayRate = 24000 }, func(p *wsPeer) {
		// Lengths of messages: odd ones, an empty one, one byte, in fragments.
		p.send(0x82, raw[:321])
		p.send(0x82, nil)
		p.send(0x82, raw[321:322])
		p.send(0x82, raw[322:1001])
		p.send(0x02, raw[1001:2000])
		p.send(0x89, []byte("between"))
		p.send(0x00, raw[2000:2000])
		p.send(0x00, raw[2000:2003])
		p.send(0x80, raw[2003:3001])
		p.send(0x82, raw[3001:])
	})
	if s.ear.rate != 24000 || !slices.Equal(s.ear.pcm, want) {
		t.Errorf("%d samples of %d Hz, want %d of 24000, and the same", len(s.ear.pcm), s.ear.rate, len(want))
	}
	if s.ear.chunk > 480 {
		t.Errorf("%d samples at a time, want 20 ms", s.ear.chunk)
	}
	if st := s.conn.Stats(); st.FramesIn != 6 || st.BytesIn != 10000 {
		t.Errorf("%+v", st)
	}
}

// TestWebsocketDropsTheOddByteWithTheAudioThatIsKilled sends half a sample, which would
// put all that follows out of step.
func TestWebsocketDropsTheOddByteWithTheAudioThatIsKilled(t *testing.T) {
	t.Parallel()
	s := wsHears(t, wsAsIs, func(p *wsPeer) {
		p.send(0x82, []byte{1, 0, 2})
		p.send(0x81, []byte(`{"type":"killAudio"}`))
		p.send(0x82, []byte{3, 0, 4, 0})
	})
	if want := []int16{1, 3, 4}; !slices.Equal(s.ear.pcm, want) {
		t.Errorf("heard %v, want %v", s.ear.pcm, want)
	}
}

func TestWebsocketReadsAnyFragmentation(t *testing.T) {
	t.Parallel()
	s := wsHears(t, wsAsIs, func(p *wsPeer) {
		var all []byte
		all = append(all, wsBytes(0x01, []byte("he"))...)
		all = append(all, wsBytes(0x89, []byte("ping"))...)
		all = append(all, wsBytes(0x00, []byte("ll"))...)
		all = append(all, wsBytes(0x8a, []byte("stray pong"))...)
		all = append(all, wsBytes(0x80, []byte("o"))...)
		all = append(all, wsBytes(0x82, bytes.Repeat([]byte{1, 0}, 200))...)
		all = append(all, 0x81, 127, 0, 0, 0, 0, 0, 0, 0, 2, 'o', 'k') // longer than need be
		for _, b := range all {
			_, _ = p.Write([]byte{b})
		}
		if f, _ := p.frame(); f.op != 0xa || string(f.data) != "ping" {
			t.Errorf("%v, want the pong", f)
		}
	})
	if !slices.Equal(s.ear.texts, []string{"hello", "ok"}) || len(s.ear.pcm) != 200 {
		t.Errorf("heard %q and %d samples", s.ear.texts, len(s.ear.pcm))
	}
}

func TestWebsocketServerPingIsAnsweredWithItsPayload(t *testing.T) {
	t.Parallel()
	wsHears(t, wsAsIs, func(p *wsPeer) {
		for _, payload := range []string{"", "abc", strings.Repeat("\xff", 125)} {
			p.send(0x89, []byte(payload))
			if f, _ := p.frame(); f.op != 0xa || string(f.data) != payload {
				t.Errorf("ping %q, answer %v", payload, f)
			}
		}
	})
}

func TestWebsocketPingFloodNeitherStopsTheStreamNorGrowsIt(t *testing.T) {
	t.Parallel()
	const pings = 50000
	s := wsHears(t, wsAsIs, func(p *wsPeer) {
		flood := bytes.Repeat(wsBytes(0x89, make([]byte, 125)), 100)
		for range pings / 100 { // and reads no pong
			_, _ = p.Write(flood)
		}
		p.send(0x89, []byte("last"))
		p.text("still here")
		for {
			f, ok := p.frame()
			if !ok || f.op == 0xa && string(f.data) == "last" {
				break
			}
		}
	})
	if len(s.ear.texts) != 1 {
		t.Errorf("heard %q", s.ear.texts)
	}
}

func TestWebsocketPingsOfAServerThatDoesNotReadDoNotStopTheReader(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for range 200 {
			p.send(0x89, []byte("are you there"))
			p.text("data")
		}
		<-t.Context().Done()
	})
	s := openWS(t, far.options())
	go func() {
		for s.write(make([]int16, 80000)) == nil {
		}
	}()
	wsEventually(t, "all texts", func() bool { return s.conn.Stats().TextIn == 200 })
	s.conn.Close()
	s.over()
}

func TestWebsocketTextsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	audio := base64.StdEncoding.EncodeToString([]byte{1, 2, 3, 4})
	stream := `{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"` + audio + `","x":[1]}}`
	play := `{"type":"playAudio","data":{"audioContentType":"wave","audioContent":"` + audio + `","textContent":"hi"}}`
	texts := []string{
		stream, play, `{"type":"killAudio"}`, `{"type":"mark","data":{"name":"m"}}`, `{"type":"clearMarks"}`,
		`{"type":"disconnect"}`, "plain text", `{"type":"streamAudio","data":{}}`,
	}
	s := wsHears(t, wsAsIs, func(p *wsPeer) {
		for _, text := range texts {
			p.text(text)
		}
	})
	e := s.ear
	if got, want := e.heard(), "clip clip clear text mark text clear text text text text"; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	if len(e.clips) != 2 || len(e.marks) != 1 || len(e.cleared) != 2 || !slices.Equal(e.texts, texts[2:]) {
		t.Fatalf("clips %v, marks %q, cleared %v, texts %q", e.clips, e.marks, e.cleared, e.texts)
	}
	if c := e.clips[0]; c.Kind != "raw" || c.Rate != 8000 || !bytes.Equal(c.Data, []byte{1, 2, 3, 4}) || c.Text != stream ||
		c.Body != `{"audioDataType":"raw","sampleRate":8000,"x":[1]}` {
		t.Errorf("clip %+v", c)
	}
	if c := e.clips[1]; c.Kind != "wav" || c.Text != play {
		t.Errorf("clip %+v", c)
	}
	if e.marks[0] != "m" || e.cleared[0] || !e.cleared[1] {
		t.Errorf("mark %q, cleared %v", e.marks[0], e.cleared)
	}
}

// marksEar can drop marks alone.
type marksEar struct {
	wsEar
	dropped atomic.Int32
}

func (e *marksEar) ClearMarks() { e.dropped.Add(1) }

func TestWebsocketClearMarksKeepsTheAudioWhenTheHandlerCan(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		p.text(`{"type":"clearMarks"}`)
		p.goodbye(1000, "")
		p.closing()
	})
	e := &marksEar{}
	dialWS(t, far.options()).Serve(e)
	if e.dropped.Load() != 1 || len(e.cleared) != 0 {
		t.Errorf("marks dropped %d times, cleared %v", e.dropped.Load(), e.cleared)
	}
}

func TestWebsocketG1DoesNotKnowPCMU(t *testing.T) {
	t.Parallel()
	text := `{"type":"streamAudio","data":{"audioDataType":"pcmu","audioData":"AAAA"}}`
	for compat, want := range map[string]string{"g1": "text", "g2": "clip", "best": "clip"} {
		s := wsHears(t, func(o *target.Options) { o.Compat = compat }, func(p *wsPeer) { p.text(text) })
		if got := s.ear.heard(); got != want {
			t.Errorf("%s: %s", compat, got)
		}
	}
}

// wsRefuses opens a stream whose server writes bytes, and returns the end, the code and
// the reason that the server was told.
func wsRefuses(t *testing.T, script func(p *wsPeer)) (target.Ended, int, string, *wsStream) {
	t.Helper()
	told := make(chan wsGoodbye, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		go script(p)
		code, reason := p.closing()
		told <- wsGoodbye{code, reason}
	})
	s := openWS(t, far.options())
	e := s.over()
	g := wsGot(t, told)
	return e, g.code, g.reason, s
}

type wsGoodbye struct {
	code   int
	reason string
}

func TestWebsocketMistakesOfTheServerEndTheStreamWithTheirCode(t *testing.T) {
	t.Parallel()
	write := func(b ...byte) func(p *wsPeer) {
		return func(p *wsPeer) { _, _ = p.Write(b) }
	}
	text := func(s string) func(p *wsPeer) { return func(p *wsPeer) { p.text(s) } }
	for name, c := range map[string]struct {
		script func(p *wsPeer)
		close  int
		code   int
	}{
		"masked frame":              {write(0x82, 0x84, 1, 2, 3, 4, 5, 6, 7, 8), 1002, target.CodeServerMasked},
		"masked ping":               {write(0x89, 0x80, 1, 2, 3, 4), 1002, target.CodeServerMasked},
		"masked close":              {write(0x88, 0x80, 1, 2, 3, 4), 1002, target.CodeServerMasked},
		"reserved bit 1":            {write(0xc2, 0), 1002, target.CodeInvalidHeader},
		"reserved bit 2":            {write(0xa2, 0), 1002, target.CodeInvalidHeader},
		"reserved bit 3":            {write(0x92, 0), 1002, target.CodeInvalidHeader},
		"unknown opcode 3":          {write(0x83, 0), 1002, target.CodeInvalidHeader},
		"unknown opcode 15":         {write(0x8f, 0), 1002, target.CodeInvalidHeader},
		"ping in fragments":         {write(0x09, 0), 1002, target.CodeInvalidHeader},
		"ping of 126 bytes":         {write(0x89, 126, 0, 126), 1002, target.CodeInvalidHeader},
		"length 2^63":               {write(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), 1002, target.CodeInvalidHeader},
		"length 2^63-1":             {write(0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 1009, target.CodeProtocol},
		"length 2^32+32":            {write(0x81, 127, 0, 0, 0, 1, 0, 0, 0, 32), 1009, target.CodeProtocol},
		"continuation of nothing":   {write(0x80, 1, 'a'), 1002, target.CodeProtocol},
		"message inside another":    {write(0x01, 1, 'a', 0x81, 1, 'b'), 1002, target.CodeProtocol},
		"text no UTF-8":             {text("\xff"), 1007, target.CodeProtocol},
		"text with an overlong":     {text("{\"a\":\"\xc0\xaf\"}"), 1007, target.CodeProtocol},
		"text with a surrogate":     {text("\xed\xa0\x80"), 1007, target.CodeProtocol},
		"text cut inside a letter":  {text("a\xe2\x82"), 1007, target.CodeProtocol},
		"HTTP instead of frames":    {func(p *wsPeer) { p.say("HTTP/1.1 400 Bad Request\r\n\r\n") }, 1002, target.CodeInvalidHeader},
		"text of 5 MiB":             {func(p *wsPeer) { p.send(0x81, make([]byte, 5<<20)) }, 1009, target.CodeProtocol},
		"text of 5 MiB in pieces":   {func(p *wsPeer) { wsPieces(p, 0x01, 5<<20, 8192) }, 1009, target.CodeProtocol},
		"audio of 5 MiB in pieces":  {func(p *wsPeer) { wsPieces(p, 0x02, 5<<20, 8192) }, 1009, target.CodeProtocol},
		"audio of 100 MB announced": {func(p *wsPeer) { wsAnnounce(p, 0x82, 100<<20) }, 1009, target.CodeProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, code, reason, s := wsRefuses(t, c.script)
			if code != c.close || e.By != target.ByError || e.Code != c.close || e.Error != c.code || e.Text == "" || e.Again {
				t.Errorf("ended %+v, server was told %d", e, code)
			}
			if reason != e.Text {
				t.Errorf("server was told %q, the application %q", reason, e.Text)
			}
			if len(s.ear.texts) != 0 {
				t.Errorf("heard %.80q", s.ear.texts)
			}
			if n := s.conn.Stats().Malformed; n != 1 {
				t.Errorf("%d malformed", n)
			}
		})
	}
}

// wsPieces sends a message in fragments.
func wsPieces(p *wsPeer, op byte, size, piece int) {
	part := make([]byte, piece)
	for n := 0; n < size; n += piece {
		if _, err := p.Write(wsBytes(op, part)); err != nil {
			return
		}
		op = 0
	}
	p.send(0x80, nil)
}

// wsAnnounce sends a header and then little.
func wsAnnounce(p *wsPeer, op byte, size int) {
	b := []byte{op, 127, 0, 0, 0, 0, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}
	_, _ = p.Write(append(b, 1, 2, 3))
}

func TestWebsocketMessageOf4MiBIsTaken(t *testing.T) {
	t.Parallel()
	s := wsHears(t, wsAsIs, func(p *wsPeer) {
		p.text(strings.Repeat("x", 4<<20))
		p.send(0x82, make([]byte, 4<<20))
	})
	if len(s.ear.texts) != 1 || len(s.ear.texts[0]) != 4<<20 || len(s.ear.pcm) != 2<<20 {
		t.Errorf("%d texts, %d samples", len(s.ear.texts), len(s.ear.pcm))
	}
}

func TestWebsocketMemoryGrowsWithWhatComesNotWithWhatIsAnnounced(t *testing.T) {
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		wsAnnounce(p, 0x81, 4<<20)
		p.frame()
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	streams := make([]*wsStream, 20)
	for i := range streams {
		streams[i] = openWS(t, far.options())
	}
	wsEventually(t, "the servers", func() bool { return far.accepted() == len(streams) })
	time.Sleep(50 * time.Millisecond) // nothing is to happen
	runtime.ReadMemStats(&after)
	if grown := (after.TotalAlloc - before.TotalAlloc) / uint64(len(streams)); grown > 256<<10 {
		t.Errorf("%d bytes allocated for each message of 4 MiB that was only announced", grown)
	}
	for _, s := range streams {
		s.conn.Close()
		s.over()
	}
}

func TestWebsocketAudioThatCannotBePlayedYetStopsTheServer(t *testing.T) {
	t.Parallel()
	sent := make(chan int64, 1)
	var n atomic.Int64
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		_ = p.Conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
		for p.SetWriteDeadline(time.Now().Add(200*time.Millisecond)) == nil {
			if _, err := p.Write(wsBytes(0x82, make([]byte, 8192))); err != nil {
				break
			}
			n.Add(8192)
		}
		sent <- n.Load()
		<-t.Context().Done()
	})
	conn := dialWS(t, far.options())
	full := make(chan struct{})
	ear := &wsEar{audio: func() error { <-full; return errors.New("over") }}
	s := serveWS(t, conn, ear)
	if n := wsGot(t, sent); n > 16<<20 {
		t.Errorf("%d bytes were taken while nothing was played", n)
	}
	close(full)
	if e := s.over(); e.By != target.ByLocal || e.Code != 1000 {
		t.Errorf("ended %+v when the handler was over", e)
	}
}

func TestWebsocketServeReportsAnEndOnceAndTheSameToAll(t *testing.T) {
	t.Parallel()
	for i := range 50 {
		far := newWSFar(t, func(p *wsPeer) {
			p.upgrade()
			p.frame()
			p.goodbye(4000+i, "both")
			p.closing()
		})
		s := openWS(t, far.options())
		_ = s.write(make([]int16, 160))
		a := s.finish("")
		if b := s.over(); a != b {
			t.Fatalf("finish says %+v, serve %+v", a, b)
		}
		if a.By == target.ByLocal && a.Code != 1000 || a.By == target.ByRemote && a.Code != 4000+i {
			t.Fatalf("%+v", a)
		}
	}
}

func TestWebsocketSeveralStreamsToOneServerDoNotMix(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		r := p.upgrade()
		f, _ := p.frame()
		p.text(r.URL.RawQuery + " " + fmt.Sprint(f.data[0]))
		p.goodbye(1000, "")
		p.closing()
	})
	streams := make([]*wsStream, 10)
	for i := range streams {
		o := far.options()
		o.URL.RawQuery = fmt.Sprint(i)
		streams[i] = openWS(t, o)
	}
	for i, s := range streams {
		pcm := make([]int16, 160)
		pcm[0] = int16(i)
		if err := s.conn.Write(&media.Frame{PCM: pcm, Format: media.Format{Rate: 8000, Channels: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range streams {
		s.over()
		if want := fmt.Sprintf("%d %d", i, i); len(s.ear.texts) != 1 || s.ear.texts[0] != want {
			t.Errorf("heard %q, want %q", s.ear.texts, want)
		}
	}
}

// textTaker is a handler for which binary messages are texts.
type textTaker struct{ *wsEar }

func (textTaker) TakesBinary() bool { return true }

func TestWebsocketBinaryMessageIsACStringForWhoWantsIt(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for _, m := range []string{"abc\x00d", "", "\xff!"} {
			_, _ = p.Write(append([]byte{0x82, byte(len(m))}, m...))
		}
		p.goodbye(1000, "")
		p.closing()
	})
	ear := &wsEar{}
	conn := dialWS(t, far.options())
	conn.Serve(textTaker{ear})
	if got := strings.Join(ear.texts, "|"); got != "abc||\uFFFD!" {
		t.Errorf("texts %q", got)
	}
	if len(ear.pcm) != 0 {
		t.Error("it was audio too")
	}
}
