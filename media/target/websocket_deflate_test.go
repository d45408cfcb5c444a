package target_test

import (
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"rms/media/target"
)

const wsDeflated = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover"

// wsInflate undoes the compression of one message (RFC 7692 section 7.2.2).
func wsInflate(t *testing.T, data []byte) []byte {
	t.Helper()
	r := flate.NewReader(io.MultiReader(bytes.NewReader(data), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")))
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("inflate: %v", err)
	}
	return b
}

func wsDeflate(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	_, _ = w.Write(data)
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff})
}

func TestWebsocketDeflateIsOfferedOnlyWhenWanted(t *testing.T) {
	t.Parallel()
	for deflate, want := range map[bool]string{
		false: "",
		true:  "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
	} {
		asked := make(chan *http.Request, 1)
		far := newWSFar(t, func(p *wsPeer) { asked <- p.upgrade() })
		o := far.options()
		o.Deflate = deflate
		openWS(t, o).over()
		if got := wsGot(t, asked).Header.Get("Sec-Websocket-Extensions"); got != want {
			t.Errorf("%v: offered %q, want %q", deflate, got, want)
		}
	}
}

func TestWebsocketDeflateCompressesEachMessageOnItsOwn(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 64)
	far := wsCollects(t, frames, wsDeflated)
	o := far.options()
	o.Deflate = true
	o.Metadata = strings.Repeat("meta ", 100)
	s := openWS(t, o)
	for range 3 {
		if err := s.write(make([]int16, 160)); err != nil {
			t.Fatal(err)
		}
	}
	if f := wsGot(t, frames); !f.rsv1 || f.op != 1 || string(wsInflate(t, f.data)) != o.Metadata {
		t.Errorf("metadata %v, RSV1 %v", f, f.rsv1)
	}
	for range 3 {
		f := wsGot(t, frames)
		if !f.rsv1 || !f.fin || f.op != 2 || len(f.data) > 40 {
			t.Errorf("silence of %d bytes, RSV1 %v", len(f.data), f.rsv1)
		}
		if got := wsInflate(t, f.data); !bytes.Equal(got, make([]byte, 320)) {
			t.Errorf("inflates to %d bytes", len(got))
		}
	}
	s.finish("")
	if f := wsGot(t, frames); f.op != 8 || f.rsv1 {
		t.Errorf("%v, want CLOSE, never compressed", f)
	}
	if n := s.conn.Stats().BytesOut; n != 960 {
		t.Errorf("%d bytes of audio counted", n)
	}
}

func TestWebsocketDeflateThatTheServerDeclinesIsNotUsed(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	far := wsCollects(t, frames)
	o := far.options()
	o.Deflate = true
	s := openWS(t, o)
	_ = s.write(make([]int16, 160))
	if f := wsGot(t, frames); f.rsv1 || len(f.data) != 320 {
		t.Errorf("%d bytes, RSV1 %v", len(f.data), f.rsv1)
	}
	s.conn.Close()
}

func TestWebsocketDeflateReadsWhatTheServerCompressed(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade(wsDeflated)
		p.send(0xc1, wsDeflate(t, []byte("hello")))
		p.text("plain")
		whole := wsDeflate(t, bytes.Repeat([]byte{5, 0}, 1000))
		p.send(0x42, whole[:4])
		p.send(0x89, nil)
		p.send(0x80, whole[4:])
		p.send(0xc1, wsDeflate(t, []byte("again")))
		p.goodbye(1000, "")
		p.closing()
	})
	o := far.options()
	o.Deflate = true
	s := openWS(t, o)
	if e := s.over(); e.By != target.ByRemote || e.Code != 1000 {
		t.Errorf("ended %+v", e)
	}
	if !slices.Equal(s.ear.texts, []string{"hello", "plain", "again"}) || len(s.ear.pcm) != 1000 || s.ear.pcm[999] != 5 {
		t.Errorf("heard %q and %d samples", s.ear.texts, len(s.ear.pcm))
	}
}

