package rtp_test

import (
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/media"
	"rms/rtp"
)

// peer is a far end on a real socket, and a session on real sockets that it talks
// to.
type peer struct {
	*rig
	pair *rtp.Pair
	conn *net.UDPConn
	ctrl *net.UDPConn
}

func newPeer(t testing.TB, first int, local netip.Addr, change func(*rtp.Config)) *peer {
	t.Helper()
	pair, err := rtp.NewPorts(rtp.PortsOptions{Min: first, Max: first + 9}).Get(local)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{pair: pair, conn: socket(t, local), ctrl: socket(t, local)}
	c := config()
	c.Remote = p.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	c.RemoteRTCP = p.ctrl.LocalAddr().(*net.UDPAddr).AddrPort()
	if change != nil {
		change(&c)
	}
	r := &rig{t: t, now: time.Now(), tick: 20 * time.Millisecond}
	p.rig = r
	r.engine = rtp.NewEngine(r, rtp.WithNow(func() time.Time { return r.now }))
	r.s = r.engine.NewSession(pair, c, r)
	r.poll, r.sender = r.s.Poll(), r.s.Sender()
	r.poll.(media.Placed).Placed(0)
	t.Cleanup(func() {
		r.s.Close()
		pair.Close()
		r.engine.Close()
	})
	return p
}

func socket(t testing.TB, local netip.Addr) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// to sends from a socket to our RTP port, or with 1 to our RTCP port.
func (p *peer) to(c *net.UDPConn, port int, b []byte) {
	p.t.Helper()
	at := netip.AddrPortFrom(p.pair.Local().Addr(), uint16(p.pair.Port()+port))
	if _, err := c.WriteToUDPAddrPort(b, at); err != nil {
		p.t.Fatal(err)
	}
}

// until turns the clock until something is true; the fallback transport needs a
// moment to read.
func (p *peer) until(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			p.t.Fatalf("%s: %+v", what, p.s.Stats())
		}
		p.turn(nil)
		time.Sleep(time.Millisecond)
	}
}

func (p *peer) got(n uint64) { p.until("packets", func() bool { return p.s.Stats().PacketsIn >= n }) }

func receive(t testing.TB, c *net.UDPConn) ([]byte, netip.AddrPort) {
	t.Helper()
	b := make([]byte, 2000)
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

func TestRealSocketsCarryBothWays(t *testing.T) {
	for name, local := range map[string]netip.Addr{"IPv4": loopback, "IPv6": netip.IPv6Loopback()} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, 20500, local, nil)
			p.to(p.conn, 0, audio(0).bytes())
			p.got(1)
			p.turn(frame("PCMU/8000", 160))
			b, from := receive(t, p.conn)
			if len(b) != 172 || int(from.Port()) != p.pair.Port() || from.Addr() != local {
				t.Errorf("%d bytes from %v", len(b), from)
			}
			p.s.Close()
			b, from = receive(t, p.ctrl)
			if b[1] != 200 || int(from.Port()) != p.pair.Port()+1 {
				t.Errorf("RTCP % x from %v", b[:4], from)
			}
		})
	}
}

func TestASilentSocketSleepsAndWakesInTheSameTick(t *testing.T) {
	p := newPeer(t, 20510, loopback, nil)
	p.to(p.conn, 0, audio(0).bytes())
	p.got(1)
	if p.s.Asleep() {
		t.Fatal("asleep while packets come")
	}
	p.idle(200 * time.Millisecond)
	if !portable && !p.s.Asleep() {
		t.Fatal("awake after 200 ms of silence")
	}
	for i := 1; i < 5; i++ {
		p.to(p.conn, 0, audio(i).bytes())
		p.to(p.ctrl, 1, bye(0x9999))
		if !portable {
			p.turn(nil)
			if st := p.s.Stats(); st.PacketsIn != uint64(i+1) || st.RTCPIn != uint64(i) {
				t.Fatalf("after packet %d: %+v", i, st)
			}
		}
		p.until("packet", func() bool { st := p.s.Stats(); return st.PacketsIn == uint64(i+1) && st.RTCPIn == uint64(i) })
		p.idle(200 * time.Millisecond)
	}
}

func TestClosingAPairWaitsForItsPacketsInTheOutbox(t *testing.T) {
	p := newPeer(t, 20520, loopback, nil)
	p.before(0)
	p.in[0] = frame("PCMU/8000", 160)
	p.sender.Process(p.in[:], nil)
	p.s.Close()
	p.pair.Close()
	if !bound(p.pair.Port()) {
		t.Error("the socket was closed under a packet that waits")
	}
	p.after(0)
	if b, _ := receive(t, p.conn); len(b) != 172 {
		t.Errorf("got %d bytes", len(b))
	}
	if bound(p.pair.Port()) {
		t.Error("the socket is still open")
	}
}

