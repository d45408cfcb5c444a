package record_test

import (
	"fmt"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/timeline"
)

// shallow is a disk that forgets samples: what is measured is ours.
type shallow struct{ record.FS }

type shallowFile struct{ record.File }

func (s shallow) Create(name string) (record.File, error) {
	f, err := s.FS.Create(name)
	return shallowFile{f}, err
}

func (shallowFile) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }

// thousand is recordings of two-way PCMU, so many that what one needs is no longer in the
// cache when it has its turn.
type thousand struct {
	s      *record.Store
	all    []*record.Recording
	frames [2]*timeline.Packet
	n      int
}

func newThousand(b *testing.B) *thousand {
	dir, err := record.OpenDir(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	s, err := record.Open(record.Options{FS: shallow{dir}}.Still())
	if err != nil {
		b.Fatal(err)
	}
	w := &thousand{s: s}
	codec := pcmu(b)
	for i := range 1000 {
		r, err := s.Start(record.Spec{File: fmt.Sprintf("%d.wav", i)})
		if err != nil {
			b.Fatal(err)
		}
		for side := range 2 {
			r.Line(side, side == 1, 0)
			r.SetCodec(side, 0, codec)
		}
		w.all = append(w.all, r)
	}
	for i, side := range sides {
		w.frames[i] = side.packet(0, 0)
	}
	s.TurnAll()
	for range 20 { // until the lines know where the packets belong
		w.put()
		s.TurnAll()
	}
	return w
}

// put is what comes between two turns.
func (w *thousand) put() {
	for range int(record.Interval / tick) {
		at := time.Duration(w.n) * tick
		for _, r := range w.all {
			for side, p := range w.frames {
				p.Timestamp, p.Sequence, p.Arrival = uint32(160*w.n), uint16(w.n), at
				r.Packet(side, p)
			}
			r.Tick(at + tick)
		}
		w.n++
	}
}

// least runs f for each turn, with before in front of it, and reports the least of a
// processor that it took: other processes only add to that.
func (w *thousand) least(b *testing.B, before, f func()) {
	best := time.Hour
	for b.Loop() {
		before()
		begin := cpuTime()
		f()
		best = min(best, cpuTime()-begin)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(best)/float64(1000*2*record.Interval/tick), "ns/packet")
	b.ReportMetric(float64(best)/float64(record.Interval), "mcore/recording")
	end(b, w.s)
}

// BenchmarkPut puts packets into the queues of 1,000 recordings.
func BenchmarkPut(b *testing.B) {
	w := newThousand(b)
	w.least(b, w.s.TurnAll, w.put)
}

// BenchmarkTurn takes a turn of 1,000 recordings, without the disk.
func BenchmarkTurn(b *testing.B) {
	w := newThousand(b)
	w.least(b, w.put, w.s.TurnAll)
}

// end stops all recordings.
func end(b *testing.B, s *record.Store) {
	for _, r := range s.Live() {
		r.Stop(r.Position(), "")
	}
	s.TurnAll()
	if err := s.Close(b.Context()); err != nil {
		b.Error(err)
	}
}