func TestWebsocketDeflateBombIsRefused(t *testing.T) {
	t.Parallel()
	bomb := wsDeflate(t, make([]byte, 64<<20))
	for name, op := range map[string]byte{"text": 0xc1, "audio": 0xc2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newWSFar(t, func(p *wsPeer) {
				p.upgrade(wsDeflated)
				p.send(op, bomb)
				p.closing()
			})
			o := far.options()
			o.Deflate = true
			s := openWS(t, o)
			if e := s.over(); e.Code != 1009 || e.Error != target.CodeProtocol {
				t.Errorf("%d bytes of bomb: ended %+v", len(bomb), e)
			}
		})
	}
}

func TestWebsocketDeflateThatDoesNotInflateIs1007(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade(wsDeflated)
		p.send(0xc1, []byte{0xff, 0xff, 0xff, 0xff})
		p.closing()
	})
	o := far.options()
	o.Deflate = true
	s := openWS(t, o)
	if e := s.over(); e.Code != 1007 || e.Error != target.CodeProtocol || len(s.ear.texts) != 0 {
		t.Errorf("ended %+v, heard %q", e, s.ear.texts)
	}
}

func TestWebsocketDeflateAnswerWithWindowBitsIsRedialledWithout(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 4)
	far := newWSFar(t, func(p *wsPeer) {
		r := p.request()
		offer := r.Header.Get("Sec-Websocket-Extensions")
		asked <- offer
		answer := ws101 + "Sec-WebSocket-Accept: " + wsAccept(r) + "\r\n"
		if offer != "" {
			answer += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n"
		}
		p.say(answer + "\r\n")
		if f, ok := p.frame(); ok {
			asked <- string(f.data)
		}
	})
	o := far.options()
	o.Deflate = true
	o.Metadata = "without compression"
	s := openWS(t, o)
	s.over()
	if a, b, c := wsGot(t, asked), wsGot(t, asked), wsGot(t, asked); a == "" || b != "" || c != o.Metadata {
		t.Errorf("offered %q, then %q, then %q", a, b, c)
	}
}

func TestWebsocketDeflateWithAnotherExtensionIsCode4(t *testing.T) {
	t.Parallel()
	for _, extensions := range []string{"x-odd", "permessage-deflate, x-odd"} {
		e := wsAnswers(t, ws101+"Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Extensions: "+extensions+"\r\n\r\n",
			func(o *target.Options) { o.Deflate = true })
		if e.Code != target.CodeNotSupported || !e.Final {
			t.Errorf("%s: %+v", extensions, e)
		}
	}
}

func TestWebsocketAgainstTheLibrarysServer(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]websocket.CompressionMode{
		"plain": websocket.CompressionDisabled, "no takeover": websocket.CompressionNoContextTakeover,
		"takeover": websocket.CompressionContextTakeover,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 8)
			far := newHTTPFar(t, &websocket.AcceptOptions{CompressionMode: mode, CompressionThreshold: 16}, func(c *websocket.Conn) {
				for {
					kind, b, err := c.Read(t.Context())
					if err != nil {
						got <- err.Error()
						return
					}
					got <- string(b[:min(4, len(b))])
					if kind == websocket.MessageBinary {
						_ = c.Write(t.Context(), kind, b)
						_ = c.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat("echo", 10)))
					}
				}
			})
			o := far.options()
			o.Deflate = true
			o.Metadata = "meta"
			s := openWS(t, o)
			pcm := make([]int16, 160)
			pcm[0], pcm[159] = 7, 9
			if err := s.write(pcm); err != nil {
				t.Fatal(err)
			}
			wsEventually(t, "the echo", func() bool { return s.conn.Stats().TextIn == 1 })
			if e := s.finish("bye!"); e.Code != 1000 || s.over() != e {
				t.Errorf("ended %+v, %+v", e, s.over())
			}
			if !slices.Equal(s.ear.pcm, pcm) || s.ear.texts[0] != strings.Repeat("echo", 10) {
				t.Errorf("%d samples, %q", len(s.ear.pcm), s.ear.texts)
			}
			for _, want := range []string{"meta", "\x07\x00\x00\x00", "bye!"} {
				if b := wsGot(t, got); b != want {
					t.Errorf("server got %q, want %q", b, want)
				}
			}
			if last := wsGot(t, got); !strings.Contains(last, "Normal closure") {
				t.Errorf("server saw %s", last)
			}
		})
	}
}
