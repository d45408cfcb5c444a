package target_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/rst"
)

const rstID = "478525a8-8263-4550-b18c-d027d11c9865"

// rstPatience bounds every wait of these tests.
const rstPatience = 20 * time.Second

// rstFar is a server's socket, or a stranger's.
type rstFar struct {
	t    testing.TB
	conn *net.UDPConn
	addr netip.AddrPort
	inv  string // which next does not return again
}

// rstGot is one datagram.
type rstGot struct {
	from netip.AddrPort
	text string
}

func newRSTFar(t testing.TB, address string) *rstFar {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &rstFar{t: t, conn: c, addr: c.LocalAddr().(*net.UDPAddr).AddrPort()}
}

// newRSTFarIfFree returns nil when somebody has the port.
func newRSTFarIfFree(t *testing.T, port int) *rstFar {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return nil
	}
	t.Cleanup(func() { c.Close() })
	return &rstFar{t: t, conn: c}
}

// next awaits a datagram. A server that takes half a second over its ACK gets the INV
// again, which is left out.
func (f *rstFar) next() rstGot {
	f.t.Helper()
	for {
		got := f.any()
		if got.text == f.inv {
			continue
		}
		if strings.HasPrefix(got.text, "INV :") {
			f.inv = got.text
		}
		return got
	}
}

// any awaits a datagram, be it an INV that is repeated.
func (f *rstFar) any() rstGot {
	f.t.Helper()
	buf := make([]byte, 65536)
	f.conn.SetReadDeadline(time.Now().Add(rstPatience))
	n, from, err := f.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		f.t.Fatal(err)
	}
	return rstGot{from, string(buf[:n])}
}

// data awaits a datagram of audio.
func (f *rstFar) data() rst.Packet {
	f.t.Helper()
	p, err := rst.Parse([]byte(f.next().text))
	if err != nil || p.Kind != rst.Data {
		f.t.Fatalf("%+v, %v: want DATA", p, err)
	}
	return p
}

// empty fails when a datagram waits: one from the test itself must be the first.
func (f *rstFar) empty() {
	f.t.Helper()
	f.say(f.addr, "the end")
	if got := f.next(); got.text != "the end" {
		f.t.Errorf("%.60q came, want no more", got.text)
	}
}

func (f *rstFar) say(to netip.AddrPort, text string) {
	f.t.Helper()
	if _, err := f.conn.WriteToUDPAddrPort([]byte(text), to); err != nil {
		f.t.Error(err)
	}
}

func (f *rstFar) options() *target.Options {
	return &target.Options{
		URL: &url.URL{Scheme: "rst", Host: f.addr.String()}, CallID: rstID, Caller: "18621575908", Callee: "02131570530",
		Format: media.Format{Rate: 8000, Channels: 2}, Codec: media.Codec{Name: "PCMU"},
	}
}

// rstStream is an open connection with its Serve running.
type rstStream struct {
	target.Conn
	t       testing.TB
	handler rstHandler
	over    chan target.Ended
}

func openRST(t testing.TB, o *target.Options) *rstStream {
	t.Helper()
	c, err := tryRST(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return serveRST(t, c)
}

func tryRST(t testing.TB, o *target.Options) (target.Conn, error) {
	t.Helper()
	s, ok := target.Lookup("rst")
	if !ok {
		t.Fatal("no scheme rst")
	}
	if err := s.Check(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), rstPatience)
	defer cancel()
	return s.Open(ctx, o)
}

func serveRST(t testing.TB, c target.Conn) *rstStream {
	s := &rstStream{Conn: c, t: t, over: make(chan target.Ended, 1)}
	go func() { s.over <- c.Serve(&s.handler) }()
	t.Cleanup(func() { c.Close() })
	return s
}

// ended awaits the return of Serve.
func (s *rstStream) ended() target.Ended {
	s.t.Helper()
	select {
	case e := <-s.over:
		return e
	case <-time.After(rstPatience):
		s.t.Fatal("Serve does not return")
		return target.Ended{}
	}
}

func (s *rstStream) running() {
	s.t.Helper()
	select {
	case e := <-s.over:
		s.t.Errorf("the stream is over: %+v", e)
	default:
	}
}

func (s *rstStream) write(pcm []int16, channels int) {
	s.t.Helper()
	if err := s.Write(&media.Frame{PCM: pcm, Format: media.Format{Rate: 8000, Channels: channels}}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *rstStream) finish() target.Ended {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rstPatience)
	defer cancel()
	return s.Finish(ctx, "")
}

// until polls the counters.
func (s *rstStream) until(what string, ok func(target.Stats) bool) {
	s.t.Helper()
	for end := time.Now().Add(rstPatience); !ok(s.Stats()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain: %s; %+v", what, s.Stats())
		}
	}
}

// rstHandler keeps the problems.
type rstHandler struct {
	mu       sync.Mutex
	problems []string
}

func (h *rstHandler) Problem(_ int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = append(h.problems, text)
}

func (h *rstHandler) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.problems...)
}

func (*rstHandler) Audio([]int16, int) error  { return errors.New("no audio comes from RST") }
func (*rstHandler) Clip(target.Clip) error    { return errors.New("no clips come from RST") }
func (*rstHandler) Text(string)               {}
func (*rstHandler) Mark(string)               {}
func (*rstHandler) Clear(bool)                {}
func (*rstHandler) Digit(byte, time.Duration) {}
func (*rstHandler) Control(string)            {}

// rstRamp returns n samples per channel, all different, none of which is silence.
func rstRamp(n, channels int) []int16 {
	pcm := make([]int16, n*channels)
	for i := range pcm {
		pcm[i] = int16(i*8 + 4)
	}
	return pcm
}
