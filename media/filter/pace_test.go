package filter_test

import (
	"math"
	"testing"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/filter"
)

// paced hands out packets of encoded audio and asks for another pace now and then.
type paced struct {
	encoding string
	packets  [][]byte
	samples  int
	pace     func(i int) int8
	next     int
}

func (p *paced) ReadPacket(f *media.Frame) media.Read {
	if p.next == len(p.packets) {
		return media.ReadNone
	}
	f.Encoding, f.Payload, f.Samples, f.Pace = p.encoding, p.packets[p.next], p.samples, p.pace(p.next)
	p.next++
	return media.ReadPacket
}

// hearPaced encodes audio in packets of 20 ms and decodes it with that pace.
func hearPaced(cd media.Codec, pcm []int16, pace func(i int) int8) (heard []int16) {
	p := &paced{encoding: cd.Encoding(), samples: cd.ClockRate / 50, pace: pace}
	e := cd.NewEncoder()
	for n := cd.Rate / 50; len(pcm) >= n; pcm = pcm[n:] {
		p.packets = append(p.packets, e.Encode(nil, pcm[:n]))
	}
	d := filter.NewDecoder(p, cd.NewDecoder(), cd.Format())
	out := make([]*media.Frame, 1)
	for d.Process(nil, out); out[0] != nil; d.Process(nil, out) {
		heard = append(heard, out[0].PCM...)
	}
	return heard
}

// bend is the largest second difference: a click is far above that of the tone.
func bend(pcm []int16) (most int) {
	for i := 2; i < len(pcm); i++ {
		v := int(pcm[i]) - 2*int(pcm[i-1]) + int(pcm[i-2])
		most = max(most, v, -v)
	}
	return most
}

func TestAnotherPaceIsNotHeard(t *testing.T) {
	t.Parallel()
	for _, cd := range codec.All() {
		for _, hz := range []float64{110, 440, 1013, 2900} {
			for _, pace := range []int8{-1, 1} {
				tone := audiotest.Tone(cd.Rate, hz, -12, 4e9)
				skip := cd.Rate / 10 // where the codec finds its feet
				plain := hearPaced(cd, tone, func(int) int8 { return 0 })
				heard := hearPaced(cd, tone, func(i int) int8 {
					if i%5 == 4 {
						return pace
					}
					return 0
				})
				ms := (len(heard) - len(plain)) * 1000 / cd.Rate * int(pace)
				if ms < 40*9 || ms > 40*15 {
					t.Errorf("%s %v Hz pace %d: %d ms changed by 40 packets", cd.Encoding(), hz, pace, ms)
				}
				if was, is := bend(plain[skip:len(plain)-skip]), bend(heard[skip:len(heard)-skip]); is > was*13/10+8 {
					t.Errorf("%s %v Hz pace %d: bends by %d, the tone itself by %d", cd.Encoding(), hz, pace, is, was)
				}
				if got, _ := audiotest.Find(heard[skip:], cd.Rate); math.Abs(got-hz) > hz/50 {
					t.Errorf("%s pace %d: %v Hz became %v", cd.Encoding(), pace, hz, got)
				}
			}
		}
	}
}

func TestPaceStaysWhereItWouldBeHeardUnlessItMust(t *testing.T) {
	t.Parallel()
	cd, _ := codec.Lookup("L16", 8000, 1)
	noise := audiotest.Noise(8000, -12, 1)
	for pace, want := range map[int8][2]int{
		-1: {7000, 8000}, 1: {8000, 9000}, -2: {8000 - 50*120, 8000 - 50*40}, 2: {8000 + 50*40, 8000 + 50*120},
	} {
		n := len(hearPaced(cd, noise, func(int) int8 { return pace }))
		if n < want[0]-160 || n > want[1]+160 {
			t.Errorf("pace %d: %d samples of %d, want %v", pace, n, len(noise), want)
		}
	}
	if n := len(hearPaced(cd, make([]int16, 8000), func(int) int8 { return -1 })); n > 3000 {
		t.Errorf("silence: %d samples are left of 8000", n)
	}
}

func TestPaceDoesNotAllocate(t *testing.T) {
	cd, _ := codec.Lookup("PCMU", 8000, 1)
	packet := cd.NewEncoder().Encode(nil, audiotest.Tone(8000, 440, -12, 2e7))
	p := &paced{encoding: cd.Encoding(), samples: 160}
	p.pace = func(i int) int8 { return int8(i%3 - 1) }
	d := filter.NewDecoder(p, cd.NewDecoder(), cd.Format())
	out := make([]*media.Frame, 1)
	for range 10000 {
		p.packets = append(p.packets, packet)
	}
	for range 100 {
		d.Process(nil, out)
	}
	if n := testing.AllocsPerRun(1000, func() { d.Process(nil, out) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
