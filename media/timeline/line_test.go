package timeline_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/timeline"
)

// stream makes packets of 20 ms PCMU from audio, the first one sent at start.
func stream(pcm []int16, start time.Duration) (all []timeline.Packet) {
	for i := 0; len(pcm) >= 160; i++ {
		payload := make([]byte, 160)
		for j := range payload {
			payload[j] = media.LinearToMulaw(pcm[j])
		}
		all = append(all, timeline.Packet{
			Payload: payload, Timestamp: uint32(math.MaxUint32 - 3000 + i*160), Sequence: uint16(65500 + i), SSRC: 7,
			Arrival: start + time.Duration(i+1)*ptime,
		})
		pcm = pcm[160:]
	}
	return all
}

// heard is what PCMU makes of audio.
func heard(pcm []int16) (out []int16) {
	for _, s := range pcm[:len(pcm)/160*160] {
		out = append(out, media.MulawToLinear[media.LinearToMulaw(s)])
	}
	return out
}

// play runs packets into a new rig, whose tape is returned.
func play(t testing.TB, o timeline.Options, packets []timeline.Packet, at func(r *rig)) *rig {
	t.Helper()
	r := newRig(t, 1, o)
	r.wire = slices.Clone(packets)
	end := time.Duration(0)
	for _, p := range packets {
		end = max(end, p.Arrival)
	}
	for r.now < end {
		r.turn(r.now + 200*time.Millisecond)
		if at != nil {
			at(r)
		}
	}
	r.sent = end
	r.finish()
	return r
}

// expect compares the tape with audio at a position, but for what lies in holes.
func expect(t testing.TB, r *rig, at int, want []int16) {
	t.Helper()
	got := r.tape.pcm
	if len(got) < at+len(want) {
		t.Fatalf("%d samples, want %d", len(got), at+len(want))
	}
	for i, s := range want {
		if got[at+i] != s {
			t.Fatalf("sample %d is %d, want %d", i, got[at+i], s)
		}
	}
	for i, s := range got {
		if s != 0 && (i < at || i >= at+len(want)) {
			t.Fatalf("sound at %d, should be in %d to %d", i, at, at+len(want))
		}
	}
}

func TestLineGivesACleanStreamBitForBit(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*120, -12, 1)
	packets := stream(pcm, 130*time.Millisecond)
	for i := range packets { // what a scheduler does
		packets[i].Arrival += time.Duration(i*7919%9000) * time.Microsecond
	}
	r := play(t, timeline.Options{Rate: 8000}, packets, nil)
	expect(t, r, (130+20+20)*8, heard(pcm))
	if len(r.gaps) > 1 || r.line.Stats().SkewPPM > 30 {
		t.Errorf("gaps %v, %+v", r.gaps, r.line.Stats())
	}
}

func TestLineIsPlacedByItsAnchor(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*20, -12, 1)
	for _, c := range []struct{ late, want int }{{0, 0}, {-30, -30}, {-100, -100}, {160, 160}, {190, 190}, {-130, 0}, {400, 0}, {40000, 0}, {9000000, 0}} {
		packets := stream(pcm, 100*time.Millisecond)
		done := false
		r := play(t, timeline.Options{Rate: 8000}, packets, func(r *rig) {
			if !done && r.now >= 200*time.Millisecond {
				r.line.Anchor(packets[3].Timestamp+5, int64(140*8+3*160+5+c.late))
				r.line.Anchor(packets[3].Timestamp, 1) // only the first one counts
				done = true
			}
		})
		expect(t, r, 140*8+c.want, heard(pcm))
	}
}

func TestLineWritesLatePacketsIntoTheirHole(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*30, -12, 1)
	packets := stream(pcm, 0)
	for i := 60; i < len(packets)-80; i += 11 {
		packets[i].Arrival += time.Duration(i%70) * ptime
	}
	packets = append(packets, packets[30], packets[31], packets[600])
	r := play(t, timeline.Options{Rate: 8000}, packets, nil)
	expect(t, r, 40*8, heard(pcm))
	s := r.line.Stats()
	if s.Lost != 0 || s.Late != 0 || s.Duplicates+s.Stray != 3 || s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLineLeavesSilenceForWhatIsLost(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*10, -12, 1)
	packets := stream(pcm, 0)
	packets = slices.Delete(packets, 200, 203)
	packets[400].Arrival += 2 * time.Second
	r := play(t, timeline.Options{Rate: 8000}, packets, nil)
	want := heard(pcm)
	clear(want[200*160 : 203*160])
	clear(want[403*160 : 404*160])
	expect(t, r, 40*8, want)
	gaps := []timeline.Gap{
		{At: 40*8 + 200*160, Length: 480, Packets: 3, Reason: timeline.Loss},
		{At: 40*8 + 403*160, Length: 160, Packets: 1, Reason: timeline.Loss},
	}
	if got := r.gaps[len(r.gaps)-2:]; !slices.Equal(got, gaps) {
		t.Errorf("gaps %v, want %v", r.gaps, gaps)
	}
	if s := r.line.Stats(); s.Lost != 4 || s.Late != 1 {
		t.Errorf("%+v", s)
	}
}

func TestLineStandsWhenTheNetworkBecomesSlower(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*120, -12, 1)
	for _, steps := range [][]time.Duration{{25, 0}, {60, 20}, {200, 0}, {0, 8}, {0, 100, 40, 130}} {
		packets := stream(pcm, 300*time.Millisecond)
		for i := range packets {
			packets[i].Arrival += steps[i*len(steps)/len(packets)] * time.Millisecond
			packets[i].Arrival += time.Duration(i*7919%3000) * time.Microsecond
		}
		r := play(t, timeline.Options{Rate: 8000}, packets, nil)
		expect(t, r, int(300+40+steps[0])*8, heard(pcm))
	}
}

