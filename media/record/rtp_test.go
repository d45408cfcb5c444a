package record_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/media/record"
	"rms/media/timeline"
)

func pcmu(t testing.TB) media.Codec {
	t.Helper()
	c, ok := codec.Lookup("PCMU", 8000, 1)
	if !ok {
		t.Fatal("no PCMU")
	}
	return c
}

// heard is what mu-law makes of samples.
func heard(pcm []int16) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = media.MulawToLinear[media.LinearToMulaw(v)]
	}
	return out
}

// stream makes the packets of a side: packet n has the samples from 160 n on.
type stream struct {
	side int
	hz   float64
}

func (s stream) packet(n int, arrival time.Duration) *timeline.Packet {
	if s.side == 0 {
		arrival -= tick // what comes is heard so much later
	}
	payload := make([]byte, 160)
	for i, v := range tone(160*n, 160, s.hz, 8000) {
		payload[i] = media.LinearToMulaw(v)
	}
	return &timeline.Packet{
		Payload: payload, Timestamp: uint32(5000 + 160*n), Sequence: uint16(65500 + n), SSRC: uint32(7 + s.side), Arrival: arrival,
	}
}

var sides = []stream{{0, 440}, {1, 1000}}

func phone(t *testing.T, r *record.Recording) {
	t.Helper()
	for _, s := range sides {
		r.Line(s.side, s.side == 1, 0)
		r.SetCodec(s.side, 0, pcmu(t))
		r.Anchor(s.side, 5000, 0)
	}
}

func TestPacketsAreInTheFileSampleForSample(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Sides{record.Stereo, record.Mixed, record.Caller, record.Callee} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: kind})
		phone(t, r)
		for n := range 250 {
			for _, side := range sides {
				r.Packet(side.side, side.packet(n, time.Duration(n)*tick))
			}
			r.Tick(time.Duration(n+1) * tick)
			if n%7 == 6 { // turns that are no multiple of anything
				s.TurnAll()
			}
		}
		r.Stop(5*time.Second, "")
		result := d.end(t)
		_, pcm := read(t, root, "x.wav")
		a, b := heard(tone(0, 40000, 440, 8000)), heard(tone(0, 40000, 1000, 8000))
		same(t, kind.String(), pcm, together(kind, a, b))
		if gaps := result.Sidecar.Gaps; len(gaps) != 0 {
			t.Errorf("gaps on a clean call: %+v", gaps)
		}
		for _, side := range result.Sidecar.Sides {
			if side.Packets != 250 || side.Lost != 0 || len(side.SSRC) != 1 || len(side.Codecs) != 1 || side.Codecs[0] != "PCMU/8000" {
				t.Errorf("side %+v", side)
			}
		}
	}
}

func together(kind record.Sides, a, b []int16) []int16 {
	switch kind {
	case record.Caller:
		return a
	case record.Callee:
		return b
	}
	var out []int16
	for i := range a {
		if kind == record.Mixed {
			out = append(out, a[i]+b[i])
			continue
		}
		out = append(out, a[i], b[i])
	}
	return out
}

// TestLatePacketsFillTheirHoles has packets of the caller come up to a second late, long
// after their place was written, and some not at all.
func TestLatePacketsFillTheirHoles(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Sides{record.Stereo, record.Mixed, record.Caller} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: kind})
		phone(t, r)
		random := rand.New(rand.NewPCG(1, 2))
		due := map[int][]int{} // tick: packets of the caller that come then
		want := heard(tone(0, 40000, 440, 8000))
		lost := 0
		for n := range 250 {
			switch p := random.Float64(); {
			case n < 60 || n > 190 || p < 0.8:
				due[n] = append(due[n], n)
			case p < 0.95:
				late := n + 1 + random.IntN(50)
				due[late] = append(due[late], n)
			default:
				clear(want[160*n : 160*n+160])
				lost++
			}
		}
		for n := range 250 {
			for _, p := range due[n] {
				r.Packet(0, sides[0].packet(p, time.Duration(n)*tick))
			}
			r.Packet(1, sides[1].packet(n, time.Duration(n)*tick))
			r.Tick(time.Duration(n+1) * tick)
			if n%10 == 9 {
				s.TurnAll()
			}
		}
		r.Stop(5*time.Second, "")
		result := d.end(t)
		_, pcm := read(t, root, "x.wav")
		same(t, kind.String(), pcm, together(kind, want, heard(tone(0, 40000, 1000, 8000))))
		missing := 0
		for _, g := range result.Sidecar.Gaps {
			missing += g.Packets
			from := int(g.AtMS * 8)
			for _, v := range want[from : from+int(g.LengthMS*8)] {
				if v != 0 {
					t.Errorf("gap %+v is not one", g)
					break
				}
			}
		}
		if missing != lost || lost == 0 || result.Sidecar.Sides[0].Lost != uint64(lost) {
			t.Errorf("%d lost, the sidecar has %d: %+v", lost, missing, result.Sidecar.Gaps)
		}
	}
}

