package rtp_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"rms/media"
)

func TestAPerfectNetworkCostsLittleDelayAndNoLoss(t *testing.T) {
	t.Parallel()
	for _, ptime := range []time.Duration{10, 20, 30, 40, 60} {
		for _, tick := range []time.Duration{10, 20} {
			h, _ := listen(t, network{length: time.Minute, ptime: ptime * time.Millisecond, tick: tick * time.Millisecond})
			if h.lost != 0 || h.backward != 0 || h.silence > 150*time.Millisecond {
				t.Errorf("ptime %d tick %d: %+v", ptime, tick, h)
			}
			// 10 ms on the way, 20 ms in the buffer, and up to a tick of rounding.
			if limit := 10*time.Millisecond + 20*time.Millisecond + 2*tick*time.Millisecond; h.most > limit {
				t.Errorf("ptime %d tick %d: delay %v, want at most %v", ptime, tick, h.most, limit)
			}
		}
	}
}

func TestJitterIsAbsorbedByTheRightDelay(t *testing.T) {
	t.Parallel()
	for _, spread := range []int{10, 30, 60, 120} {
		random := rand.New(rand.NewPCG(1, uint64(spread)))
		h, _ := listen(t, network{length: 5 * time.Minute, delay: func(int) time.Duration {
			return 20*time.Millisecond + time.Duration(random.IntN(spread*1000))*time.Microsecond
		}})
		if share := float64(h.lost) / float64(h.packets); share > 0.02 || h.backward != 0 {
			t.Errorf("spread %d ms: %.3f concealed, %+v", spread, share, h)
		}
		if limit := time.Duration(20+spread+60) * time.Millisecond; h.mean > limit {
			t.Errorf("spread %d ms: mean delay %v, want at most %v", spread, h.mean, limit)
		}
	}
}

func TestDelayComesDownWhenTheNetworkCalms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	h, _ := listen(t, network{length: 4 * time.Minute, delay: func(i int) time.Duration {
		if i < 3000 {
			return time.Duration(random.IntN(150)) * time.Millisecond
		}
		return 0
	}})
	if h.last > 60*time.Millisecond {
		t.Errorf("delay %v three minutes after the jitter ended", h.last)
	}
}

func TestAnHourOfDriftNeitherGrowsTheDelayNorBreaksTheAudio(t *testing.T) {
	t.Parallel()
	for _, drift := range []float64{-200e-6, -50e-6, 50e-6, 200e-6} {
		t.Run(fmt.Sprint(drift), func(t *testing.T) {
			t.Parallel()
			h, _ := listen(t, network{length: hour * time.Minute, drift: drift})
			// 200 ppm are 720 ms an hour: 36 packets too many or too few.
			if h.most > 130*time.Millisecond || h.last > 90*time.Millisecond || h.backward != 0 {
				t.Errorf("%+v", h)
			}
			if want := int(hour*60*200e-6/0.02) + 5; h.lost > want {
				t.Errorf("%d concealed, want at most %d", h.lost, want)
			}
			if sent := int(hour * 3000 / (1 + drift)); h.packets < sent-45 || h.silence > 200*time.Millisecond {
				t.Errorf("%d of %d packets played, %+v", h.packets, sent, h)
			}
		})
	}
}

func TestLossIsReportedPacketByPacket(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: time.Minute, lost: func(i int) bool { return i%50 == 20 || i%50 == 21 }})
	if h.lost != 120 || h.silence > 100*time.Millisecond || h.backward != 0 {
		t.Errorf("%+v, want 120 lost", h)
	}
	st := r.s.Stats()
	if st.Lost != 120 || st.Concealed != 120 {
		t.Errorf("stats %+v", st)
	}
	if h.most > 70*time.Millisecond {
		t.Errorf("loss made the delay grow to %v", h.most)
	}
}

func TestALongLossIsSilenceAfterAWhile(t *testing.T) {
	t.Parallel()
	h, _ := listen(t, network{length: 20 * time.Second, lost: func(i int) bool { return i > 100 && i < 600 }})
	if h.lost > 3 {
		t.Errorf("%d packets concealed of a hole of 10 s", h.lost)
	}
	if h.silence < 9*time.Second || h.last > 70*time.Millisecond {
		t.Errorf("%+v", h)
	}
}

func TestPausesOfTheFarEndAreSilenceNotLoss(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: time.Minute, silent: func(i int) bool { return i/100%2 == 1 }})
	if st := r.s.Stats(); st.Lost != 0 {
		t.Errorf("lost = %d", st.Lost)
	}
	// A pause begins like a late packet: at most 3 are concealed each time.
	if h.packets < 1490 || h.lost > 15*3 || h.silence < 27*time.Second || h.last > 70*time.Millisecond {
		t.Errorf("%+v", h)
	}
}

