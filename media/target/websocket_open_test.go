package target_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"rms/media/target"
)

func TestWebsocketHandshakeRequest(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 1)
	far := newWSFar(t, func(p *wsPeer) {
		asked <- p.upgrade("Sec-WebSocket-Protocol: audio.drachtio.org")
		p.closing()
		p.goodbye(1000, "")
	})
	o := far.options()
	o.URL.RawQuery = "call=1"
	o.Subprotocol = []string{"audio.drachtio.org", "other"}
	o.Header = []target.HeaderField{{Name: "X-A", Value: "1"}, {Name: "x-b", Value: "two  words"}}
	o.Token = "zz"
	s := openWS(t, o)
	r := wsGot(t, asked)
	host := far.l.Addr().String()
	if r.Method != http.MethodGet || r.RequestURI != "/in?call=1" || r.Proto != "HTTP/1.1" || r.Host != host {
		t.Errorf("%s %s %s of %s", r.Method, r.RequestURI, r.Proto, r.Host)
	}
	for name, want := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-Websocket-Version": "13", "Origin": "http://" + host,
		"Sec-Websocket-Protocol": "audio.drachtio.org,other", "X-A": "1", "X-B": "two  words",
		"Authorization": "Bearer zz", "User-Agent": "rms", "Sec-Websocket-Extensions": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := len(r.Header.Get("Sec-Websocket-Key")); n != 24 {
		t.Errorf("key of %d characters, want 24", n)
	}
	if got, want := target.Dialled(s.conn), netip.MustParseAddrPort(host); got != want {
		t.Errorf("dialled %v, want %v", got, want)
	}
	s.finish("")
}

func TestWebsocketHandshakeAuthorization(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 1)
	far := newWSFar(t, func(p *wsPeer) { asked <- p.upgrade() })
	o := far.options()
	o.User, o.Password = "aladdin", "opensesame"
	openWS(t, o).over()
	if user, password, ok := wsGot(t, asked).BasicAuth(); !ok || user != "aladdin" || password != "opensesame" {
		t.Errorf("basic authorization %q %q", user, password)
	}
	o = far.options()
	o.Token = "from options"
	o.Header = []target.HeaderField{{Name: "authorization", Value: "Bearer of the header"}, {Name: "User-Agent", Value: "mine"}}
	openWS(t, o).over()
	r := wsGot(t, asked)
	if got := r.Header["Authorization"]; len(got) != 1 || got[0] != "Bearer of the header" || r.UserAgent() != "mine" {
		t.Errorf("Authorization %q, User-Agent %q: a field of the header counts", got, r.UserAgent())
	}
}

func TestWebsocketHandshakeKeyAndMaskAreRandom(t *testing.T) {
	t.Parallel()
	keys := make(chan string, 8)
	masks := make(chan uint32, 64)
	far := newWSFar(t, func(p *wsPeer) {
		keys <- p.upgrade().Header.Get("Sec-Websocket-Key")
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			masks <- f.mask
		}
	})
	seen := map[string]bool{}
	seenMask := map[uint32]bool{}
	for range 3 {
		s := openWS(t, far.options())
		for range 10 {
			if err := s.write(make([]int16, 160)); err != nil {
				t.Fatal(err)
			}
		}
		seen[wsGot(t, keys)] = true
		for range 10 {
			seenMask[wsGot(t, masks)] = true
		}
		s.conn.Close()
	}
	if len(seen) != 3 || len(seenMask) < 29 {
		t.Errorf("%d keys of 3 handshakes, %d masks of 30 frames", len(seen), len(seenMask))
	}
}

func TestWebsocketMetadataIsTheFirstFrameWhateverIsWritten(t *testing.T) {
	t.Parallel()
	for range 20 {
		first := make(chan wsFrame, 3)
		far := newWSFar(t, func(p *wsPeer) {
			p.upgrade()
			p.send(0x89, []byte("early ping"))
			for range 3 { // metadata, then pong and audio
				f, _ := p.frame()
				first <- f
			}
		})
		o := far.options()
		o.Metadata = `{"hello":"meta data with spaces"}`
		s := openWS(t, o)
		if err := s.write(make([]int16, 160)); err != nil {
			t.Fatal(err)
		}
		if f := wsGot(t, first); f.op != 1 || string(f.data) != o.Metadata || len(f.data) != 33 {
			t.Fatalf("first frame %v", f)
		}
		if a, b := wsGot(t, first), wsGot(t, first); a.op+b.op != 0xa+2 {
			t.Fatalf("then %v and %v, want pong and audio", a, b)
		}
	}
}

func TestWebsocketMetadataOf8192BytesIsOneFrame(t *testing.T) {
	t.Parallel()
	first := make(chan wsFrame, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		f, _ := p.frame()
		first <- f
	})
	o := far.options()
	o.Metadata = strings.Repeat("x", 8192)
	openWS(t, o)
	if f := wsGot(t, first); !f.fin || string(f.data) != o.Metadata {
		t.Errorf("%d bytes, fin %v", len(f.data), f.fin)
	}
}

