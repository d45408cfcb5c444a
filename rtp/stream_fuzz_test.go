package rtp_test

import (
	"testing"
	"time"

	"rms/media"
)

// FuzzStream plays a stream whose packets, times and ticks the input decides, five
// bytes a packet: the buffer must end, hold nothing for ever, and recover.
func FuzzStream(f *testing.F) {
	f.Add([]byte{1, 1, 20, 0, 0, 1, 1, 20, 0, 0, 2, 2, 20, 0, 1, 0, 0, 20, 3, 0})
	f.Add([]byte{1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 250, 250, 200, 0, 7, 128, 128, 1, 2, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newRig(t, config())
		fr := &media.Frame{}
		seq, ts := uint16(100), uint32(16000)
		for n := 0; len(b) >= 5 && n < 400; n++ {
			x := b[:5]
			b = b[5:]
			seq += uint16(int16(int8(x[0])) * step(x[4]))
			ts += uint32(int32(int8(x[1])) * 160 * int32(step(x[4]>>2)))
			p := packet{seq: seq, ts: ts, ssrc: 0x1234 + uint32(x[3]>>6), marker: x[3]&1 != 0, body: make([]byte, int(x[3]&62)*8)}
			switch x[4] >> 6 {
			case 1:
				p.pt = 13
			case 2:
				p.pt = 101
			}
			r.arrive(far, p)
			if x[2]&3 == 0 {
				continue // the next comes in the same tick
			}
			r.now = r.now.Add(time.Duration(x[2]>>4) * 10 * time.Millisecond)
			r.turn(nil)
			r.readSome(fr)
		}
		recovers(t, r, fr)
	})
}

func step(x byte) int16 { return [4]int16{1, 1, 16, 250}[x&3] }

// readSome reads a tick and fails when the buffer never says that it is done.
func (r *rig) readSome(f *media.Frame) (packets int) {
	for have, reads := 0, 0; have < 160; have += f.Samples {
		if reads++; reads > 500 {
			r.t.Fatal("a tick does not end")
		}
		switch r.s.ReadPacket(f) {
		case media.ReadNone:
			return packets
		case media.ReadLost:
			if f.Samples <= 0 || f.Samples > 8000 {
				r.t.Fatalf("conceal %d samples", f.Samples)
			}
		default:
			packets++
		}
	}
	return packets
}

// recovers: whatever came before, two seconds of a good stream are heard.
func recovers(t *testing.T, r *rig, f *media.Frame) {
	t.Helper()
	r.idle(time.Second)
	heard := 0
	for i := range 150 {
		p := audio(i)
		p.ssrc = 0xabcd
		r.arrive(far, p)
		r.turn(nil)
		n := r.readSome(f)
		if i >= 50 {
			heard += n
		}
	}
	if heard < 90 {
		t.Fatalf("%d of 100 packets heard after the storm: %+v", heard, r.s.Stats())
	}
	for range 300 {
		r.turn(nil)
		r.readSome(f)
	}
	if r.s.Held() != 0 {
		t.Fatalf("%d slots are held", r.s.Held())
	}
}
