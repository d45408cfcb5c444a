package timeline_test

import (
	"math"
	"testing"
	"time"

	"rms/media/timeline"
)

// hourly are conditions under which an hour of clicks must lie where they belong.
var hourly = []struct {
	name   string
	rate   int
	skew   float64
	jitter time.Duration
	loss   float64
	dtx    bool
	noise  bool
	keep   bool
	events func(*testing.T, *rig, int) // after each sixth of it
}{
	{name: "clean", rate: 8000},
	{name: "slow clock", rate: 8000, skew: 200},
	{name: "fast clock", rate: 8000, skew: -200},
	{name: "slow, jitter", rate: 8000, skew: 200, jitter: 80 * time.Millisecond, loss: 0.05},
	{name: "fast, jitter", rate: 8000, skew: -200, jitter: 80 * time.Millisecond, loss: 0.05},
	{name: "fast, jitter, DTX", rate: 8000, skew: -200, jitter: 80 * time.Millisecond, loss: 0.05, dtx: true},
	{name: "slow, jitter, DTX, noise", rate: 8000, skew: 200, jitter: 40 * time.Millisecond, loss: 0.05, dtx: true, noise: true},
	{name: "slow, holds", rate: 8000, skew: 200, jitter: 80 * time.Millisecond, loss: 0.05, events: hold},
	{name: "fast, holds", rate: 8000, skew: -200, jitter: 30 * time.Millisecond, events: hold},
	{name: "slow, holds, timestamps stand", rate: 8000, skew: 200, jitter: 30 * time.Millisecond, keep: true, events: hold},
	{name: "slow, codecs", rate: 8000, skew: 200, jitter: 40 * time.Millisecond, loss: 0.05, events: codecs},
	{name: "fast, codecs at 16 kHz", rate: 16000, skew: -200, jitter: 80 * time.Millisecond, loss: 0.05, events: codecs},
	{name: "slow, new sources", rate: 8000, skew: 200, jitter: 40 * time.Millisecond, events: source},
	{name: "fast, jumps", rate: 8000, skew: -200, jitter: 40 * time.Millisecond, events: jump},
	{name: "all at once", rate: 8000, skew: -200, jitter: 80 * time.Millisecond, loss: 0.05, dtx: true, events: everything},
}

func hold(_ *testing.T, r *rig, _ int) { r.run(3*time.Minute, true) }

func codecs(t *testing.T, r *rig, n int) {
	switch n % 4 {
	case 0:
		r.use(lookup(t, "G722", 8000), 9)
	case 1:
		r.use(lookup(t, "L16", 16000), 97)
		r.ts *= 2
	case 2:
		r.use(lookup(t, "PCMA", 8000), 8)
		r.ts = 77
	case 3:
		r.use(lookup(t, "PCMU", 8000), 0)
	}
}

func source(_ *testing.T, r *rig, n int) {
	r.ssrc++
	r.seq = uint16(n * 7777)
	r.ts = uint32(n) * 1e9
}

func jump(_ *testing.T, r *rig, n int) { r.ts += uint32(n+1) * 54321000 }

func everything(t *testing.T, r *rig, n int) {
	switch n {
	case 0, 4:
		hold(t, r, n)
	case 1:
		source(t, r, n)
	case 2:
		jump(t, r, n)
	default:
		codecs(t, r, n-3)
	}
}

func TestLineKeepsClicksInPlaceForAnHour(t *testing.T) {
	for i, c := range hourly {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, uint64(i), timeline.Options{Rate: c.rate})
			r.skew, r.jitter, r.loss, r.dtx, r.noise, r.keep = c.skew, c.jitter, c.loss, c.dtx, c.noise, c.keep
			for n := range 6 {
				r.run(hour/6, false)
				if c.events != nil {
					c.events(t, r, n)
				}
			}
			r.finish()
			ms, at, n := r.worst(ptime + r.base + 20*time.Millisecond)
			s := r.line.Stats()
			t.Logf("%d clicks, the worst %.2f ms off at %.1f s; skew %.1f ppm, %d lost, %d late, %d restarts, %d stray", n, ms, at, s.SkewPPM, s.Lost, s.Late, s.Restarts, s.Stray)
			if math.Abs(ms) > 5 {
				t.Errorf("a click at %.1f s is %.2f ms off", at, ms)
			}
			if s.Late > 0 || float64(n) < hour.Seconds()*0.4 {
				t.Errorf("%d clicks, %+v", n, s)
			}
		})
	}
}
