package target_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/media"
	"rms/media/target"
)

const wsPatience = 20 * time.Second

// wsFar is a websocket server that does what its script says, byte by byte.
type wsFar struct {
	t       *testing.T
	l       net.Listener
	done    sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
	closed  bool
	accepts int
}

// newWSFar listens on loopback; script runs for each connection, which is closed when
// it returns.
func newWSFar(t *testing.T, script func(p *wsPeer)) *wsFar {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveWSFar(t, l, script)
}

func serveWSFar(t *testing.T, l net.Listener, script func(p *wsPeer)) *wsFar {
	t.Helper()
	f := &wsFar{t: t, l: l, open: map[net.Conn]bool{}}
	f.done.Add(1)
	go func() {
		defer f.done.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if !f.keep(c) {
				continue
			}
			f.done.Add(1)
			go func() {
				defer f.done.Done()
				defer c.Close()
				script(&wsPeer{t: t, Conn: c, br: bufio.NewReader(c)})
			}()
		}
	}()
	t.Cleanup(f.stop)
	return f
}

func (f *wsFar) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		c.Close()
		return false
	}
	f.accepts++
	f.open[c] = true
	return true
}

func (f *wsFar) stop() {
	f.mu.Lock()
	f.closed = true
	for c := range f.open {
		c.Close()
	}
	f.mu.Unlock()
	f.l.Close()
	f.done.Wait()
}

func (f *wsFar) accepted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.accepts
}

func (f *wsFar) url(scheme string) *url.URL {
	return &url.URL{Scheme: scheme, Host: f.l.Addr().String(), Path: "/in"}
}

// options are those of a stream of 8 kHz to this server.
func (f *wsFar) options() *target.Options {
	return &target.Options{URL: f.url("ws"), Format: media.Format{Rate: 8000, Channels: 1}}
}

// wsPeer is the server's end of one connection.
type wsPeer struct {
	t *testing.T
	net.Conn
	br *bufio.Reader
}

// request reads the handshake; nil: there was none.
func (p *wsPeer) request() *http.Request {
	r, err := http.ReadRequest(p.br)
	if err != nil {
		return nil
	}
	return r
}

func wsAccept(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// upgrade answers the handshake, with further fields.
func (p *wsPeer) upgrade(fields ...string) *http.Request {
	r := p.request()
	if r == nil {
		return nil
	}
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wsAccept(r) + "\r\n"
	for _, f := range fields {
		answer += f + "\r\n"
	}
	p.say(answer + "\r\n")
	return r
}

func (p *wsPeer) say(text string) { _, _ = io.WriteString(p.Conn, text) }

// wsFrame is one frame of a client, unmasked.
type wsFrame struct {
	op   byte
	fin  bool
	rsv1 bool
	mask uint32
	data []byte
}

func (f wsFrame) String() string {
	return fmt.Sprintf("%x %q", f.op, f.data[:min(len(f.data), 64)])
}

// frame reads one frame; false: the connection ended.
func (p *wsPeer) frame() (wsFrame, bool) {
	var head [14]byte
	if _, err := io.ReadFull(p.br, head[:2]); err != nil {
		return wsFrame{}, false
	}
	f := wsFrame{op: head[0] & 0xf, fin: head[0]&0x80 != 0, rsv1: head[0]&0x40 != 0}
	if head[1]&0x80 == 0 {
		p.t.Error("frame of the client is not masked")
		return f, false
	}
	n := int(head[1] & 0x7f)
	switch n {
	case 126:
		_, _ = io.ReadFull(p.br, head[2:4])
		n = int(binary.BigEndian.Uint16(head[2:]))
	case 127:
		_, _ = io.ReadFull(p.br, head[2:10])
		n = int(binary.BigEndian.Uint64(head[2:]))
	}
	var mask [4]byte
	if _, err := io.ReadFull(p.br, mask[:]); err != nil {
		return f, false
	}
	f.mask = binary.BigEndian.Uint32(mask[:])
	f.data = make([]byte, n)
	if _, err := io.ReadFull(p.br, f.data); err != nil {
		return f, false
	}
	for i := range f.data {
		f.data[i] ^= mask[i%4]
	}
	return f, true
}

// until reads frames up to one with opcode op.
func (p *wsPeer) until(op byte) (wsFrame, bool) {
	for {
		f, ok := p.frame()
		if !ok || f.op == op {
			return f, ok
		}
	}
}

// wsBytes is one frame of a server.
func wsBytes(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

func wsCloseBytes(code int, reason string) []byte {
	return wsBytes(0x88, append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...))
}

func (p *wsPeer) send(first byte, payload []byte) { _, _ = p.Write(wsBytes(first, payload)) }
func (p *wsPeer) text(s string)                   { p.send(0x81, []byte(s)) }
func (p *wsPeer) goodbye(code int, reason string) { _, _ = p.Write(wsCloseBytes(code, reason)) }

// closing reads up to the client's CLOSE and returns its code, -1 for none, 1005 for
// one without code.
func (p *wsPeer) closing() (int, string) {
	f, ok := p.until(8)
	switch {
	case !ok:
		return -1, ""
	case len(f.data) < 2:
		return 1005, ""
	}
	return int(binary.BigEndian.Uint16(f.data)), string(f.data[2:])
}

// wsEar keeps what a stream hands over.
type wsEar struct {
	mu       sync.Mutex
	pcm      []int16
	rate     int
	chunk    int // the longest
	texts    []string
	clips    []target.Clip
	marks    []string
	cleared  []bool
	order    []string
	problems []string
	audio    func() error // runs in Audio
}

func (e *wsEar) note(what string, f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.order = append(e.order, what)
	f()
}

func (e *wsEar) Audio(pcm []int16, rate int) error {
	e.note("audio", func() {
		e.pcm, e.rate, e.chunk = append(e.pcm, pcm...), rate, max(e.chunk, len(pcm))
	})
	if e.audio != nil {
		return e.audio()
	}
	return nil
}

func (e *wsEar) Clip(c target.Clip) error {
	e.note("clip", func() { e.clips = append(e.clips, c) })
	return nil
}

func (e *wsEar) Text(s string) { e.note("text", func() { e.texts = append(e.texts, s) }) }

func (e *wsEar) Mark(s string) { e.note("mark", func() { e.marks = append(e.marks, s) }) }

func (e *wsEar) Clear(marks bool)          { e.note("clear", func() { e.cleared = append(e.cleared, marks) }) }
func (e *wsEar) Digit(byte, time.Duration) {}
func (e *wsEar) Control(string)            {}
func (e *wsEar) Problem(_ int, s string) {
	e.note("problem", func() { e.problems = append(e.problems, s) })
}

func (e *wsEar) heard() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.order, " ")
}