func TestLineTakesABurstBehindAStall(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*20, -12, 1)
	for _, stall := range []time.Duration{400, 700, 1200} {
		packets := stream(pcm, 0)
		from := packets[300].Arrival
		for i := 300; i < 400; i++ {
			packets[i].Arrival = max(packets[i].Arrival, from+stall*time.Millisecond+time.Duration(i)*time.Millisecond/10)
		}
		r := play(t, timeline.Options{Rate: 8000}, packets, nil)
		expect(t, r, 40*8, heard(pcm))
		if s := r.line.Stats(); s.Restarts != 0 || s.Stray != 0 {
			t.Errorf("%v: %+v", stall, s)
		}
	}
}

func TestLineDoesNotBelieveStrayPackets(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*10, -12, 1)
	packets := stream(pcm, 0)
	var all []timeline.Packet
	for i, p := range packets {
		all = append(all, p)
		if i%50 > 47 { // two in a row
			p.SSRC, p.Sequence, p.Payload = 99, uint16(i), make([]byte, 160)
			all = append(all, p)
		}
		if i%90 == 89 {
			p = packets[i]
			p.Timestamp += 1 << 30
			p.Sequence += 2000
			all = append(all, p)
		}
		if i%70 == 69 {
			p.PayloadType = 55
			all = append(all, p)
		}
	}
	r := play(t, timeline.Options{Rate: 8000}, all, nil)
	expect(t, r, 40*8, heard(pcm))
	if s := r.line.Stats(); s.Restarts != 0 || s.Stray != 25 || s.Unknown != 7 {
		t.Errorf("%+v", s)
	}
}

func TestLineTakesComfortNoiseForSilence(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*20, -12, 1)
	packets := stream(pcm, 0)
	want := heard(pcm)
	var all []timeline.Packet
	for i, p := range packets {
		if i >= 300 && i < 500 {
			if i > 300 {
				continue
			}
			p.PayloadType, p.Payload = 13, []byte{50}
		}
		if i >= 500 {
			p.Sequence -= 199
		}
		all = append(all, p)
	}
	clear(want[300*160 : 500*160])
	r := play(t, timeline.Options{Rate: 8000}, all, nil)
	expect(t, r, 40*8, want)
	gap := timeline.Gap{At: 40*8 + 300*160, Length: 200 * 160, Reason: timeline.DTX}
	if len(r.gaps) == 0 || r.gaps[len(r.gaps)-1] != gap || r.line.Stats().Lost != 0 {
		t.Errorf("gaps %v, %+v", r.gaps, r.line.Stats())
	}
}

func TestLineWithOursIsExact(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*30, -12, 1)
	packets := stream(pcm, 480*time.Millisecond)
	for i := range packets {
		packets[i].Arrival += time.Duration(i*7919%20000) * time.Microsecond * time.Duration(i/10%2)
	}
	o := timeline.Options{Rate: 8000, Ours: true}
	expect(t, play(t, o, packets, nil), 500*8, heard(pcm))
	anchored := false
	expect(t, play(t, o, packets, func(r *rig) {
		if r.now > 550*time.Millisecond && !anchored {
			anchored = true
			r.line.Anchor(packets[0].Timestamp, 490*8)
		}
	}), 490*8, heard(pcm))
}

func TestLineBeginsBeforeTheRecording(t *testing.T) {
	t.Parallel()
	pcm := audiotest.Noise(8000*5, -12, 1)
	r := play(t, timeline.Options{Rate: 8000}, stream(pcm, -time.Second), nil)
	expect(t, r, 0, heard(pcm)[8000-320:])
	if s := r.line.Stats(); s.Late != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLinesOfTwoSidesHaveOneLag(t *testing.T) {
	t.Parallel()
	near := newRig(t, 1, timeline.Options{Rate: 8000})
	remote := newRig(t, 2, timeline.Options{Rate: 8000})
	for _, r := range []*rig{near, remote} {
		r.skew, r.jitter, r.loss, r.base = 200, 80*time.Millisecond, 0.05, 25*time.Millisecond
	}
	remote.skew = -200
	near.run(hour/3, false)
	remote.run(hour/3, false)
	near.finish()
	remote.finish()
	a, b := clicksAt(near.tape.pcm, 8000), clicksAt(remote.tape.pcm, 8000)
	off, both := 0.0, 0
	for _, x := range a {
		if i, _ := slices.BinarySearch(b, x-0.1); i < len(b) && b[i] < x+0.1 {
			off, both = max(off, math.Abs(b[i]-x)), both+1
		}
	}
	t.Logf("%d clicks on both sides, the worst %.2f ms apart", both, off*1000)
	if off > 0.008 || both < int(hour.Seconds()/3*0.7) {
		t.Errorf("%d clicks, %.2f ms apart", both, off*1000)
	}
}

func TestLineTellsAPauseFromAStall(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		r := newRig(t, seed, timeline.Options{Rate: 8000})
		r.jitter, r.keep = 80*time.Millisecond, true
		for range 4 {
			r.run(5*time.Second, false)
			r.run(10*time.Second, true)
		}
		r.run(5*time.Second, false)
		r.finish()
		ms, at, n := r.worst(ptime + r.base + 20*time.Millisecond)
		if s := r.line.Stats(); s.Late+s.Stray > 10 || s.Restarts != 4 || n < 24 || math.Abs(ms) > 6 {
			t.Errorf("seed %d: %d clicks, %.2f ms off at %.1f s, %+v", seed, n, ms, at, s)
		}
	}
}
