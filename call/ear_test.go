package call_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	prtp "github.com/pion/rtp"

	"rms/media/codec"
)

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

// listen takes what has arrived, which is all that was sent before.
func (e *ear) listen() {
	drain(e.t, e.conn, func(b []byte) {
		var p prtp.Packet
		if err := p.Unmarshal(append([]byte(nil), b...)); err == nil && p.Version == 2 && (p.PayloadType < 64 || p.PayloadType >= 96) {
			e.packets = append(e.packets, p)
		}
	})
}

// drains numbers the packets with which sockets ask themselves whether they are empty.
var drains atomic.Uint64

// drain reads what a socket has got. Loopback keeps the order, so that all that was sent
// before is there as soon as a packet of the socket's own is: a deadline that is over when
// the read begins would read nothing.
func drain(t testing.TB, conn *net.UDPConn, take func(b []byte)) {
	t.Helper()
	const mark = "drained "
	buf := make([]byte, 2048)
	for range 200 {
		last := mark + fmt.Sprint(drains.Add(1))
		if _, err := conn.WriteTo([]byte(last), conn.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		for {
			n, err := conn.Read(buf)
			if err != nil {
				break // there was no room for it: once more
			}
			switch b := buf[:n]; {
			case string(b) == last:
				return
			case !bytes.HasPrefix(b, []byte(mark)):
				take(b)
			}
		}
	}
	t.Fatal("a socket does not hear itself")
}

// last returns the packet that came last.
func (e *ear) last() (p prtp.Packet) {
	if n := len(e.packets); n > 0 {
		p = e.packets[n-1]
	}
	return p
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
