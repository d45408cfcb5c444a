package top

import (
	"context"
	"time"

	"rms/call"
	"rms/cmd/rms/ctl"
)

// callsMost is how many calls are fetched at most: the oldest.
const callsMost = 5000

// Sample is what a server said at one moment.
type Sample struct {
	At     time.Time
	Status *ctl.Status
	Calls  []call.CallInfo
	Total  int // calls; more than len(Calls) when those are not all

	Detail    *call.CallInfo // of the call that was asked for
	DetailErr error
	Err       error // why there is nothing
}

// fetch asks a server. detail is the id of the call whose details are wanted, or "".
func fetch(ctx context.Context, c *ctl.Client, detail string) Sample {
	s := Sample{}
	if s.Status, s.Err = c.Status(ctx); s.Err == nil {
		s.Calls, s.Total, s.Err = c.Calls(ctx, nil, callsMost)
	}
	if s.Err == nil && detail != "" {
		s.Detail, s.DetailErr = c.Info(ctx, detail)
	}
	s.At = time.Now()
	return s
}

// Rates are what happened in the seconds before a sample, as figures a second.
type Rates struct {
	Known    bool
	Setups   float64
	Failures float64
	CPU      float64 // percent of one core
	In, Out  float64 // packets
	Loss     float64 // percent
	LateP99  float64 // ms
	Skipped  uint64  // ticks, in all these seconds
	Dropped  uint64  // events, in all these seconds
}

// window is how many samples rates look back.
const window = 10

// rates compares two statuses of one server; the other way round or of two starts of
// it they have none.
func rates(old, now *ctl.Status) Rates {
	if old == nil || now == nil || !old.Began.Equal(now.Began) {
		return Rates{LateP99: lateP99(nil, now)}
	}
	dt := now.Seconds - old.Seconds
	if dt <= 0 {
		return Rates{LateP99: lateP99(nil, now)}
	}
	lost, in := float64(now.RTP.Lost-old.RTP.Lost), float64(now.RTP.In-old.RTP.In)
	r := Rates{
		Known:  true,
		Setups: float64(now.Calls.Total-old.Calls.Total) / dt, Failures: float64(now.Calls.Failed-old.Calls.Failed) / dt,
		CPU: 100 * (now.Process.CPU - old.Process.CPU) / dt, In: in / dt, Out: float64(now.RTP.Out-old.RTP.Out) / dt,
		LateP99: lateP99(old, now), Skipped: now.Clock.Skipped - old.Clock.Skipped, Dropped: now.Calls.Dropped - old.Calls.Dropped,
	}
	if lost > 0 && lost+in > 0 {
		r.Loss = 100 * lost / (lost + in)
	}
	return r
}

// lateP99 is by how much 99 of 100 phases of the clock began late at most, in ms: the
// bound of their bucket.
func lateP99(old, now *ctl.Status) float64 {
	if now == nil {
		return 0
	}
	c := &now.Clock
	if old == nil || len(c.Counts) == 0 || len(old.Clock.Counts) != len(c.Counts) || len(c.Bounds)+1 != len(c.Counts) {
		return c.P99MS
	}
	var all, so uint64
	for i := range c.Counts {
		all += c.Counts[i] - old.Clock.Counts[i]
	}
	for i := range c.Bounds {
		if so += c.Counts[i] - old.Clock.Counts[i]; so*100 >= all*99 {
			if all == 0 {
				return 0
			}
			return c.Bounds[i]
		}
	}
	return c.MaxMS
}