func TestReorderedPacketsArePlayedInOrder(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: time.Minute, delay: func(i int) time.Duration {
		if i%10 == 5 {
			return 45 * time.Millisecond // behind the next one
		}
		return 10 * time.Millisecond
	}})
	if h.backward != 0 || h.lost > 20 {
		t.Errorf("%+v", h)
	}
	if st := r.s.Stats(); st.Lost != 0 {
		t.Errorf("lost = %d", st.Lost)
	}
}

func TestDuplicatesArePlayedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	var got []int
	for i := range 100 {
		for range 3 {
			r.arrive(far, audio(i))
		}
		r.turn(nil)
		got = append(got, r.read(f, 160)...)
	}
	for i, n := range got {
		if n != i {
			t.Fatalf("packet %d played as %d-th", n, i)
		}
	}
	st := r.s.Stats()
	if st.Duplicate+st.Late < 190 || len(got) < 98 {
		t.Errorf("%d played, %+v", len(got), st)
	}
}

func TestABurstAfterAStallIsPlayedFromItsEnd(t *testing.T) {
	t.Parallel()
	for _, stall := range []int{10, 25, 50, 150} { // packets: up to 3 s
		h, _ := listen(t, network{length: time.Minute, delay: func(i int) time.Duration {
			if i >= 500 && i < 500+stall {
				return time.Duration(500+stall-i)*20*time.Millisecond + 10*time.Millisecond
			}
			return 10 * time.Millisecond
		}})
		if h.backward != 0 || h.last > 90*time.Millisecond || h.most > 250*time.Millisecond {
			t.Errorf("stall of %d packets: %+v", stall, h)
		}
		if h.packets < 2980-stall {
			t.Errorf("stall of %d packets: %d played", stall, h.packets)
		}
	}
}

func TestTheDelayOfAStallIsGoneInSeconds(t *testing.T) {
	t.Parallel()
	for _, stall := range []int{5, 10, 30} {
		h, r := listen(t, network{length: 14 * time.Second, delay: func(i int) time.Duration {
			if i >= 500 && i < 500+stall {
				return time.Duration(500+stall-i)*20*time.Millisecond + 10*time.Millisecond
			}
			return 10 * time.Millisecond
		}})
		if st := r.s.Stats(); h.last > 70*time.Millisecond || st.Shrunk == 0 || st.Target > 40*time.Millisecond {
			t.Errorf("3.5 s after a stall of %d packets: %+v, %+v", stall, h, st)
		}
	}
}

func TestWhatTheClockGaveUpIsNotHeardLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	var before, after int
	for i := range 100 {
		r.arrive(far, audio(i))
		if i >= 50 && i < 60 { // the shard does not come round
			r.now = r.now.Add(r.tick)
			continue
		}
		if i == 60 {
			r.poll.(media.Skipper).Skip(10)
		}
		r.turn(nil)
		got := r.read(f, 160)
		switch {
		case len(got) == 0:
		case i < 50:
			before = i - got[len(got)-1]
		default:
			after = max(after, i-got[len(got)-1])
		}
	}
	if before > 2 || after > before+1 {
		t.Errorf("%d packets behind before the clock stopped, %d after", before, after)
	}
}

func TestALateDuplicateIsNoJumpOfTheTimestamps(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	played := 0
	for i := range 500 {
		r.arrive(far, audio(i))
		if i%50 == 40 {
			r.arrive(far, audio(i-35)) // 700 ms ago
		}
		r.turn(nil)
		for _, n := range r.read(f, 160) {
			if n >= 0 {
				played++
			}
		}
	}
	if st := r.s.Stats(); st.Resyncs != 0 || played < 498 || st.Delay > 60*time.Millisecond {
		t.Errorf("%d packets played, %+v", played, st)
	}
}

func TestATimestampThatStandsStillInAPauseCostsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	played, sent := 0, 0
	for i := range 1000 {
		if i/50%2 == 0 {
			r.arrive(far, audio(sent)) // sequence and timestamp go on as if there had been no pause
			sent++
		}
		r.turn(nil)
		for _, n := range r.read(f, 160) {
			if n >= 0 {
				played++
			}
		}
	}
	if st := r.s.Stats(); played != sent || st.Delay > 60*time.Millisecond || st.Late != 0 {
		t.Errorf("%d of %d packets played, %+v", played, sent, st)
	}
}