// Each payload of the corpus arrives in the middle of a stream, which must go on.
func TestCorpusDatagramsDoWhatTheyMust(t *testing.T) {
	raw, err := os.ReadFile("testdata/rtp/EXPECT.json")
	if err != nil {
		t.Fatal(err)
	}
	var expect map[string]string
	if err := json.Unmarshal(raw, &expect); err != nil {
		t.Fatal(err)
	}
	counted := map[string]func(rtp.Stats) uint64{
		"cc15_full.bin":              func(s rtp.Stats) uint64 { return s.PacketsIn },
		"dtls_hello_on_rtp_port.bin": func(s rtp.Stats) uint64 { return s.NotRTP },
		"dtmf_event_short.bin":       func(s rtp.Stats) uint64 { return s.Malformed },
		"ext_no_header.bin":          func(s rtp.Stats) uint64 { return s.Malformed },
		"ext_twobyte_overrun.bin":    func(s rtp.Stats) uint64 { return s.PacketsIn },
		"jumbo_65507.bin":            func(s rtp.Stats) uint64 { return s.Truncated },
		"len_1.bin":                  func(s rtp.Stats) uint64 { return s.Malformed },
		"len_12_no_payload.bin":      func(s rtp.Stats) uint64 { return s.PacketsIn },
		"one_sample.bin":             func(s rtp.Stats) uint64 { return s.PacketsIn },
		"pad_255_gt_len.bin":         func(s rtp.Stats) uint64 { return s.Malformed },
		"pt_127_unknown.bin":         func(s rtp.Stats) uint64 { return s.UnknownPT },
		"pt_72_rtcp_range.bin":       func(s rtp.Stats) uint64 { return s.BadRTCP },
		"rtcp_len_huge.bin":          func(s rtp.Stats) uint64 { return s.BadRTCP },
		"seq_jump_32768.bin":         func(s rtp.Stats) uint64 { return s.Probation },
		"ssrc_change.bin":            func(s rtp.Stats) uint64 { return s.Probation },
		"ts_backwards.bin":           func(s rtp.Stats) uint64 { return s.PacketsIn },
		"version_1.bin":              func(s rtp.Stats) uint64 { return s.Malformed },
	}
	files, _ := filepath.Glob("testdata/rtp/*.bin")
	if len(files) != len(expect) || len(counted) != len(expect) {
		t.Fatalf("%d files, %d expectations, %d counters", len(files), len(expect), len(counted))
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := newPeer(t, 20530, loopback, nil)
			p.to(p.conn, 0, audio(0).bytes())
			p.got(1)
			before := counted[name](p.s.Stats())
			p.to(p.conn, 0, data)
			p.until(expect[name], func() bool { return counted[name](p.s.Stats()) > before })
			in := p.s.Stats().PacketsIn
			for i := 1; i < 50; i++ {
				p.to(p.conn, 0, audio(i).bytes())
			}
			p.got(in + 49)
			if st := p.s.Stats(); st.Resyncs != 0 || p.byes != 0 || p.timeouts != 0 {
				t.Errorf("the stream did not go on: %+v", st)
			}
		})
	}
}

// What tears calls down elsewhere: 10,000 packets a second of other protocols,
// wrong versions and goodbyes, from the far end's address and from another.
func TestFloodsNeitherEndTheCallNorTouchItsAudio(t *testing.T) {
	if portable {
		t.Skip("the fallback's ring is smaller than such a flood")
	}
	p := newPeer(t, 20540, loopback, func(c *rtp.Config) { c.Mux = true })
	var payload []int
	p.s.Tap(func(x *rtp.Packet) { payload = append(payload, int(x.Payload[3])) })
	stranger := socket(t, loopback)
	junk := [][]byte{
		append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...), // STUN
		{0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1},                    // DTLS hello
		{0x00, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1},                        // versions 0, 1, 3
		{0x40, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1},
		{0xc0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 1},
		bye(0x4711),
	}
	for i := range 100 {
		for k := range 200 {
			from := stranger
			if k%2 == 0 {
				from = p.conn
			}
			p.to(from, 0, junk[k%len(junk)])
		}
		p.to(p.conn, 0, audio(i).bytes())
		p.turn(nil)
	}
	if len(payload) != 100 || p.byes != 0 || p.timeouts != 0 {
		t.Fatalf("%d of 100 packets came through, %d goodbyes; %+v", len(payload), p.byes, p.s.Stats())
	}
	for i, n := range payload {
		if n != i {
			t.Fatalf("packet %d came as %d-th", n, i)
		}
	}
	if st := p.s.Stats(); st.NotRTP+st.Malformed+st.Foreign+st.RTCPIn < 19000 {
		t.Errorf("stats %+v", st)
	}
}

func TestAFloodCannotTakeMoreThanItsBudget(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for range 10000 {
		r.arrive(foe, audio(0))
	}
	r.turn(nil)
	if n := r.s.Stats().Foreign; n != 512 {
		t.Errorf("%d datagrams read in one tick, want 512", n)
	}
}
