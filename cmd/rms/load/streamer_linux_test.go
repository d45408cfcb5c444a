package load

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	registry "rms/media/codec"
)

// fakeStreamer sends what each caller says to the URL of its INVITE, some time later.
type fakeStreamer struct {
	t     *testing.T
	after time.Duration
	skip  func(n int) bool // streams that are not opened
	early bool             // goodbye after the first second of audio

	mu       sync.Mutex
	n        int
	byCaller map[netip.AddrPort]*fakeStream
}

type fakeStream struct {
	mu     sync.Mutex
	conn   net.Conn
	ws     bool
	frames int
}

func (f *fakeStreamer) open(caller netip.AddrPort, invite string) {
	_, rest, ok := strings.Cut(invite, "X-Stream-Url: ")
	address, _, _ := strings.Cut(rest, "\r\n")
	u, err := url.Parse(address)
	if !ok || err != nil {
		f.t.Errorf("the INVITE asks for no stream: %v\n%s", err, invite)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.skip != nil && f.skip(f.n-1) {
		return
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		f.t.Errorf("dial the stream: %v", err)
		return
	}
	s := &fakeStream{conn: conn, ws: u.Scheme == "ws"}
	if f.byCaller == nil {
		f.byCaller = map[netip.AddrPort]*fakeStream{}
	}
	f.byCaller[caller] = s
	if !s.ws {
		id, _ := hex.DecodeString(strings.ReplaceAll(u.Path[1:], "-", ""))
		_, _ = conn.Write(append([]byte{1, 0, 16}, id...))
		return
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", u.Path)
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(answer, " 101 ") {
		f.t.Errorf("handshake: %q, %v", answer, err)
	}
	_, _ = conn.Write(wsFrame(opText, []byte("load")))
	_, _ = conn.Write(wsFrame(opPing, nil))
}

// end says goodbye as a client of the kind does.
func (f *fakeStreamer) end(caller netip.AddrPort) {
	f.mu.Lock()
	s := f.byCaller[caller]
	f.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ws {
		_, _ = s.conn.Write(wsFrame(opClose, []byte{3, 232}))
	}
	_ = s.conn.Close()
}

func (f *fakeStreamer) forward(from netip.AddrPort, payload []byte) {
	f.mu.Lock()
	s := f.byCaller[from]
	f.mu.Unlock()
	if s == nil {
		return
	}
	c, _ := registry.Lookup("PCMU", 8000, 1)
	var audio []byte
	for _, v := range c.NewDecoder().Decode(nil, payload) {
		audio = append(audio, byte(v), byte(uint16(v)>>8))
	}
	time.AfterFunc(f.after, func() { s.send(audio, f.early) })
}

func (s *fakeStream) send(audio []byte, early bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames++
	if early && s.frames == 8 {
		_ = s.conn.Close()
	}
	message := wsFrame(2, audio)
	if !s.ws {
		message = append([]byte{0x10, byte(len(audio) >> 8), byte(len(audio))}, audio...)
	}
	_, _ = s.conn.Write(message)
}

func TestStreamsAreCountedAndTheirDelayIsMeasured(t *testing.T) {
	for _, kind := range []string{"ws", "audiosocket"} {
		t.Run(kind, func(t *testing.T) {
			f := &fakeStreamer{t: t, after: 40 * time.Millisecond}
			o := quick(startServer(t, func(s *fakeServer) { s.streamer = f }))
			o.TwoWay, o.For = true, 1200*time.Millisecond
			o.Streams = Streams{Kind: kind, Probes: 2, Depth: 30 * time.Millisecond}
			r := run(t, o)
			s := r.Streams
			if s == nil || s.Wanted != 12 || s.Connected != 12 || s.Lost != 0 || s.Missing != 0 || s.Odd != 0 || !r.Passed() {
				t.Fatalf("streams: %+v", s)
			}
			if s.Frames < 12*25 || s.Bytes != s.Frames*320 || s.Connect.Count != 12 || s.First.Count != 12 {
				t.Errorf("%d frames of %d bytes, connect %v, first %v", s.Frames, s.Bytes, s.Connect, s.First)
			}
			if s.Pulses < 4 || s.Heard < s.Pulses-2 || s.Delay.P50 < 39 || s.Delay.P50 > 500 || s.Beyond.P50 != s.Delay.P50-30 {
				t.Errorf("%d of %d pulses, delay %v, beyond %v; want 40 ms, or what a busy machine makes of them", s.Heard, s.Pulses, s.Delay, s.Beyond)
			}
			var b strings.Builder
			if err := r.Print(&b); err != nil || !strings.Contains(b.String(), "12 wanted, 12 connected, 0 lost") {
				t.Errorf("table: %v\n%s", err, b.String())
			}
		})
	}
}

func TestStreamsThatNeverCameOrEndedEarlyAreLost(t *testing.T) {
	o := quick(startServer(t, func(s *fakeServer) {
		s.streamer = &fakeStreamer{t: t, skip: func(n int) bool { return n%3 == 0 }}
	}))
	o.TwoWay, o.Streams = true, Streams{Kind: "ws"}
	if r := run(t, o); r.Streams.Lost != 4 || r.Streams.Connected != 8 || r.Passed() {
		t.Errorf("streams: %+v, want 4 of 12 lost", r.Streams)
	}
	o = quick(startServer(t, func(s *fakeServer) { s.streamer = &fakeStreamer{t: t, early: true} }))
	o.TwoWay, o.For, o.Streams = true, 800*time.Millisecond, Streams{Kind: "ws"}
	if r := run(t, o); r.Streams.Lost != 12 {
		t.Errorf("streams: %+v, want all lost that end before their call", r.Streams)
	}
}

func TestStalledStreamsAreNotReadUntilTheWindowIsOver(t *testing.T) {
	o := quick(startServer(t, func(s *fakeServer) { s.streamer = &fakeStreamer{t: t} }))
	o.TwoWay, o.Streams = true, Streams{Kind: "ws", Stalled: 3}
	r := run(t, o)
	if r.Streams.Stalled != 3 || r.Streams.Lost != 0 { // how much audio there is depends on how busy the machine is
		t.Errorf("streams: %+v", r.Streams)
	}
	if s := r.Streams.Frozen; s == nil || s.Back == 0 || s.Dropped.Count != 3 {
		t.Errorf("streams that were not read: %+v", s)
	}
}
