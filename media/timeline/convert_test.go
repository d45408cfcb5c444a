package timeline_test

import (
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/timeline"
)

// encoded makes packets of 20 ms of any codec, the first one sent at start.
func encoded(c media.Codec, pt uint8, pcm []int16, start time.Duration, ppm float64) (all []timeline.Packet) {
	e := c.NewEncoder()
	n := c.Rate / 50
	step := time.Duration(float64(ptime) * (1 + ppm*1e-6))
	for i := 0; len(pcm) >= n; i++ {
		all = append(all, timeline.Packet{
			Payload: e.Encode(nil, pcm[:n]), PayloadType: pt, Timestamp: uint32(i * c.ClockRate / 50), Sequence: uint16(i), SSRC: 7,
			Arrival: start + time.Duration(i+1)*step,
		})
		pcm = pcm[n:]
	}
	return all
}

func decoded(c media.Codec, packets []timeline.Packet) (out []int16) {
	d := c.NewDecoder()
	for i := range packets {
		out = d.Decode(out, packets[i].Payload)
	}
	return out
}

func TestLineDecodesInOrderBehindAHoleThatFills(t *testing.T) {
	t.Parallel()
	c := lookup(t, "G722", 8000)
	packets := encoded(c, 9, audiotest.Voice(16000, -6, 20*time.Second), 0, 0)
	want := decoded(c, packets)
	for i := 100; i < len(packets)-100; i += 45 {
		packets[i].Arrival += time.Duration(i%60) * ptime
	}
	r := play(t, timeline.Options{Rate: 16000}, packets, nil)
	expect(t, r, 40*16, want)
}

func TestLineSpeaksBehindAHoleBeforeItIsFinal(t *testing.T) {
	t.Parallel()
	c := lookup(t, "G722", 8000)
	packets := encoded(c, 9, audiotest.Voice(16000, -6, 10*time.Second), 0, 0)
	want := decoded(c, packets)
	packets = slices.Delete(packets, 300, 301)
	checked := false
	play(t, timeline.Options{Rate: 16000}, packets, func(r *rig) {
		if r.now != 6600*time.Millisecond {
			return
		}
		checked = true
		from := 305*320 + 640
		if len(r.tape.pcm) < from+3200 || r.line.Settled() > int64(300*320+640) {
			t.Fatalf("%d samples, settled %d", len(r.tape.pcm), r.line.Settled())
		}
		if snr := audiotest.Difference(r.tape.pcm[from+1600:from+3200], want[from+1600-640:from+3200-640]); snr < 20 {
			t.Errorf("what lies behind the hole has %.1f dB of difference", snr)
		}
	})
	if !checked {
		t.Error("nothing was checked")
	}
}

func TestLineConvertsTheRateInPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		clock, to int
	}{{"L16", 16000, 8000}, {"L16", 8000, 16000}, {"L16", 16000, 48000}, {"L16", 8000, 11025}} {
		k := lookup(t, c.name, c.clock)
		packets := encoded(k, 96, audiotest.Voice(k.Rate, -6, 4*time.Second), 0, 0)
		r := newRig(t, 1, timeline.Options{Rate: c.to})
		r.line.SetCodec(96, k)
		r.wire, r.sent = packets, 4*time.Second
		r.finish()
		at := c.to / 25 // 40 ms
		lag, like := audiotest.Delay(audiotest.Voice(c.to, -6, 4*time.Second), r.tape.pcm[at:], 50)
		if lag != 0 || like < 0.99 {
			t.Errorf("%d to %d Hz: lag %d, likeness %.4f", c.clock, c.to, lag, like)
		}
		tone := encoded(k, 96, audiotest.Tone(k.Rate, 1000, -3, 4*time.Second), 0, 0)
		r = newRig(t, 1, timeline.Options{Rate: c.to})
		r.line.SetCodec(96, k)
		r.wire, r.sent = tone, 4*time.Second
		r.finish()
		if snr := audiotest.SNR(r.tape.pcm[c.to:2*c.to], c.to, 1000); snr < 60 {
			t.Errorf("%d to %d Hz: SNR %.1f dB", c.clock, c.to, snr)
		}
	}
}

func TestLineSlewsWithoutClicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate int
		ppm  float64
	}{{8000, 200}, {8000, -200}, {16000, 300}, {11025, -300}} {
		k := lookup(t, "L16", 8000)
		r := newRig(t, 1, timeline.Options{Rate: c.rate})
		r.line.SetCodec(96, k)
		r.wire, r.sent = encoded(k, 96, audiotest.Tone(8000, 1000, -3, time.Minute), 0, c.ppm), time.Minute
		r.finish()
		pcm := r.tape.pcm[c.rate/10 : 59*c.rate]
		if at := audiotest.Clicks(pcm, c.rate); len(at) != 0 {
			t.Errorf("%+v: clicks at %v", c, at)
		}
		for from := 0; from+c.rate/5 < len(pcm); from += c.rate {
			f, level := audiotest.Find(pcm[from:from+c.rate/5], c.rate)
			if f < 998 || f > 1002 || level < -3.2 || level > -2.8 {
				t.Errorf("%+v: %.2f Hz at %.2f dB, at %d", c, f, level, from)
			}
		}
		if skew := r.line.Stats().SkewPPM; skew < c.ppm-20 || skew > c.ppm+20 {
			t.Errorf("%+v: skew %.1f ppm", c, skew)
		}
	}
}

func TestLineRunsForADay(t *testing.T) {
	line := timeline.New(timeline.Options{Rate: 8000})
	line.SetCodec(0, lookup(t, "PCMU", 8000))
	s := &lastPlace{}
	p := timeline.Packet{Payload: make([]byte, 1600), Timestamp: 1 << 31}
	for at := time.Duration(0); at < 25*hour; at += 200 * time.Millisecond {
		p.Arrival = at + 200*time.Millisecond
		line.Write(&p)
		p.Sequence++
		p.Timestamp += 1600
		line.Take(int64(p.Arrival/125000), s)
		if at > 2*time.Second && s.end != int64((p.Arrival+20*time.Millisecond)/125000) {
			t.Fatalf("placed until %d at %v", s.end, at)
		}
	}
	if st := line.Stats(); st.Restarts+st.Lost+st.Late+st.Stray != 0 {
		t.Errorf("%+v", st)
	}
}

type lastPlace struct{ end int64 }

func (s *lastPlace) Place(at int64, pcm []int16) { s.end = at + int64(len(pcm)) }
