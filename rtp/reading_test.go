package rtp_test

import (
	"testing"
	"time"

	"rms/media"
)

// What is heard at the beginning of a tick is told whatever part of a packet waited
// in the decoder, and nothing is told of ticks in which no packet began.
func TestReadingIsTheSampleAtTheBeginningOfTheTick(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 30 * time.Millisecond
	r := newRig(t, c, ticks(10*time.Millisecond))
	p := packet{ssrc: 5, seq: 100, ts: 5000}
	var f media.Frame
	waits, base, known := 0, uint32(0), false // units that wait in the decoder
	told, silent := 0, 0
	for tick := range 300 {
		if tick%3 == 0 {
			p.body = make([]byte, 240)
			r.arrive(far, p)
			p.seq++
			p.ts += 240
		}
		r.before(0)
		r.poll.Process(nil, nil)
		if ts, ok := r.s.Reading(); ok {
			t.Fatalf("tick %d: %d before anything was read", tick, ts)
		}
		began := false
		first := uint32(0)
		had := waits
		for waits < 80 {
			f.Reset()
			f.Samples = 80 - waits
			if r.s.ReadPacket(&f) != media.ReadPacket {
				break
			}
			if !began {
				began, first = true, f.Timestamp-uint32(had)
			}
			waits += f.Samples
		}
		ts, ok := r.s.Reading()
		if ok != began || ok && ts != first {
			t.Fatalf("tick %d: %d %v, want %d %v", tick, ts, ok, first, began)
		}
		if ok && !known {
			known, base = true, ts-uint32(80*tick)
		}
		if ok {
			told++
			if ts != base+uint32(80*tick) {
				t.Errorf("tick %d: %d, want %d", tick, ts, base+uint32(80*tick))
			}
		} else {
			silent++
		}
		if waits >= 80 {
			waits -= 80
		}
		r.after(0)
		r.now = r.now.Add(r.tick)
	}
	if told < 90 || silent < 150 {
		t.Errorf("told in %d ticks, not in %d", told, silent)
	}
}