func TestWebsocketFramesThatCameWithTheAnswerAreRead(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		r := p.request()
		p.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: " +
			wsAccept(r) + "\r\n\r\n" + string(wsBytes(0x81, []byte("hello"))) + string(wsCloseBytes(1000, "")))
		p.closing()
	})
	s := openWS(t, far.options())
	if e := s.over(); e.Code != 1000 || len(s.ear.texts) != 1 || s.ear.texts[0] != "hello" {
		t.Errorf("ended %+v, heard %q", e, s.ear.texts)
	}
}

func TestWebsocketHandshakeOneByteAtATime(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		r := p.request()
		for _, b := range []byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
			wsAccept(r) + "\r\n\r\n") {
			_, _ = p.Write([]byte{b})
		}
		p.text("hello")
		p.goodbye(1000, "")
		p.closing()
	})
	s := openWS(t, far.options())
	if s.over(); len(s.ear.texts) != 1 {
		t.Errorf("heard %q", s.ear.texts)
	}
}

// wsAnswers returns the error of an Open that is answered with text, in which ACCEPT
// stands for the right value.
func wsAnswers(t *testing.T, text string, change func(o *target.Options)) *target.ConnectError {
	t.Helper()
	far := newWSFar(t, func(p *wsPeer) {
		r := p.request()
		if r == nil {
			return
		}
		p.say(strings.ReplaceAll(text, "ACCEPT", wsAccept(r)))
		_, _ = io.Copy(io.Discard, p.br)
	})
	o := far.options()
	change(o)
	began := time.Now()
	_, err := tryWS(t, o)
	if took := time.Since(began); took > wsPatience/2 { // far below what Open may take
		t.Errorf("refusal took %v", took)
	}
	return wsFailed(t, err)
}

const ws101 = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