// wsStream is a stream under test with its reader.
type wsStream struct {
	t     *testing.T
	conn  target.Conn
	ear   *wsEar
	ended chan target.Ended
}

func openWS(t *testing.T, o *target.Options) *wsStream {
	t.Helper()
	return serveWS(t, dialWS(t, o), &wsEar{})
}

func dialWS(t *testing.T, o *target.Options) target.Conn {
	t.Helper()
	conn, err := tryWS(t, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func tryWS(t *testing.T, o *target.Options) (target.Conn, error) {
	t.Helper()
	s, ok := target.Lookup(o.URL.Scheme)
	if !ok {
		t.Fatalf("no target %q", o.URL.Scheme)
	}
	ctx, cancel := context.WithTimeout(t.Context(), wsPatience)
	defer cancel()
	return s.Open(ctx, o)
}

func serveWS(t *testing.T, conn target.Conn, ear *wsEar) *wsStream {
	t.Helper()
	s := &wsStream{t: t, conn: conn, ear: ear, ended: make(chan target.Ended, 1)}
	go func() { s.ended <- conn.Serve(ear) }()
	return s
}

// over waits for the end.
func (s *wsStream) over() target.Ended {
	s.t.Helper()
	select {
	case e := <-s.ended:
		s.ended <- e
		return e
	case <-time.After(wsPatience):
		s.t.Fatal("stream did not end")
		return target.Ended{}
	}
}

func (s *wsStream) write(pcm []int16) error {
	return s.conn.Write(&media.Frame{PCM: pcm, Format: media.Format{Rate: 8000, Channels: 1}})
}

// finish is for servers that answer: it fails when the time is over before.
func (s *wsStream) finish(text string) target.Ended {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), wsPatience)
	defer cancel()
	e := s.conn.Finish(ctx, text)
	if ctx.Err() != nil {
		s.t.Error("finish took all the time that it was given")
	}
	return e
}

// finishWithin is for servers that do not.
func (s *wsStream) finishWithin(limit time.Duration, text string) target.Ended {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	return s.conn.Finish(ctx, text)
}

// wsEventually polls until ok.
func wsEventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(wsPatience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// wsGot receives within the test's patience.
func wsGot[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(wsPatience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func wsFailed(t *testing.T, err error) *target.ConnectError {
	t.Helper()
	e, ok := err.(*target.ConnectError)
	if !ok {
		t.Fatalf("error %T %v, want a *ConnectError", err, err)
	}
	return e
}

// newHTTPFar is a server that the library accepts connections for.
func newHTTPFar(t *testing.T, o *websocket.AcceptOptions, serve func(c *websocket.Conn)) *wsFar {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, o)
		if err != nil {
			return
		}
		defer c.CloseNow()
		serve(c)
	}))
	t.Cleanup(s.Close)
	return &wsFar{t: t, l: s.Listener}
}

func wsRequestOf(b []byte) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return &http.Request{}
	}
	return r
}
