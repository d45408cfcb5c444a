package target

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"rms/media"
)

// raceEnabled: the race detector allocates.
var raceEnabled bool

// countingConn counts calls of Write and swallows what they bring.
type countingConn struct {
	mu     sync.Mutex
	writes int
	bytes  int
	in     io.Reader // what Read returns
	closed chan struct{}
	once   sync.Once
}

func newCountingConn(in io.Reader) *countingConn {
	return &countingConn{in: in, closed: make(chan struct{})}
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes++
	c.bytes += len(b)
	return len(b), nil
}

func (c *countingConn) Read(b []byte) (int, error) {
	if c.in != nil {
		return c.in.Read(b)
	}
	<-c.closed
	return 0, net.ErrClosed
}

func (c *countingConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}
func (c *countingConn) LocalAddr() net.Addr { return &net.TCPAddr{} }
func (c *countingConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}
}
func (c *countingConn) SetDeadline(time.Time) error      { return nil }
func (c *countingConn) SetReadDeadline(time.Time) error  { return nil }
func (c *countingConn) SetWriteDeadline(time.Time) error { return nil }

func (c *countingConn) count() (writes, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writes, c.bytes
}

// wsOverConn is a stream over a connection that has no handshake to make.
func wsOverConn(tb testing.TB, raw net.Conn, o *Options) *wsConn {
	tb.Helper()
	o.URL = &url.URL{Scheme: "ws", Host: "192.0.2.1"}
	if err := websocketCheck(o); err != nil {
		tb.Fatal(err)
	}
	hs := &wsHandshake{options: o}
	ws, err := hs.dialWith(tb.Context(), answersItself{hs, raw}, o.Deflate)
	if err != nil {
		tb.Fatal(err)
	}
	c := newWSConn(o, ws, hs)
	c.wire.stall = o.StallTimeout
	return c
}

// answersItself is a server's answer without a server.
type answersItself struct {
	hs  *wsHandshake
	raw net.Conn
}

func (a answersItself) RoundTrip(r *http.Request) (*http.Response, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	a.hs.wire = &wsWire{raw: a.raw, tcp: a.raw}
	h := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}
	if offer := r.Header.Get("Sec-Websocket-Extensions"); offer != "" {
		h.Set("Sec-Websocket-Extensions", offer)
		a.hs.extensions = offer
	}
	return &http.Response{StatusCode: 101, Header: h, Body: a.hs.wire}, nil
}

func TestWebsocketMessageIsOneWriteOfTheSocket(t *testing.T) {
	t.Parallel()
	for _, deflate := range []bool{false, true} {
		raw := newCountingConn(nil)
		o := &Options{Format: media.Format{Rate: 48000, Channels: 2}, Frame: time.Second, Deflate: deflate, StallTimeout: time.Second}
		c := wsOverConn(t, raw, o)
		noise := make([]int16, 96000)
		for i := range noise {
			noise[i] = int16(i * i * 31)
		}
		for i := range 3 {
			if err := c.Write(&media.Frame{PCM: noise, Format: o.Format}); err != nil {
				t.Fatal(err)
			}
			if n, _ := raw.count(); n != 2*i+1 {
				t.Fatalf("%d writes for %d messages", n, 2*i+1)
			}
			if err := c.Text(t.Context(), string(make([]byte, 70000))); err != nil {
				t.Fatal(err)
			}
			if n, _ := raw.count(); n != 2*i+2 {
				t.Fatalf("%d writes for %d messages", n, 2*i+2)
			}
		}
		if _, n := raw.count(); !deflate && n != 3*(14+192000+14+70000) {
			t.Errorf("%d bytes", n)
		}
		_ = c.Close()
	}
}

