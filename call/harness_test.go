package call_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	prtp "github.com/pion/rtp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/call/prompt"
	"rms/media"
	"rms/media/codec"
	"rms/media/wav/wavtest"
	"rms/rtp"
	"rms/sip"
	"rms/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// routes is a script in Go: it runs on one goroutine, as on a script worker.
type routes struct {
	mu     sync.RWMutex
	byName map[string]func(x *call.Exec) error
	jobs   chan func()
	busy   atomic.Int32
	wait   sync.WaitGroup
}

func newRoutes(byName map[string]func(x *call.Exec) error) *routes {
	r := &routes{byName: byName, jobs: make(chan func(), 256)}
	r.wait.Go(func() {
		for job := range r.jobs {
			job()
		}
	})
	return r
}

func (r *routes) route(name string) func(x *call.Exec) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

func (r *routes) Has(name string) bool { return r.route(name) != nil }

func (r *routes) Run(x *call.Exec, name string, done func(error)) error {
	r.busy.Add(1)
	r.jobs <- func() {
		done(r.route(name)(x))
		r.busy.Add(-1)
	}
	return nil
}

// do runs a verb the way a script does.
func do(x *call.Exec, verb string, args ...any) (any, error) {
	v, ok := call.Lookup(verb)
	if !ok {
		return nil, call.Unknown(verb)
	}
	a, err := v.Bind(args, nil)
	if err != nil {
		return nil, err
	}
	return x.Invoke(v, a)
}

// named is do with named arguments.
func named(x *call.Exec, verb string, args map[string]any) (any, error) {
	v, _ := call.Lookup(verb)
	a, err := v.Bind(nil, args)
	if err != nil {
		return nil, err
	}
	return x.Invoke(v, a)
}

// house is a server under test: real signalling and sockets, a clock that stands
// still until it is told to go on.
type house struct {
	t      testing.TB
	clock  *media.ManualClock
	calls  *call.Manager
	script *routes
	ua     *sip.UA
	ports  *rtp.Ports
	addr   netip.AddrPort
	root   string

	mu     sync.Mutex
	events []call.Event
}

type script = map[string]func(x *call.Exec) error

func newHouse(t testing.TB, s script, change ...func(*call.Options)) *house {
	t.Helper()
	h := &house{t: t, clock: media.NewManualClock(), script: newRoutes(s), root: t.TempDir()}
	cache, err := prompt.New(prompt.Options{Roots: []string{h.root}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-24 * time.Hour) // so that the kernel's stamps do not mix with the clock's time
	engine := rtp.NewEngine(h.clock, rtp.WithNow(func() time.Time { return start.Add(h.clock.Now()) }))
	h.ports = rtp.NewPorts(rtp.PortsOptions{Min: 40000, Max: 47999})
	o := call.Options{
		Router: h.script, Ports: h.ports, Engine: engine, Clock: h.clock, Prompts: cache,
		Log: zerolog.Nop(), Watch: h.watch,
	}
	for _, c := range change {
		c(&o)
	}
	h.calls = call.NewManager(o)
	h.ua, err = sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, T1: 100 * time.Millisecond, NewCalls: -1, PerSource: -1, HalfOpen: -1, Log: zerolog.Nop(),
	}, h.calls)
	if err != nil {
		t.Fatal(err)
	}
	h.calls.UseUA(h.ua)
	h.addr = h.ua.Listeners()[0].Addr
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.ua.Close(ctx); err != nil {
			t.Errorf("close the user agent: %v", err)
		}
		h.calls.Close(ctx)
		if n := h.calls.PortsUsed(); n != 0 {
			t.Errorf("%d RTP ports left behind", n)
		}
		close(h.script.jobs)
		h.script.wait.Wait()
		engine.Close()
	})
	return h
}

// on adds a route to the script, or puts it in the place of another.
func (h *house) on(name string, route func(x *call.Exec) error) {
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	h.script.byName[name] = route
}

// runs gives the house another script.
func (h *house) runs(s script) {
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	h.script.byName = s
}

func (h *house) watch(ev *call.Event) {
	h.mu.Lock()
	h.events = append(h.events, *ev)
	h.mu.Unlock()
}

// seen returns the events of a name so far.
func (h *house) seen(name string) []call.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []call.Event
	for _, e := range h.events {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// names returns the names of all events so far, in order.
func (h *house) names() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}

// settle waits until nothing goes on that the clock has set off.
func (h *house) settle() {
	for calm, end := 0, time.Now().Add(5*time.Second); calm < 3 && time.Now().Before(end); {
		if h.script.busy.Load() == 0 && h.calls.Idle() {
			calm++
			continue
		}
		calm = 0
		time.Sleep(50 * time.Microsecond)
	}
}

// until advances the clock tick by tick until ok, or fails after ten minutes of
// audio or ten seconds.
func (h *house) until(what string, ok func() bool, ears ...*ear) {
	h.t.Helper()
	end := time.Now().Add(10 * time.Second)
	for range 30000 {
		h.settle()
		if ok() {
			return
		}
		if time.Now().After(end) {
			break
		}
		h.tick(ears...)
	}
	h.t.Fatalf("%s: never; events: %s", what, h.names())
}

