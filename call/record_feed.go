package call

import (
	"math"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/record"
)

// Sides of a recording.
const (
	sideCaller = 0
	sideCallee = 1
)

// feed hands the audio of a leg to its recordings, on a time line that the leg's clock
// drives. It belongs to the clock's thread, but for now.
//
//	packets of the RTP session --> feed --> queue of each recording ~> those who write
//	PCM of other lines         --'
//
// It runs last in a tick: what the tick received, heard and sent is known by then.
type feed struct {
	leg     *leg
	pin     media.Pin
	tick    time.Duration
	at      time.Duration // of the beginning of this tick on the feed's time line
	now     atomic.Int64  // ns: of the beginning of the next tick
	ahead   atomic.Int64  // ns: what came and is not heard yet
	sources []*source     // of packets
	takers  []*taker
	over    bool
}

// taker is one recording that a feed gives audio to.
type taker struct {
	to       *record.Recording
	from     atomic.Int64 // ns of the feed's time line: the recording's sample 0; read by the mailbox too
	anchored [2]bool
}

// notYet is where a recording begins that has no audio yet.
const notYet = math.MaxInt64

func newTaker(to *record.Recording) *taker {
	t := &taker{to: to}
	t.from.Store(notYet)
	return t
}

// when turns a time of the feed's time line into one of the recording's.
func (t *taker) when(at time.Duration) time.Duration { return at - time.Duration(t.from.Load()) }

// newFeed puts a feed on the leg, when the first of its recordings begins.
func newFeed(l *leg, record func(*feed) error) *feed {
	f := &feed{leg: l, tick: l.graph.TickLength()}
	l.do(func() {
		if err := record(f); err != nil {
			l.call.filterFailed("recorder", err)
		}
	})
	return f
}

// add begins to give a recording audio, from this tick on.
func (f *feed) add(t *taker) {
	t.from.Store(int64(f.at))
	f.takers = append(f.takers, t)
	for _, s := range f.sources {
		s.introduce(t)
	}
}

// drop ends it.
func (f *feed) drop(t *taker) { f.takers = without(f.takers, t) }

// position returns how far the time line of a recording has come, for the mailbox.
func (f *feed) position(t *taker) time.Duration {
	return max(t.when(time.Duration(f.now.Load())), 0)
}

// mostAhead bounds what is waited for in jitter buffers at the end of a call.
const mostAhead = 300 * time.Millisecond

// rest is how much of what came is not heard yet, for the mailbox.
func (f *feed) rest() time.Duration { return time.Duration(f.ahead.Load()) }

// leave takes the feed out of the graph.
func (f *feed) leave() {
	f.over = true
	for _, s := range f.sources {
		s.leave()
	}
	f.leg.graph.Remove(f.pin)
	f.sources, f.takers = nil, nil
}

// Name names the filter in a graph's picture.
func (f *feed) Name() string { return "recorder" }

// Prepare sets the length of a tick.
func (f *feed) Prepare(tick time.Duration) { f.tick = tick }

// Skip lets the time of ticks pass that the clock gave up.
func (f *feed) Skip(ticks int) { f.pass(time.Duration(ticks) * f.tick) }

// Process ends a tick.
func (f *feed) Process(in, _ []*media.Frame) {
	for side := range in {
		if in[side] != nil && len(in[side].PCM) > 0 {
			f.pcm(side, in[side])
		}
	}
	ahead := time.Duration(0)
	for _, s := range f.sources {
		s.anchor()
		ahead = max(ahead, s.ahead)
	}
	f.ahead.Store(int64(min(ahead, mostAhead)))
	f.pass(f.tick)
}

// pcm hands on what a line without packets hears or sends.
func (f *feed) pcm(side int, frame *media.Frame) {
	for _, t := range f.takers {
		t.to.PCM(side, t.when(f.at), frame.PCM, frame.Format.Rate)
	}
}

func (f *feed) pass(d time.Duration) {
	f.at += d
	f.now.Store(int64(f.at))
	for _, t := range f.takers {
		t.to.Tick(t.when(f.at))
	}
}