func TestWebsocketEachLengthOfMessageIsOneWriteOfTheSocket(t *testing.T) {
	t.Parallel()
	raw := newCountingConn(nil)
	c := wsOverConn(t, raw, &Options{Format: media.Format{Rate: 8000, Channels: 1}})
	defer c.Close()
	writes, bytes := 0, 0
	for _, n := range []int{0, 1, 125, 126, 4081, 4082, 4083, 4084, 4085, 4088, 4096, 8192, 65535, 65536, 70000} {
		if err := c.Text(t.Context(), string(make([]byte, n))); err != nil {
			t.Fatal(err)
		}
		writes++
		switch bytes += n + 6; {
		case n > 65535:
			bytes += 8
		case n > 125:
			bytes += 2
		}
		if w, b := raw.count(); w != writes || b != bytes {
			t.Fatalf("text of %d bytes: %d writes of %d bytes, want %d of %d", n, w, b, writes, bytes)
		}
	}
}

// countedConn counts calls of Write of a real connection.
type countedConn struct {
	net.Conn
	writes int
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writes++
	return c.Conn.Write(b)
}

func TestWebsocketTLSRecordIsOneWriteUpTo16KiB(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	far, near := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
		_, _ = io.Copy(io.Discard, server)
	}()
	settings, err := wsTLS(&Options{URL: &url.URL{Scheme: "wss", Host: "a"}, TLS: TLS{CAFile: "NONE"}})
	if err != nil {
		t.Fatal(err)
	}
	counted := &countedConn{Conn: near}
	c := tls.Client(counted, settings)
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{328, 3848, 16384} {
		counted.writes = 0
		if _, err := c.Write(make([]byte, n)); err != nil || counted.writes != 1 {
			t.Errorf("%d bytes in %d writes: %v", n, counted.writes, err)
		}
	}
	near.Close()
	<-done
}

func TestWebsocketWriteAllocatesNothing(t *testing.T) {
	for name, o := range map[string]*Options{
		"20 ms":           {Format: media.Format{Rate: 8000, Channels: 1}},
		"stall":           {Format: media.Format{Rate: 16000, Channels: 1}, StallTimeout: time.Minute},
		"100 ms of two":   {Format: media.Format{Rate: 48000, Channels: 2}, Frame: 100 * time.Millisecond},
		"compressed":      {Format: media.Format{Rate: 8000, Channels: 1}, Deflate: true},
		"1 s, compressed": {Format: media.Format{Rate: 8000, Channels: 1}, Frame: time.Second, Deflate: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := wsOverConn(t, newCountingConn(nil), o)
			defer c.Close()
			f := &media.Frame{PCM: make([]int16, o.Format.Samples(20*time.Millisecond)), Format: o.Format}
			write := func() {
				if err := c.Write(f); err != nil {
					t.Fatal(err)
				}
			}
			for range 100 {
				write()
			}
			if n := testing.AllocsPerRun(200, write); n != 0 && !raceEnabled {
				t.Errorf("%v allocations a tick", n)
			}
		})
	}
}

// nobody hears everything and does nothing.
type nobody struct{}

func (nobody) Audio([]int16, int) error  { return nil }
func (nobody) Clip(Clip) error           { return nil }
func (nobody) Text(string)               {}
func (nobody) Mark(string)               {}
func (nobody) Clear(bool)                {}
func (nobody) Digit(byte, time.Duration) {}
func (nobody) Control(string)            {}
func (nobody) Problem(int, string)       {}

