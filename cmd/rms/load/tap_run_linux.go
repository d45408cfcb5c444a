package load

import (
	"context"
	"fmt"
	"time"
)

// openTap listens for the streams that the calls will be asked for.
func (r *runner) openTap(ctx context.Context) error {
	s := &r.plan.Streams
	if r.plan.wire == nil || s.URL != "" {
		return nil
	}
	t, err := newTap(ctx, r.plan.wire, s.Listen, r.plan.Calls)
	if err != nil {
		return fmt.Errorf("%w; give another address", err)
	}
	if s.Probes > 0 {
		every := max(1, r.plan.Calls/s.Probes)
		t.probed = func(index int) bool { return index%every == 0 && index/every < s.Probes }
	}
	// The stalled ones are the last of those that are not probed.
	first := r.plan.Calls - s.Stalled
	t.stalled = func(index int) bool { return index >= first && !t.probed(index) }
	t.pulses = func(index int) bool {
		return t.probed(index) || r.plan.TwoWay && s.Mix == "mono" && t.stalled(index)
	}
	r.tap, r.plan.streamURL = t, t.url()
	t.start()
	return nil
}

func (r *runner) closeTap(patience time.Duration) {
	if r.tap == nil || r.tapClosed {
		return
	}
	r.tapClosed = true
	r.tap.stop(patience)
}

// How long streams that were stalled are watched, and how long they may take to get
// rid of what waited for them.
const (
	thawFor  = 4 * time.Second
	thawCalm = time.Second
)

// thaw has the stalled streams read again, before their calls end.
func (r *runner) thaw(ctx context.Context) {
	if r.tap == nil || r.plan.Streams.Stalled == 0 {
		return
	}
	r.tap.live.Store(time.Now().Add(thawCalm).UnixNano())
	close(r.tap.thaw)
	until := time.Now().Add(thawFor)
	r.loop(ctx, tickQuiet, func(int64) bool { return time.Now().After(until) })
}

// streams sums up what the calls of the run have streamed, after tap.stop.
func (r *runner) streams() *StreamSum {
	t := r.tap
	if t == nil {
		return nil
	}
	o := &r.plan.Streams
	sum := &StreamSum{Kind: o.Kind, Rate: o.Rate, Mix: o.Mix, Strange: t.strange + t.again, Stalled: o.Stalled, Probes: o.Probes, DepthMs: milliseconds(o.Depth)}
	var connect, first, dropped histogram
	back := 0
	var lastAnswer, lastConnect int64
	for _, c := range r.agent.calls[:r.agent.placed] {
		if c.stream == nil {
			continue
		}
		sum.Wanted++
		lastAnswer = max(lastAnswer, c.stream.began)
		s := t.streams[c.index]
		if s == nil {
			sum.Lost++
			continue
		}
		lacks := sum.add(s, c.stream, t.stalled(c.index))
		if t.stalled(c.index) {
			dropped.add(int64(lacks))
			back += int(one(s.back))
		}
		lastConnect = max(lastConnect, s.connected)
		connect.add(max(0, s.connected-c.stream.began))
		if s.frames > 0 {
			first.add(max(0, s.first-c.stream.began))
		}
	}
	sum.Connect, sum.First = connect.spread(), first.spread()
	sum.AllAfter = milliseconds(time.Duration(max(0, lastConnect-lastAnswer)))
	if o.Stalled > 0 {
		sum.Frozen = &Stall{Dropped: dropped.spread(), Back: back, Live: t.belated.spread()}
	}
	sum.Heard, sum.Delay = t.heard, t.delays.spread()
	sum.Beyond = sum.Delay.less(sum.DepthMs)
	if r.sender != nil {
		sum.Pulses = r.sender.pulsed
	}
	return sum
}

// add counts the stream of one call and returns how much audio it lacks.
func (sum *StreamSum) add(s *tapped, call *stream, stalled bool) time.Duration {
	sum.Connected++
	sum.Frames += s.frames
	sum.Bytes += s.bytes
	sum.Odd += s.odd
	sum.Texts += s.text
	if !s.clean {
		sum.Broken++
	}
	hungUp := call.stopped.Load()
	channels := 1
	if sum.Mix == "stereo" {
		channels = 2
	}
	got := float64(s.bytes) / float64(2*channels*sum.Rate)
	lacks := max(0, float64(hungUp-s.connected)/1e9-got)
	switch {
	case s.frames == 0 || (hungUp != 0 && s.ended != 0 && s.ended < hungUp):
		sum.Lost++
	case !stalled && lacks > 0.3:
		sum.Missing++
	}
	return time.Duration(lacks * 1e9)
}

// less is a spread with so many ms taken off each figure.
func (s Spread) less(ms float64) Spread {
	for _, v := range []*float64{&s.P50, &s.P99, &s.P999, &s.Max} {
		*v -= ms
	}
	return s
}
