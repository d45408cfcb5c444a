package record_test

import (
	"context"
	"testing"
	"time"

	"rms/media/record"
)

// slowest is the longest that giving a frame may take. The test shares its machine, so
// it is far above what it costs; one that waited for the disk would never return.
const slowest = 5 * time.Second

// stalled feeds a recording by f while its disk answers, while it does not, and while it
// does again. It returns the longest that f took.
func stalled(t *testing.T, d *disk, s *record.Store, f func(n int), stall int) time.Duration {
	t.Helper()
	worst := time.Duration(0)
	feed := func(from, to int) {
		for n := from; n < to; n++ {
			begin := time.Now()
			f(n)
			worst = max(worst, time.Since(begin))
		}
	}
	for n := 0; n < 100; n += 10 {
		feed(n, n+10)
		s.TurnAll()
	}
	s.SyncAll()
	d.stall()
	feed(100, 110)
	held := make(chan struct{})
	go func() {
		defer close(held)
		s.TurnAll()
	}()
	wait(t, "the disk to hold the worker", d.holds)
	feed(110, 100+stall)
	d.recover()
	<-held
	s.TurnAll()
	for n := 100 + stall; n < 200+stall; n += 10 {
		feed(n, n+10)
		s.TurnAll()
	}
	return worst
}

// TestAStalledDiskNeverHoldsTheClock stalls 10 s: all that waits comes into the file.
func TestAStalledDiskNeverHoldsTheClock(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	phone(t, r)
	worst := stalled(t, d, s, func(n int) { both(r, n) }, 500)
	if worst > slowest {
		t.Errorf("a frame took %v", worst)
	}
	r.Stop(14*time.Second, "")
	if result := e.end(t); len(result.Sidecar.Gaps) != 0 || result.Err != nil {
		t.Errorf("%+v", result)
	}
	b, _ := d.ReadFile("x.wav")
	_, pcm := decode(t, b)
	same(t, "file", pcm, together(record.Stereo, heard(tone(0, 14*8000, 440, 8000)), heard(tone(0, 14*8000, 1000, 8000))))
}

func both(r *record.Recording, n int) {
	for _, side := range sides {
		r.Packet(side.side, side.packet(n, time.Duration(n)*tick))
	}
	r.Tick(time.Duration(n+1) * tick)
}

// TestWhatAStalledDiskCostsIsNotedToTheSample stalls for longer than audio may wait.
func TestWhatAStalledDiskCostsIsNotedToTheSample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		kind  record.Sides
		stall int // ticks
		kept  time.Duration
		o     record.Options
		pcm   bool
	}{
		{"stereo, 60 s", record.Stereo, 3000, 30 * time.Second, record.Options{}, false},
		{"mixed, 60 s", record.Mixed, 3000, 30 * time.Second, record.Options{}, false},
		{"no budget, 20 s", record.Stereo, 1000, 5 * time.Second, record.Options{Budget: 1}, false},
		{"no RTP", record.Stereo, 1000, 5 * time.Second, record.Options{Budget: 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDisk()
			c.o.FS = d
			s := open(t, c.o)
			r, e := start(t, s, record.Spec{File: "x.wav", Sides: c.kind})
			give := func(n int) { both(r, n) }
			a, b := tone(0, (200+c.stall)*160, 440, 8000), tone(0, (200+c.stall)*160, 1000, 8000)
			if c.pcm {
				give = func(n int) { feed(r, time.Duration(n)*tick, time.Duration(n+1)*tick, 8000) }
			} else {
				phone(t, r)
				a, b = heard(a), heard(b)
			}
			if worst := stalled(t, d, s, give, c.stall); worst > slowest {
				t.Errorf("a frame took %v", worst)
			}
			r.Stop(time.Duration(200+c.stall)*tick, "")
			result := e.end(t)
			lost := 0
			for _, g := range result.Sidecar.Gaps {
				if g.Reason != "disk" {
					t.Errorf("gap %+v", g)
				}
				from, to := int(g.AtMS*8), int(g.AtMS*8)+int(g.LengthMS*8)
				if g.Side != "callee" {
					clear(a[from:to])
				}
				if g.Side != "caller" {
					clear(b[from:to])
				}
				lost = max(lost, to-from)
			}
			file, _ := d.ReadFile("x.wav")
			_, pcm := decode(t, file)
			same(t, "file", pcm, together(c.kind, a, b))
			want := time.Duration(c.stall)*tick - c.kept
			if got := time.Duration(lost) * time.Second / 8000; got < want-time.Second || got > want+time.Second {
				t.Errorf("%v are lost, want %v: %+v", got, want, result.Sidecar.Gaps)
			}
			if used := s.Stats().Waiting; used != 0 {
				t.Errorf("%d bytes still wait", used)
			}
		})
	}
}

func TestBeginOfALossIsToldWhileTheDiskStalls(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s, err := record.Open(record.Options{FS: d, Interval: 20 * time.Millisecond, Budget: 1})
	if err != nil {
		t.Fatal(err)
	}
	r, e := start(t, s, record.Spec{File: "x.wav"})
	d.stall()
	for n := range 1000 {
		feed(r, time.Duration(n)*tick, time.Duration(n+1)*tick, 8000)
	}
	wait(t, "the event of the loss", func() bool {
		gaps, _ := e.seen() // two, when the worker took before the disk held it
		return len(gaps) > 0 && gaps[0].Length == 0 && gaps[0].Reason == "disk"
	})
	r.Stop(20*time.Second, "")
	d.recover()
	if result := e.end(t); result.Duration != 20*time.Second {
		t.Errorf("%+v", result)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAStalledDiskHoldsNoStop has everything end while the disk does not answer.
func TestAStalledDiskHoldsNoStop(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s, err := record.Open(record.Options{FS: d, Interval: 20 * time.Millisecond, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		r, _ := start(t, s, record.Spec{Template: "{id}.wav"})
		feed(r, 0, time.Second, 8000)
	}
	d.stall()
	for _, r := range s.Live() { // which never returns if one waits for the disk
		feed(r, time.Second, 2*time.Second, 8000)
		r.Stop(2*time.Second, "hangup")
	}
	if _, err := s.Start(record.Spec{}); err != nil { // its file waits, the call does not
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("all is closed although the disk stalls")
	}
	d.recover()
	wait(t, "the store to end", func() bool { return s.Close(t.Context()) == nil })
}