// run advances the clock by d, and has the ears listen.
func (h *house) run(d time.Duration, ears ...*ear) {
	h.t.Helper()
	for range d / (10 * time.Millisecond) {
		h.tick(ears...)
	}
}

func (h *house) tick(ears ...*ear) {
	h.settle()
	h.clock.Advance(10 * time.Millisecond)
	for _, e := range ears {
		e.listen()
	}
}

// wait polls until the event came, without moving the clock.
func (h *house) wait(name string) call.Event {
	h.t.Helper()
	for range 5000 {
		if ev := h.seen(name); len(ev) > 0 {
			return ev[len(ev)-1]
		}
		time.Sleep(time.Millisecond)
	}
	h.t.Fatalf("no event %s; events: %s", name, h.names())
	return call.Event{}
}

// ear is the caller's RTP socket: what it hears, packet by packet.
type ear struct {
	t       testing.TB
	conn    *net.UDPConn
	to      netip.AddrPort
	packets []prtp.Packet
	seq     uint16
	ts      uint32
}

func newEar(t testing.TB) *ear {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &ear{t: t, conn: conn, ts: 1000}
}

func (e *ear) port() int { return e.conn.LocalAddr().(*net.UDPAddr).Port }

// listen takes what has arrived; on loopback that is all that was sent.
func (e *ear) listen() {
	buf := make([]byte, 2048)
	for {
		_ = e.conn.SetReadDeadline(time.Now().Add(100 * time.Microsecond))
		n, err := e.conn.Read(buf)
		if err != nil {
			return
		}
		var p prtp.Packet
		if err := p.Unmarshal(append([]byte(nil), buf[:n]...)); err == nil && p.Version == 2 && (p.PayloadType < 64 || p.PayloadType >= 96) {
			e.packets = append(e.packets, p)
		}
	}
}

// say sends one packet to where the answer pointed.
func (e *ear) say(pt uint8, payload []byte, samples uint32, marker bool) {
	e.t.Helper()
	p := prtp.Packet{Header: prtp.Header{Version: 2, PayloadType: pt, SequenceNumber: e.seq, Timestamp: e.ts, SSRC: 77, Marker: marker}, Payload: payload}
	e.seq++
	e.ts += samples
	raw, err := p.Marshal()
	if err == nil {
		_, err = e.conn.WriteToUDPAddrPort(raw, e.to)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// heard decodes all packets of the payload type of a codec.
func (e *ear) heard(name string, clock int, pt uint8) []int16 {
	c, ok := codec.Lookup(name, clock, 1)
	if !ok {
		e.t.Fatalf("no codec %s/%d", name, clock)
	}
	d := c.NewDecoder()
	var pcm []int16
	for _, p := range e.packets {
		if p.PayloadType == pt {
			pcm = d.Decode(pcm, p.Payload)
		}
	}
	return pcm
}

// gapless fails when sequence numbers or timestamps do not go on.
func (e *ear) gapless(samples uint32) {
	e.t.Helper()
	for i := 1; i < len(e.packets); i++ {
		a, b := e.packets[i-1], e.packets[i]
		if b.SequenceNumber != a.SequenceNumber+1 || b.Timestamp != a.Timestamp+samples || b.SSRC != a.SSRC {
			e.t.Fatalf("packet %d: seq %d ts %d after seq %d ts %d", i, b.SequenceNumber, b.Timestamp, a.SequenceNumber, a.Timestamp)
		}
	}
}

// offer is a session description for the ear.
func (e *ear) offer(formats string, attributes ...string) string {
	s := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n", e.port(), formats)
	for _, a := range attributes {
		s += "a=" + a + "\r\n"
	}
	return s
}

// aim points the ear at the media of an answer.
func (e *ear) aim(sdp string) {
	e.t.Helper()
	_, rest, ok := strings.Cut(sdp, "m=audio ")
	var port uint16
	if _, err := fmt.Sscanf(rest, "%d", &port); !ok || err != nil {
		e.t.Fatalf("no audio in %q", sdp)
	}
	e.to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

// invite places a call and leaves the rest to the test.
func (h *house) invite(e *ear, offer string, extra ...string) *siptest.Call {
	h.t.Helper()
	return siptest.UDP(h.t, h.addr).Invite(offer, extra...)
}

// dial places a call with the offer and returns it when the 200 came and was
// acknowledged.
func (h *house) dial(e *ear, offer string, extra ...string) *siptest.Call {
	h.t.Helper()
	c := siptest.UDP(h.t, h.addr).Invite(offer, extra...)
	ok := c.Expect(200)
	e.aim(ok.Body)
	c.Ack()
	return c
}

// tone writes a WAV file with a tone into the media root.
func (h *house) tone(name string, rate int, hz float64, d time.Duration) {
	h.t.Helper()
	err := wavtest.Write(filepath.Join(h.root, name), wavtest.Tone{Rate: rate, Channels: 1, Hz: hz, Duration: d})
	if err != nil {
		h.t.Fatal(err)
	}
}

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
