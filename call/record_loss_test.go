package call_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rms/media/audiotest"
)

// Whatever the network does to the packets, those that came are in the file, each at its
// own place, and what never came is silence that the sidecar tells of.
func TestRecordingHasEveryPacketThatCameAtItsPlace(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav"}, tone400))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.run(100*time.Millisecond, e)
	said := audiotest.Voice(8000, -10, 10*time.Second)
	const n = 160
	random := rand.New(rand.NewPCG(5, 5))
	lost := map[int]bool{}
	due := map[int][]int{} // tick: packets that arrive in it
	for i := range len(said) / n {
		switch late := 0; {
		case i > 20 && i < 480 && random.IntN(20) == 0:
			lost[i] = true
		default:
			if i > 20 && random.IntN(5) == 0 {
				late = 1 + random.IntN(10) // up to 200 ms: most of that is too late to be heard
			}
			due[i+late] = append(due[i+late], i)
		}
	}
	for tick := range len(said)/n + 15 {
		for _, i := range due[tick] {
			e.seq, e.ts = uint16(1000+i), uint32(50000+i*n)
			e.say(0, encodeMulaw(said[i*n:(i+1)*n]), n, i == 0)
		}
		s.run(20*time.Millisecond, e)
	}
	s.bye(c)
	got, _ := s.recorded()
	want, left := through(said), got.sides[0]
	lag, _ := audiotest.Delay(want[:3000], left, 2000)
	for i := range len(want) / n {
		for k := i * n; k < (i+1)*n; k++ {
			v := want[k]
			if lost[i] {
				v = 0
			}
			if left[lag+k] != v {
				t.Fatalf("packet %d (lost: %v): sample %d is %d, want %d", i, lost[i], k-i*n, left[lag+k], v)
			}
		}
	}
	if len(got.told.Sides) != 2 || got.told.Sides[0].Lost != uint64(len(lost)) {
		t.Errorf("%d packets lost: %+v", len(lost), got.told.Sides)
	}
	missing := 0
	for _, g := range got.told.Gaps {
		if g.Side == "caller" && g.Reason == "loss" {
			missing += g.Packets
		}
	}
	if missing != len(lost) {
		t.Errorf("gaps tell of %d packets, %d are lost: %+v", missing, len(lost), got.told.Gaps)
	}
	if clicks := audiotest.Clicks(got.sides[1][2000:60000], 8000); len(clicks) > 0 {
		t.Errorf("what we play has clicks at %v", clicks)
	}
}

// A key that is sent in the place of sound is no loss, and is not in the file.
func TestKeysInRTPAreNeitherLossNorRecorded(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav"}))
	e := newEar(t)
	c := s.dial(e, e.offer("0 101", "rtpmap:101 telephone-event/8000"))
	s.wait("rms:record_start")
	s.talk(e, 700, time.Second)
	at := e.ts
	for i := range 10 {
		e.ts = at
		end := byte(0)
		if i > 6 {
			end = 0x80
		}
		e.say(101, []byte{7, end | 10, byte((i + 1) * 160 >> 8), byte((i + 1) * 160)}, 0, i == 0)
		s.run(20*time.Millisecond, e)
	}
	e.ts = at + 1600
	s.talk(e, 700, time.Second)
	s.bye(c)
	got, _ := s.recorded()
	if side := got.told.Sides[0]; side.Lost != 0 || side.Packets != 100 {
		t.Errorf("%+v", side)
	}
	if n := len(s.seen("rms:dtmf")); n != 1 {
		t.Errorf("%d keys", n)
	}
	left := got.sides[0]
	s.levels("before", left[1000:7000], 8000, 700)
	s.levels("after", left[11000:16000], 8000, 700)
	if p := audiotest.Peak(left[8200:9700]); p > 10 {
		t.Errorf("there is sound during the key: %d", p)
	}
}
