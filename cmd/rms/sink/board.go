package sink

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// board knows the streams of a sink: how many there may be, which are live, and what
// all of them together were.
type board struct {
	o    *Options
	dir  *folder
	clip *clip // nil: nothing is played

	mu       sync.Mutex
	live     map[*stream]struct{}
	count    int
	sum      Totals
	counters map[string]uint64
	told     map[string]*folded
}

// folded holds repeats back, so that a flood of refusals is one line a second.
type folded struct {
	at     time.Time
	silent uint64
}

var errFull = errors.New("there are as many streams as may be")

func newBoard(o *Options) (*board, error) {
	b := &board{o: o, live: map[*stream]struct{}{}, counters: map[string]uint64{}, told: map[string]*folded{}}
	b.sum.Start, b.sum.Sides = time.Now(), []Side{}
	var err error
	switch {
	case o.Play == "":
	case o.WS.StreamAudio == "file":
		b.clip, err = openClipFile(o.Play)
	default:
		b.clip, err = openClip(o.Play)
	}
	if err == nil {
		b.dir, err = openFolder(o.Dir)
	}
	return b, err
}

// begin makes a stream, unless there are too many. The caller reports it with start.
func (b *board) begin(id, remote string, at time.Time) (*stream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.live) >= b.o.MaxStreams {
		return nil, errFull
	}
	b.count++
	s := &stream{board: b, n: b.count, remote: remote, started: at, lookedAt: at}
	s.rename(id)
	b.live[s] = struct{}{}
	return s, nil
}

// start says that a stream has begun.
func (b *board) start(s *stream, about Event) {
	e := s.event(EventStart)
	about.Event, about.Time, about.Sink, about.N, about.ID, about.Remote = e.Event, s.started, e.Sink, e.N, e.ID, e.Remote
	s.about = about
	b.o.Report(about)
}

func (b *board) leave(s *stream, t *Totals) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, s)
	b.sum.Frames += t.Frames
	b.sum.Bytes += t.Bytes
	b.sum.AudioSeconds += t.AudioSeconds
	b.sum.MaxGapMS = max(b.sum.MaxGapMS, t.MaxGapMS)
	b.sum.P99GapMS = max(b.sum.P99GapMS, t.P99GapMS)
	b.sum.Texts += t.Texts
	b.sum.Pings += t.Pings
	b.sum.Dropped += t.Dropped
	b.sum.SentFrames += t.SentFrames
	b.sum.SentSeconds += t.SentSeconds
}

// add counts what has a name of ours.
func (b *board) add(counter string) {
	b.mu.Lock()
	b.counters[counter]++
	b.mu.Unlock()
}

// refuse counts somebody who gets no stream, or a message that was dropped, and says
// so once a second for each counter.
func (b *board) refuse(counter, remote, why string) {
	now := time.Now()
	b.mu.Lock()
	b.counters[counter]++
	f := b.told[counter]
	if f == nil {
		f = &folded{}
		b.told[counter] = f
	}
	if now.Sub(f.at) < time.Second {
		f.silent++
		b.mu.Unlock()
		return
	}
	f.at = now
	silent := f.silent
	f.silent = 0
	b.mu.Unlock()
	e := Event{Event: EventRefused, Time: now, Sink: b.o.Kind, Remote: remote, Text: why}
	e.Counters = map[string]uint64{counter: silent + 1}
	b.o.Report(e)
}

// streams returns those that are live, oldest first.
func (b *board) streams() []*stream {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Keys(b.live), func(x, y *stream) int { return x.n - y.n })
}

// summary returns what all ended streams were.
func (b *board) summary() Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, t := time.Now(), b.sum
	t.Streams, t.Seconds = b.count, now.Sub(t.Start).Seconds()
	return Event{Event: EventSummary, Time: now, Sink: b.o.Kind, Totals: &t, Counters: maps.Clone(b.counters)}
}

// forget takes a stream back that could not begin after all.
func (b *board) forget(s *stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, s)
	b.count--
}
