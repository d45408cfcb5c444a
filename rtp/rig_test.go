package rtp_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	prtp "github.com/pion/rtp"

	"rms/media"
	"rms/rtp"
)

var (
	pcmu = media.Codec{Name: "PCMU", PT: 0, ClockRate: 8000, Rate: 8000, Channels: 1, Bits: 8}
	pcma = media.Codec{Name: "PCMA", PT: 8, ClockRate: 8000, Rate: 8000, Channels: 1, Bits: 8}
	l16  = media.Codec{Name: "L16", PT: 96, ClockRate: 16000, Rate: 16000, Channels: 1, Bits: 16}

	far     = netip.MustParseAddrPort("192.0.2.1:4000")
	farRTCP = netip.MustParseAddrPort("192.0.2.1:4001")
	nat     = netip.MustParseAddrPort("198.51.100.7:31000")
	foe     = netip.MustParseAddrPort("203.0.113.9:6666")
)

// wire is a transport in memory: what a test puts in comes out at the next tick.
type wire struct {
	in   [2][]datagram
	sent []sentPacket
	mute bool // keep nothing, for measuring
	fail error
}

type datagram struct {
	from netip.AddrPort
	at   int64
	data []byte
}

type rtpPacket = prtp.Packet

type sentPacket struct {
	c    rtp.Channel
	to   netip.AddrPort
	data []byte
}

func (w *wire) Receive(c rtp.Channel, b *rtp.Batch) int {
	n := 0
	for n < len(w.in[c]) && b.Add(w.in[c][n].from, w.in[c][n].at, w.in[c][n].data) {
		n++
	}
	w.in[c] = w.in[c][n:]
	return n
}

func (w *wire) Send(c rtp.Channel, to *rtp.Addr, p []byte) error {
	if !w.mute {
		w.sent = append(w.sent, sentPacket{c, to.AddrPort, append([]byte(nil), p...)})
	}
	return w.fail
}

// rig is one session on a clock that a test turns by hand.
type rig struct {
	t      testing.TB
	now    time.Time
	tick   time.Duration
	before func(int)
	after  func(int)
	engine *rtp.Engine
	wire   *wire
	s      *rtp.Session
	poll   media.Filter
	sender media.Filter
	events
	in [1]*media.Frame
}

type events struct {
	digits   string
	lengths  []time.Duration
	timeouts int
	latched  []netip.AddrPort
	byes     int
}

func (e *events) Digit(d byte, l time.Duration, _ string) {
	e.digits += string(d)
	e.lengths = append(e.lengths, l)
}
func (e *events) Timeout()                 { e.timeouts++ }
func (e *events) Latched(a netip.AddrPort) { e.latched = append(e.latched, a) }
func (e *events) Bye()                     { e.byes++ }

func (r *rig) N() int                        { return 1 }
func (r *rig) Hooks(before, after func(int)) { r.before, r.after = before, after }
func (r *rig) Now() time.Time                { return r.now }

func config() rtp.Config {
	return rtp.Config{
		Remote: far, Codec: pcmu, Ptime: 20 * time.Millisecond, DTMFType: 101,
		Send: true, Receive: true, CNAME: "test",
	}
}

func newRig(t testing.TB, c rtp.Config, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Unix(1_800_000_000, 0), tick: 20 * time.Millisecond, wire: &wire{}}
	for _, f := range change {
		f(r)
	}
	r.engine = rtp.NewEngine(r, rtp.WithNow(func() time.Time { return r.now }))
	r.s = r.engine.NewSession(r.wire, c, r)
	r.poll, r.sender = r.s.Poll(), r.s.Sender()
	r.poll.(media.Preparer).Prepare(r.tick)
	r.sender.(media.Preparer).Prepare(r.tick)
	r.poll.(media.Placed).Placed(0)
	t.Cleanup(func() {
		r.s.Close()
		r.engine.Close()
	})
	return r
}

func ticks(d time.Duration) func(*rig) { return func(r *rig) { r.tick = d } }

// turn runs one tick, sends frame, and lets time pass.
func (r *rig) turn(frame *media.Frame) {
	r.before(0)
	r.poll.Process(nil, nil)
	r.in[0] = frame
	r.sender.Process(r.in[:], nil)
	r.after(0)
	r.now = r.now.Add(r.tick)
}

func (r *rig) idle(d time.Duration) {
	for end := r.now.Add(d); r.now.Before(end); {
		r.turn(nil)
	}
}

// arrive puts a packet on the wire as of now.
func (r *rig) arrive(from netip.AddrPort, p packet) {
	r.wire.in[rtp.Media] = append(r.wire.in[rtp.Media], datagram{from, r.now.UnixNano(), p.bytes()})
}

func (r *rig) arriveRTCP(from netip.AddrPort, b []byte) {
	r.wire.in[rtp.Control] = append(r.wire.in[rtp.Control], datagram{from, r.now.UnixNano(), b})
}

// packet is an RTP packet to be built by pion.
type packet struct {
	seq    uint16
	ts     uint32
	ssrc   uint32
	pt     uint8
	marker bool
	body   []byte
}

func (p packet) bytes() []byte {
	b, err := (&prtp.Packet{Header: prtp.Header{
		Version: 2, PayloadType: p.pt, SequenceNumber: p.seq, Timestamp: p.ts, SSRC: p.ssrc, Marker: p.marker,
	}, Payload: p.body}).Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

// audio returns the i-th packet of 20 ms of PCMU; its payload begins with i.
func audio(i int) packet {
	body := make([]byte, 160)
	binary.BigEndian.PutUint32(body, uint32(i))
	return packet{seq: uint16(i), ts: uint32(i * 160), ssrc: 0x1234, body: body}
}

// read empties a tick's worth of packets and returns their numbers; -1 is a lost
// one.
func (r *rig) read(f *media.Frame, units int) (got []int) {
	for have := 0; have < units; {
		f.Samples = units - have
		switch r.s.ReadPacket(f) {
		case media.ReadPacket:
			have += f.Samples
			if len(f.Payload) >= 4 {
				got = append(got, int(binary.BigEndian.Uint32(f.Payload)))
			}
		case media.ReadLost:
			have += f.Samples
			got = append(got, -1)
		default:
			return got
		}
	}
	return got
}

func (r *rig) media() (out []prtp.Packet) {
	for _, p := range r.wire.sent {
		if p.c != rtp.Media || (len(p.data) > 1 && p.data[1] >= 192 && p.data[1] < 224) {
			continue
		}
		var x prtp.Packet
		if err := x.Unmarshal(p.data); err != nil {
			r.t.Fatalf("sent packet: %v", err)
		}
		out = append(out, x)
	}
	return out
}

func frame(encoding string, n int) *media.Frame {
	return &media.Frame{Payload: make([]byte, n), Encoding: encoding}
}
