package rtp_test

import (
	"encoding/binary"
	"testing"
	"time"

	"rms/media"
)

// TestTheRingGrowsWithTheDelayAndLosesNothing holds ever more packets: the ring is
// short at first and grows three times while it is in use, with packets out of
// order and one missing.
func TestTheRingGrowsWithTheDelayAndLosesNothing(t *testing.T) {
	t.Parallel()
	c := config()
	c.JitterMin, c.JitterMax = 500*time.Millisecond, 600*time.Millisecond
	r := newRig(t, c, ticks(10*time.Millisecond))
	const packets, missing = 300, 120
	var got []int
	var f media.Frame
	send := func(i int) {
		if i == missing || i >= packets {
			return
		}
		p := packet{seq: uint16(65500 + i), ts: uint32(i * 80), ssrc: 9, body: make([]byte, 80)}
		binary.BigEndian.PutUint32(p.body, uint32(i))
		r.arrive(far, p)
	}
	most := 0
	for i := range packets + 70 {
		send(i ^ 1) // each pair the wrong way round
		r.turn(nil)
		most = max(most, r.s.Held())
		got = append(got, r.read(&f, 80)...)
	}
	if most <= 32 {
		t.Fatalf("at most %d packets were held: the ring did not grow", most)
	}
	want := 0
	for _, n := range got {
		if n == -1 && want == missing {
			n = missing
		}
		if n != want {
			t.Fatalf("packet %d came where %d was due, of %v", n, want, got)
		}
		if want++; want == packets {
			break
		}
	}
	if want != packets {
		t.Errorf("%d of %d packets were played", want, packets)
	}
}