func TestWebsocketRefusalsOfTheHandshake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		code   int
		text   string
		status int
		line   string
		final  bool
	}{
		"403": {
			"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope", target.CodeConnectFailed,
			"WebSocket upgrade failed", 403, "HTTP/1.1 403 Forbidden", true,
		},
		"404 without length": {"HTTP/1.1 404 Not Found\r\n\r\n", target.CodeConnectFailed, "WebSocket upgrade failed", 404, "HTTP/1.1 404 Not Found", true},
		"200":                {"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", target.CodeConnectFailed, "WebSocket upgrade failed", 200, "HTTP/1.1 200 OK", true},
		"503":                {"HTTP/1.0 503 Busy\r\n\r\n", target.CodeConnectFailed, "WebSocket upgrade failed", 503, "HTTP/1.0 503 Busy", false},
		"429":                {"HTTP/1.1 429 Slow\r\n\r\n", target.CodeConnectFailed, "WebSocket upgrade failed", 429, "HTTP/1.1 429 Slow", false},
		"bad Accept": {
			ws101 + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", target.CodeInvalidHeader,
			"Server sent an invalid answer to the handshake", 101, "HTTP/1.1 101 Switching Protocols", true,
		},
		"no Accept":  {ws101 + "\r\n", target.CodeInvalidHeader, "Server sent an invalid answer to the handshake", 101, "HTTP/1.1 101 Switching Protocols", true},
		"no Upgrade": {"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", target.CodeInvalidHeader, "Server sent an invalid answer to the handshake", 101, "HTTP/1.1 101 X", true},
		"unknown sub-protocol": {
			ws101 + "Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: odd\r\n\r\n", target.CodeInvalidHeader,
			"Server sent an invalid answer to the handshake", 101, "HTTP/1.1 101 Switching Protocols", true,
		},
		"unknown extension": {
			ws101 + "Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Extensions: x-odd\r\n\r\n", target.CodeNotSupported,
			"Server wants an extension that was not offered", 101, "HTTP/1.1 101 Switching Protocols", true,
		},
		"compression that was not offered": {
			ws101 + "Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", target.CodeNotSupported,
			"Server wants an extension that was not offered", 101, "HTTP/1.1 101 Switching Protocols", true,
		},
		"no HTTP":          {"220 smtp.example ESMTP\r\n\r\n", target.CodeInvalidHeader, "Server sent an invalid answer to the handshake", 0, "", true},
		"endless header":   {"HTTP/1.1 101 X\r\n" + strings.Repeat("X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", 2000), target.CodeConnectFailed, "WebSocket upgrade failed", 0, "", false},
		"only interim":     {strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9), target.CodeInvalidHeader, "Server sent an invalid answer to the handshake", 0, "", true},
		"folded and split": {"HTTP/1.1 101 X\r\n Upgrade: websocket\r\n\r\n", target.CodeInvalidHeader, "Server sent an invalid answer to the handshake", 0, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := wsAnswers(t, c.answer, func(*target.Options) {})
			if e.Code != c.code || e.Text != c.text || e.HTTPStatus != c.status || e.StatusLine != c.line || e.Final != c.final {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWebsocketRedirectIsAnErrorAndNotFollowed(t *testing.T) {
	t.Parallel()
	other := newWSFar(t, func(p *wsPeer) { p.upgrade() })
	for _, location := range []string{"Location: " + other.url("http").String() + "\r\n", "", "Location: http://[bad\r\n"} {
		e := wsAnswers(t, "HTTP/1.1 302 Found\r\n"+location+"Content-Length: 0\r\n\r\n", func(*target.Options) {})
		if e.Code != target.CodeConnectFailed || e.HTTPStatus != 302 || e.StatusLine != "HTTP/1.1 302 Found" || !e.Final {
			t.Errorf("%q: %+v", location, e)
		}
	}
	if n := other.accepted(); n != 0 {
		t.Errorf("redirect was followed %d times", n)
	}
}

func TestWebsocketRefusedConnectionIsCode6SystemError111(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.4:0") // where nobody else takes the port
	if err != nil {
		t.Fatal(err)
	}
	o := (&wsFar{l: l}).options()
	l.Close()
	_, err = tryWS(t, o)
	e := wsFailed(t, err)
	if e.Code != 6 || e.Text != "Connection refused (system error 111)" || e.HTTPStatus != 0 || e.Final {
		t.Errorf("%+v", e)
	}
}

func TestWebsocketNameThatDoesNotResolveIsCode6(t *testing.T) {
	t.Parallel()
	d, err := target.NewDialer(target.DialOptions{
		Scripts: true,
		Lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := (&wsFar{l: fakeListener{}}).options()
	o.URL, o.Dial = &url.URL{Scheme: "ws", Host: "nowhere.invalid"}, d
	_, err = tryWS(t, o)
	if e := wsFailed(t, err); e.Code != 6 || e.Text != "DNS lookup failed (no such host)" || e.Final {
		t.Errorf("%+v", e)
	}
}

// fakeListener has an address only.
type fakeListener struct{ net.Listener }

func (fakeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }

func TestWebsocketAddressThatTheRuleRefusesIsFinal(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(*wsPeer) {})
	d, err := target.NewDialer(target.DialOptions{Allow: []string{"bot.example"}})
	if err != nil {
		t.Fatal(err)
	}
	o := far.options()
	o.Dial = d
	_, err = tryWS(t, o)
	e := wsFailed(t, err)
	var refused *target.RefusedError
	if e.Code != 6 || !e.Final || !errors.As(err, &refused) || far.accepted() != 0 {
		t.Errorf("%+v", e)
	}
}

func TestWebsocketHandshakeNeverAnsweredIsCode10Timeout(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(p *wsPeer){
		"silent":        func(p *wsPeer) { _, _ = io.Copy(io.Discard, p.br) },
		"half a header": func(p *wsPeer) { p.say("HTTP/1.1 101 Swi"); _, _ = io.Copy(io.Discard, p.br) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newWSFar(t, script)
			s, _ := target.Lookup("ws")
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := s.Open(ctx, far.options())
			if e := wsFailed(t, err); e.Code != 10 || e.Text != "Timeout" || e.Final {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWebsocketOpenThatIsCanceledIsFinal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	far := newWSFar(t, func(p *wsPeer) { p.request(); cancel(); p.frame() })
	s, _ := target.Lookup("ws")
	_, err := s.Open(ctx, far.options())
	if e := wsFailed(t, err); !e.Final || e.Text != "Canceled" {
		t.Errorf("%+v", e)
	}
}

func TestWebsocketServerThatHangsUpDuringTheHandshakeIsCode6(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(p *wsPeer){
		"FIN":        func(p *wsPeer) { p.request() },
		"RST":        func(p *wsPeer) { p.request(); _ = p.Conn.(*net.TCPConn).SetLinger(0) },
		"mid header": func(p *wsPeer) { p.request(); p.say("HTTP/1.1 101 Switching Proto") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newWSFar(t, script)
			_, err := tryWS(t, far.options())
			if e := wsFailed(t, err); e.Code != 6 || e.Text != "WebSocket upgrade failed" || e.Final {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestWebsocketErrorsAreShortEnoughForAnEvent(t *testing.T) {
	t.Parallel()
	e := wsAnswers(t, "HTTP/1.1 403 "+strings.Repeat("\x1b[31mlong ", 50)+"\r\n\r\n", func(*target.Options) {})
	if b, err := json.Marshal(e.Text); err != nil || len(b) > 200 {
		t.Errorf("text of %d bytes: %v", len(b), err)
	}
}

// openFor returns the error of an Open that gets so much time.
func openFor(t *testing.T, o *target.Options, limit time.Duration) *target.ConnectError {
	t.Helper()
	s, _ := target.Lookup(o.URL.Scheme)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	_, err := s.Open(ctx, o)
	return wsFailed(t, err)
}