// TestPauseKeepsOutLatePackets has sound of a pause come after it.
func TestPauseKeepsOutLatePackets(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Sides{record.Stereo, record.Mixed, record.Caller} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: kind})
		phone(t, r)
		for n := range 250 {
			if n == 110 {
				r.Pause(time.Duration(n)*tick - 7*time.Millisecond)
			}
			if n == 120 {
				r.Resume(time.Duration(n)*tick - 13*time.Millisecond)
			}
			if n < 100 || n > 125 {
				r.Packet(0, sides[0].packet(n, time.Duration(n)*tick))
			}
			if n == 150 {
				for late := 100; late <= 125; late++ {
					r.Packet(0, sides[0].packet(late, time.Duration(n)*tick))
				}
			}
			r.Packet(1, sides[1].packet(n, time.Duration(n)*tick))
			r.Tick(time.Duration(n+1) * tick)
			if n%10 == 9 {
				s.TurnAll()
			}
		}
		r.Stop(5*time.Second, "")
		d.end(t)
		_, pcm := read(t, root, "x.wav")
		a, b := heard(tone(0, 40000, 440, 8000)), heard(tone(0, 40000, 1000, 8000))
		clear(a[110*160-56 : 120*160-104])
		clear(b[110*160-56 : 120*160-104])
		same(t, kind.String(), pcm, together(kind, a, b))
	}
}

// The far end's clock stood still for 320 ms: what it says in the pause has timestamps from
// before the pause, as late packets have.
func TestWhatComesInAPauseIsNotWrittenBeforeIt(t *testing.T) {
	t.Parallel()
	const stall, from, to = 16, 110, 130
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller})
	phone(t, r)
	for n := range 250 {
		switch n {
		case from:
			r.PauseMasked(from * tick)
		case to:
			r.Resume(to * tick)
		}
		if n < 80 {
			r.Packet(0, sides[0].packet(n, time.Duration(n)*tick))
		} else if n >= 80+stall {
			r.Packet(0, sides[0].packet(n-stall, time.Duration(n)*tick))
		}
		r.Tick(time.Duration(n+1) * tick)
		if n%10 == 9 {
			s.TurnAll()
		}
	}
	r.Stop(5*time.Second, "")
	d.end(t)
	_, pcm := read(t, root, "x.wav")
	said := heard(tone(0, 40000, 440, 8000))
	same(t, "before the pause", pcm[:(from-stall-1)*160], said[:(from-stall-1)*160])
	same(t, "what came in the pause", pcm[(from-stall+1)*160:to*160], make([]int16, (to-from+stall-1)*160))
	same(t, "behind the pause", pcm[(to+1)*160:200*160], said[(to+1)*160:200*160])
}

func TestAPauseIsNoGap(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav"})
	phone(t, r)
	for n := range 250 {
		switch n {
		case 100:
			r.PauseMasked(100 * tick)
		case 140:
			r.Resume(141 * tick)
		}
		for _, side := range sides {
			r.Packet(side.side, side.packet(n, time.Duration(n)*tick))
		}
		r.Tick(time.Duration(n+1) * tick)
		if n%10 == 9 {
			s.TurnAll()
		}
	}
	r.Stop(5*time.Second, "")
	if gaps := d.end(t).Sidecar.Gaps; len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
}

// TestANewLineLosesNothing renews the line of a side in the middle of a call.
func TestANewLineLosesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav"})
	phone(t, r)
	for n := range 250 {
		if n == 123 {
			r.Line(1, true, 0)
			r.Anchor(1, uint32(5000+160*n), time.Duration(n)*tick)
		}
		for _, side := range sides {
			r.Packet(side.side, side.packet(n, time.Duration(n)*tick))
		}
		r.Tick(time.Duration(n+1) * tick)
		if n%10 == 9 {
			s.TurnAll()
		}
	}
	r.Stop(5*time.Second, "")
	result := d.end(t)
	_, pcm := read(t, root, "x.wav")
	same(t, "callee", channel(pcm, 1), heard(tone(0, 40000, 1000, 8000)))
	if result.Sidecar.Sides[1].Packets != 250 {
		t.Errorf("%+v", result.Sidecar.Sides[1])
	}
}