func TestASlowerNetworkIsAcceptedSoon(t *testing.T) {
	t.Parallel()
	h, _ := listen(t, network{length: time.Minute, delay: func(i int) time.Duration {
		if i >= 500 {
			return 400 * time.Millisecond
		}
		return 10 * time.Millisecond
	}})
	if h.packets < 2900 || h.last > 500*time.Millisecond {
		t.Errorf("%+v", h)
	}
}

func TestTimestampJumpsCostLittle(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]int{
		"forward an hour": 3600 * 8000, "back an hour": -3600 * 8000, "forward 1 s": 8000,
		"back 1 s": -8000, "back 100 ms": -800, "forward 100 ms": 800, "around": -1 << 31,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := listen(t, network{length: 20 * time.Second, shift: func(i int) uint32 {
				if i >= 500 {
					return uint32(jump)
				}
				return 0
			}})
			if h.packets < 980 || h.last > 250*time.Millisecond || h.silence > 600*time.Millisecond {
				t.Errorf("%+v", h)
			}
		})
	}
}

func TestASequenceJumpResyncsWithTheSecondPacket(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: 20 * time.Second, change: func(i int) (uint32, uint32) {
		if i >= 500 {
			return 0x1234, uint32(i + 32768)
		}
		return 0x1234, uint32(i)
	}})
	st := r.s.Stats()
	if h.packets < 990 || st.Resyncs != 1 || st.Probation != 1 || h.last > 70*time.Millisecond {
		t.Errorf("%+v, %+v", h, st)
	}
}

func TestANewSSRCIsHeardFromItsSecondPacket(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: 20 * time.Second, change: func(i int) (uint32, uint32) {
		if i >= 500 {
			return 0x9999, uint32(i + 12345)
		}
		return 0x1234, uint32(i)
	}})
	if st := r.s.Stats(); h.packets < 990 || st.Resyncs != 1 || st.Probation != 1 || st.Lost != 0 {
		t.Errorf("%+v, %+v", h, st)
	}
}

func TestAStraySSRCDoesNotDisturbTheStream(t *testing.T) {
	t.Parallel()
	h, r := listen(t, network{length: 20 * time.Second, change: func(i int) (uint32, uint32) {
		if i%10 == 5 {
			return 0x9999, uint32(i / 10)
		}
		return 0x1234, uint32(i)
	}})
	if st := r.s.Stats(); st.Resyncs != 0 || st.Probation != 100 || h.packets < 890 {
		t.Errorf("%+v, %+v", h, st)
	}
}

func TestAPacketWithoutPayloadIsNotMissed(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	var got []int
	for i := range 20 {
		p := audio(i)
		if i == 10 {
			p.body = nil
		}
		r.arrive(far, p)
		r.turn(nil)
		got = append(got, r.read(f, 160)...)
	}
	for _, n := range got {
		if n == -1 && len(got) > 30 {
			t.Errorf("played %v", got)
		}
	}
	if st := r.s.Stats(); st.Lost != 0 || st.PacketsIn != 20 {
		t.Errorf("stats %+v", st)
	}
}

func TestComfortNoiseIsSilenceWithoutConcealment(t *testing.T) {
	t.Parallel()
	for _, hand := range []bool{false, true} {
		c := config()
		c.Noise, c.Timeout = hand, time.Second
		r := newRig(t, c)
		f := &media.Frame{}
		noises, lost := 0, 0
		for i := range 200 {
			switch {
			case i < 10:
				r.arrive(far, audio(i))
			case i%10 == 0:
				r.arrive(far, packet{seq: uint16(9 + i/10), ts: uint32(i * 160), ssrc: 0x1234, pt: 13, body: []byte{60, 1, 2}})
			}
			r.turn(nil)
			n, l := countNoise(r, f)
			noises += n
			lost += l
		}
		if lost > 1 || r.timeouts != 0 || r.s.Stats().Noise != 19 {
			t.Errorf("lost %d, timeouts %d, %+v", lost, r.timeouts, r.s.Stats())
		}
		if hand != (noises > 0) {
			t.Errorf("reader got %d packets of noise, wanted %v", noises, hand)
		}
	}
}

// countNoise reads one tick: packets of noise, and packets to conceal.
func countNoise(r *rig, f *media.Frame) (noises, lost int) {
	for have := 0; have < 160; have += f.Samples {
		f.Samples = 160 - have
		switch r.s.ReadPacket(f) {
		case media.ReadNone:
			return noises, lost
		case media.ReadLost:
			lost++
		default:
			if f.PayloadType == 13 && f.Samples == 0 && len(f.Payload) == 3 {
				noises++
			}
		}
	}
	return noises, lost
}