func TestWebsocketBinaryInAllocatesNothing(t *testing.T) {
	message := append([]byte{0x82, 126, 320 >> 8, 320 & 0xff}, make([]byte, 320)...)
	pr, pw := io.Pipe()
	raw := newCountingConn(pr)
	c := wsOverConn(t, raw, &Options{Format: media.Format{Rate: 8000, Channels: 1}})
	defer c.Close()
	read := func() {
		go func() { _, _ = pw.Write(message) }()
		if err := c.message(nobody{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		read()
	}
	// One goroutine of this test a message, and the library's reader of one.
	if n := testing.AllocsPerRun(100, read); n > 3 && !raceEnabled {
		t.Errorf("%v allocations a message", n)
	}
}

func TestWebsocketFilterFindsTheSameHoweverTheBytesAreCut(t *testing.T) {
	t.Parallel()
	stream := bytes.Join([][]byte{
		{0x82, 3, 1, 2, 3},
		{0x89, 2, 'h', 'i'},
		{0x01, 0},
		{0x8a, 0},
		{0x80, 126, 0, 3, 'a', 'b', 'c'},
		{0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 9},
		{0x88, 2, 3, 0xe8},
		{0xff, 0xff},
	}, nil)
	wantData := bytes.Join([][]byte{
		{0x82, 3, 1, 2, 3}, {0x01, 0}, {0x80, 126, 0, 3, 'a', 'b', 'c'}, {0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 9},
	}, nil)
	for piece := 1; piece <= len(stream); piece++ {
		data, control, err := wsFiltered(stream, piece, false)
		var bye *wsGoodbyeError
		if !bytes.Equal(data, wantData) || control != "9hi a " || !errors.As(err, &bye) || bye.code != 1000 {
			t.Errorf("in pieces of %d: % x, control %q, %v", piece, data, control, err)
		}
	}
}

// wsFiltered runs a stream of frames through a filter in pieces.
func wsFiltered(stream []byte, piece int, deflate bool) (data []byte, control string, err error) {
	f := wsFrames{deflate: deflate, control: func(op byte, payload []byte) {
		control += string("0123456789abcdef"[op]) + string(payload) + " "
	}}
	stream = bytes.Clone(stream)
	for len(stream) > 0 && err == nil {
		n := min(piece, len(stream))
		var kept int
		kept, err = f.filter(stream[:n])
		data = append(data, stream[:kept]...)
		stream = stream[n:]
	}
	return data, control, err
}

// FuzzWebsocketFilter checks that what is found does not depend on how bytes are cut,
// and that data frames are all that is left.
func FuzzWebsocketFilter(f *testing.F) {
	for _, seed := range wsSeeds() {
		f.Add(seed, uint8(3), true)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8, deflate bool) {
		wholeData, wholeControl, wholeErr := wsFiltered(stream, len(stream)+1, deflate)
		data, control, err := wsFiltered(stream, int(piece)+1, deflate)
		if control != wholeControl || (err == nil) != (wholeErr == nil) || err != nil && err.Error() != wholeErr.Error() {
			t.Fatalf("control %q, %v in pieces of %d; %q, %v whole", control, err, piece, wholeControl, wholeErr)
		}
		if !bytes.Equal(data, wholeData) {
			t.Fatalf("% x in pieces of %d, % x whole", data, piece, wholeData)
		}
		again, control, _ := wsFiltered(data, len(data)+1, deflate)
		if control != "" || !bytes.Equal(again, data) {
			t.Fatalf("what is left still holds control frames %q", control)
		}
	})
}

func wsSeeds() [][]byte {
	return [][]byte{
		{0x82, 2, 1, 2},
		{0x81, 2, 'h', 'i', 0x88, 2, 3, 0xe8},
		{0x01, 1, 'a', 0x89, 0, 0x80, 1, 'b'},
		{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0},
		{0x82, 0x84, 1, 2, 3, 4, 5},
		{0xc1, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0},
		{0x88, 4, 0x0f, 0xa1, 0xff, 0xfe},
		{0x83, 0},
		{0x81, 126, 0, 200},
		{0x8a, 125},
		append([]byte{0x81, 56}, `{"type":"streamAudio","data":{"audioDataType":"raw","s":1}}`...),
	}
}

// FuzzWebsocketServe feeds Serve with raw frames: it ends, says how, and hands over
// no more than came.
func FuzzWebsocketServe(f *testing.F) {
	for _, seed := range wsSeeds() {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, stream []byte, deflate bool) {
		raw := newCountingConn(bytes.NewReader(stream))
		c := wsOverConn(t, raw, &Options{Format: media.Format{Rate: 8000, Channels: 1}, Deflate: deflate})
		e := c.Serve(nobody{})
		switch {
		case e.By == ByRemote && e.Error == 0, e.By == ByError && e.Error != 0 && e.Text != "":
		default:
			t.Fatalf("ended %+v", e)
		}
		if e.Code < 1000 || e.Code > 4999 {
			t.Fatalf("ended %+v", e)
		}
		if s := c.Stats(); !deflate && s.BytesIn > uint64(len(stream)) {
			t.Fatalf("%d bytes of audio out of %d", s.BytesIn, len(stream))
		}
		select {
		case <-raw.closed:
		default:
			t.Fatal("the socket is open")
		}
	})
}
