package rtp_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/rtcp"
	prtp "github.com/pion/rtp"

	"rms/media"
	"rms/rtp"
)

func corpus(f *testing.F) {
	f.Helper()
	files, _ := filepath.Glob("testdata/rtp/*.bin")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) <= rtp.MaxPacket {
			f.Add(b)
		}
	}
}

// FuzzRTP compares the header parser with one from RFC 3550 and with pion's reading
// of the whole packet, and gives the packet to a session in the middle of a stream.
func FuzzRTP(f *testing.F) {
	corpus(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > rtp.MaxPacket {
			return
		}
		ours, ok := rtp.RawPacket(b)
		if plain, fine := readHeader(b); ok != fine || !same(ours, plain) {
			t.Fatalf("ours %v %+v, of RFC 3550 %v %+v", ok, ours, fine, plain)
		}
		var theirs prtp.Packet
		if err := theirs.Unmarshal(b); ok && err == nil {
			h := theirs.Header
			if ours.Sequence != h.SequenceNumber || ours.Timestamp != h.Timestamp || ours.SSRC != h.SSRC ||
				ours.Marker != h.Marker || ours.PayloadType != h.PayloadType || string(ours.Payload) != string(theirs.Payload) {
				t.Fatalf("ours %+v, pion's %v", ours, theirs)
			}
		}
		r := newRig(t, config())
		fr := &media.Frame{}
		for i := range 12 {
			if i >= 4 && i < 8 {
				// the same packet with other numbers, so that it can get further
				x := append([]byte(nil), b...)
				if len(x) >= 4 && i > 4 {
					binary.BigEndian.PutUint16(x[2:], uint16(i))
				}
				r.wire.in[0] = append(r.wire.in[0], datagram{far, r.now.UnixNano(), x})
			} else {
				r.arrive(far, audio(i))
			}
			r.turn(nil)
			r.read(fr, 160)
		}
		r.idle(time.Second)
		for range 100 {
			r.read(fr, 160)
		}
		if r.s.Held() != 0 {
			t.Fatalf("%d slots are held", r.s.Held())
		}
	})
}

// FuzzRTCP: what is accepted is no longer than it says, and never a panic.
func FuzzRTCP(f *testing.F) {
	corpus(f)
	f.Add(bye(0x1234))
	if b, err := (&rtcp.SenderReport{SSRC: 0x1234, Reports: []rtcp.ReceptionReport{{SSRC: 1}}}).Marshal(); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > rtp.MaxPacket {
			return
		}
		ok := rtp.ValidRTCP(b)
		if _, err := rtcp.Unmarshal(b); err == nil && !ok && len(b) >= 8 && onlyKnown(b) {
			t.Fatalf("pion reads % x", b)
		}
		r := newRig(t, config())
		r.arrive(far, audio(0))
		r.turn(nil)
		r.arriveRTCP(farRTCP, b)
		r.turn(nil)
		if ok != (r.s.Stats().RTCPIn == 1) && b[0]>>6 == 2 {
			t.Fatalf("valid %v, %+v", ok, r.s.Stats())
		}
	})
}

// onlyKnown reports whether all packets are reports, descriptions or goodbyes.
func onlyKnown(b []byte) bool {
	for len(b) >= 4 {
		if b[1] < 200 || b[1] > 203 {
			return false
		}
		b = b[min(len(b), 4*(int(binary.BigEndian.Uint16(b[2:]))+1)):]
	}
	return len(b) == 0
}

// FuzzDTMF feeds a row of events, each 8 bytes of what differs.
func FuzzDTMF(f *testing.F) {
	f.Add([]byte{0, 5, 0x0a, 0, 160, 0, 0, 1, 0, 5, 0x8a, 1, 64, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRig(t, config())
		rows := min(len(b)/8, 50)
		for i := range rows {
			x := b[i*8:]
			r.arrive(far, packet{
				seq: uint16(i), ts: uint32(binary.BigEndian.Uint16(x[5:])) * 80, ssrc: 0x1234, pt: 101,
				marker: x[0]&1 != 0, body: x[1:5],
			})
			r.turn(nil)
		}
		r.idle(time.Second)
		if len(r.digits) > rows {
			t.Fatalf("%d packets made %d keys", rows, len(r.digits))
		}
		for _, d := range r.lengths {
			if d < 0 || d > time.Duration(rows+1)*65536*time.Second/8000 {
				t.Fatalf("a key of %v", d)
			}
		}
	})
}
