package filter

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"rms/media"
)

// Errors of a Playout.
var (
	// ErrStopped says that a Playout takes no more audio.
	ErrStopped = errors.New("playout is stopped")
	// ErrMarks says that too many marks wait to be reached.
	ErrMarks = errors.New("too many marks wait, at most 30")
)

// MaxMarks is how many marks of a Playout may wait to be reached.
const MaxMarks = 30

// DefaultPlayout is how much audio waits in a Playout at most when its options do
// not say.
const DefaultPlayout = 60 * time.Second

// MarkEvent says that a mark was reached, or that Clear took it away.
type MarkEvent struct {
	Name string
	// Offset is how many samples of this tick's output lie before the mark; 0 when
	// all that it marks was heard before.
	Offset  int
	Cleared bool
	// Played is how much was heard since the mark before.
	Played time.Duration
}

// PlayoutOptions shape a Playout.
type PlayoutOptions struct {
	// Format is that of the audio: one channel, and a whole number of samples in a tick.
	Format media.Format
	// Limit is the most audio that waits; 0 is DefaultPlayout.
	Limit time.Duration
	// DropOldest is for live sources: when the queue is full the oldest audio goes,
	// and when for 2 s it never held less than Prebuffer and two ticks, what it
	// has too much of goes too, so that no burst delays the audio for good. Else Write
	// waits for room.
	DropOldest bool
	// Prebuffer is how much must wait before it is played, at the start and each time
	// the queue ran dry. It is also the longest that less than that waits.
	Prebuffer time.Duration
	// OnMark hears of marks and OnEmpty of each time that the queue ran dry or was
	// cleared while it played. Both run in a tick and must not block.
	OnMark  func(m MarkEvent)
	OnEmpty func()
}

// PlayoutStats counts what went through a Playout. What was written is the sum of
// the three durations.
type PlayoutStats struct {
	Queued, Played, Dropped time.Duration
	Starved                 uint64 // times that it ran dry
	Marks                   int    // that wait to be reached
}

// Playout is a source that plays what other goroutines write to it, at the pace of
// the clock. It has no audio while there is nothing to play. Its tick takes no lock:
//
//	Write -> blocks, then written ....... head -> Process
//	         |<------------- queued ----------->|
//
// Positions count samples since the beginning. Whoever moves head, by a compare and
// swap, says what becomes of the samples that it passes: the tick plays them, Clear
// and DropOldest drop them. So each is counted once.
type Playout struct {
	o         PlayoutOptions
	limit     int64 // samples that may wait
	prebuffer int64 // samples
	room      chan struct{}
	stopped   chan struct{}
	once      sync.Once

	written atomic.Int64 // position after the last sample
	head    atomic.Int64 // position of the next sample to be heard
	waiting atomic.Int32 // writers that wait for room
	cleared atomic.Uint32
	starved atomic.Uint64

	mu      sync.Mutex  // of those who write; the tick only tries it
	store   playBlocks  // blocks on the way from them to the tick
	dropped int64       // samples that were queued
	refused int64       // samples that were not
	began   int64       // samples played at the last Clear or Begin
	marks   playMarks   // from Mark to the tick
	turn    playoutTurn // the tick's own
}

// NewPlayout returns a filter without inputs that plays what Write gets.
func NewPlayout(o PlayoutOptions) *Playout {
	if o.Limit <= 0 {
		o.Limit = DefaultPlayout
	}
	o.Prebuffer = min(o.Prebuffer, o.Limit)
	p := &Playout{
		o: o, limit: max(int64(o.Format.Samples(o.Limit)), 1), prebuffer: int64(o.Format.Samples(o.Prebuffer)),
		room: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	p.turn.seam = true
	p.Prepare(media.DefaultTick)
	return p
}

// Write queues a copy of pcm. When the queue is full it waits for room, or drops the
// oldest audio. The error is ErrStopped once stop is closed or Stop was called. What
// of pcm still waits for room when Clear comes is dropped too.
func (p *Playout) Write(pcm []int16, stop <-chan struct{}) error {
	cleared := p.cleared.Load()
	for {
		select {
		case <-p.stopped:
			return ErrStopped
		case <-stop:
			return ErrStopped
		default:
		}
		if pcm = p.put(pcm, cleared); len(pcm) == 0 {
			return nil
		}
		if err := p.await(stop); err != nil {
			return err
		}
	}
}

// Mark asks for a call of OnMark when all that was written before was played. The
// error is ErrMarks when MaxMarks wait.
func (p *Playout) Mark(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.marks.add(name, p.written.Load()) {
		return ErrMarks
	}
	return nil
}

// Clear drops what waits, at once: the next tick carries at most 5 ms of it, fading
// out. With marks it also takes away the marks that were not reached; the next tick
// reports them. Else they count as reached, as nothing lies before them any more. It
// returns how much was played since the last Clear or Begin, and how much it dropped.
func (p *Playout) Clear(marks bool) (played, dropped time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if marks {
		p.marks.clear()
	}
	p.cleared.Add(1)
	lost := p.drop(p.written.Load())
	total := p.written.Load() - p.dropped
	played = p.duration(total - p.began)
	p.began = total
	p.signal()
	return played, p.duration(lost)
}

// Begin has Clear count what is played from now on.
func (p *Playout) Begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = p.head.Load() - p.dropped
}

// Stop ends all Writes, now and later. What waits is played all the same, unless
// Clear drops it.
func (p *Playout) Stop() { p.once.Do(func() { close(p.stopped) }) }

// ClearMarks takes away the marks that were not reached; the next tick reports them as
// cleared. The audio goes on.
func (p *Playout) ClearMarks() { p.marks.clear() }

// Stats returns the counters; any goroutine may ask.
func (p *Playout) Stats() PlayoutStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	head := p.head.Load()
	return PlayoutStats{
		Queued: p.duration(p.written.Load() - head), Played: p.duration(head - p.dropped), Dropped: p.duration(p.dropped + p.refused),
		Starved: p.starved.Load(), Marks: p.marks.waiting(),
	}
}

// Name returns "playout".
func (p *Playout) Name() string { return "playout" }

// In returns the zero Format: a playout has no input.
func (p *Playout) In() media.Format { return media.Format{} }

// Out returns the format of the audio.
func (p *Playout) Out() media.Format { return p.o.Format }

func (p *Playout) duration(samples int64) time.Duration { return p.o.Format.Duration(int(samples)) }
