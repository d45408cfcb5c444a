package timeline_test

import (
	"testing"
	"time"

	"rms/media"
	"rms/media/timeline"
)

type nowhere struct{ n int }

func (s *nowhere) Place(_ int64, pcm []int16) { s.n += len(pcm) }

// endless feeds a line; every tenth packet it is taken from.
type endless struct {
	line *timeline.Line
	p    timeline.Packet
	unit uint32
	rate int64
	step time.Duration
	n    int
	skip int
	sink nowhere
}

func newEndless(c media.Codec, rate, skip int, ppm float64) *endless {
	e := &endless{line: timeline.New(timeline.Options{Rate: rate}), unit: uint32(c.ClockRate / 50), rate: int64(rate), skip: skip}
	e.line.SetCodec(96, c)
	e.step = time.Duration(20e6 * (1 + ppm*1e-6))
	e.p = timeline.Packet{PayloadType: 96, Payload: c.NewEncoder().Encode(nil, make([]int16, c.Rate/50))}
	for range 3000 {
		e.next()
	}
	return e
}

func (e *endless) next() {
	e.n++
	e.p.Sequence++
	e.p.Timestamp += e.unit
	e.p.Arrival += e.step
	if e.skip == 0 || e.n%e.skip != 0 {
		e.line.Write(&e.p)
	}
	if e.n%10 == 0 {
		e.line.Take(int64(e.p.Arrival/time.Microsecond)*e.rate/1e6, &e.sink)
		e.line.Gaps(func(timeline.Gap) {})
	}
}

func TestLineDoesNotAllocate(t *testing.T) {
	if raceOn {
		t.Skip("the race detector empties pools")
	}
	for _, c := range []struct {
		name  string
		clock int
		rate  int
		skip  int
		ppm   float64
	}{
		{"PCMU", 8000, 8000, 0, 0}, {"PCMU", 8000, 8000, 20, 0}, {"PCMU", 8000, 8000, 0, 200},
		{"G722", 8000, 16000, 20, 0}, {"G722", 8000, 8000, 0, 0}, {"L16", 16000, 16000, 0, 0},
	} {
		e := newEndless(lookup(t, c.name, c.clock), c.rate, c.skip, c.ppm)
		if n := testing.AllocsPerRun(2000, e.next); n != 0 {
			t.Errorf("%+v: %v allocations", c, n)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	for _, c := range []struct {
		name  string
		codec string
		clock int
		rate  int
		skip  int
		ppm   float64
	}{
		{"PCMU", "PCMU", 8000, 8000, 0, 0},
		{"PCMU loss", "PCMU", 8000, 8000, 20, 0},
		{"PCMU slewing", "PCMU", 8000, 8000, 0, 450},
		{"PCMU to 16 kHz", "PCMU", 8000, 16000, 0, 0},
		{"L16", "L16", 16000, 16000, 0, 0},
		{"G722", "G722", 8000, 16000, 0, 0},
		{"G722 loss", "G722", 8000, 16000, 20, 0},
		{"G722 to 8 kHz", "G722", 8000, 8000, 0, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := newEndless(lookup(b, c.codec, c.clock), c.rate, c.skip, c.ppm)
			b.ReportAllocs()
			for b.Loop() {
				e.next()
			}
		})
	}
}
