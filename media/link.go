package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultRing is the size of a link's ring when its options name none.
const DefaultRing = 200 * time.Millisecond

// LinkOptions shape the ring between a graph and a goroutine.
type LinkOptions struct {
	// Size is the most audio that waits in the ring, 0 for DefaultRing. It is a
	// limit: an empty ring holds no storage.
	Size time.Duration
	// Full says what a sink's full ring drops. A source is never dropped: it is
	// read as fast as the graph plays it.
	Full Policy
	// Name is for the graph's picture and for errors.
	Name string
	// Format is that of the PCM. A source with a Format delivers PCM of it; one
	// without delivers Payload frames of one tick each. A sink with a Format gets
	// PCM, converted if need be; one without gets the Payload when a frame has one.
	Format Format
	// First is PCM of a source in its Format that is played before what it reads, so
	// that the first tick need not wait for its goroutine.
	First []int16
	// Silence makes the ticks without audio come to a sink as zeros; it needs a
	// Format. Without it such ticks do not come at all.
	Silence bool
}

func (o LinkOptions) withDefaults() LinkOptions {
	if o.Size <= 0 {
		o.Size = DefaultRing
	}
	return o
}

// LinkStats counts what went through a link.
type LinkStats struct {
	Frames  uint64        // put into the ring
	Dropped uint64        // lost because it was full, or the pool was, or the sink had ended
	Lost    time.Duration // length of these
	Queued  time.Duration // in the ring now
	Starved uint64        // ticks for which a source that had begun was too slow
}

// Link joins a graph to the goroutine of a Source or a Sink by a ring.
type Link struct {
	graph   *Graph
	pin     Pin
	name    string
	source  bool // else a sink
	ring    *ring
	done    chan struct{} // closed when the goroutine is gone
	once    sync.Once     // of closer
	closer  io.Closer
	starved func() uint64
	adopted atomic.Bool // the graph's Reaper has it
	sink    Sink        // nil of a source
	prompt  PromptSink  // the same when it is one

	// Of whoever writes to the sink now.
	held *block // what is written
	gap  int    // samples per channel that were dropped before it
	kind Frame  // of the last frame, without audio
	lost Frame  // tells of a gap

	swift bool // the sink is instant, as far as who has the link knows

	// Of the tick.
	tap    *sinkFilter
	direct *Frame // waits for the end of the phase, not in the ring
}

func newLink(g *Graph, name string, r *ring, c io.Closer) *Link {
	return &Link{graph: g, name: name, ring: r, done: make(chan struct{}), closer: c}
}

// Stats returns the link's counters; any goroutine may ask.
func (l *Link) Stats() LinkStats {
	s := LinkStats{
		Frames:  l.ring.frames.Load(),
		Dropped: l.ring.dropped.Load(),
		Lost:    time.Duration(l.ring.missing.Load()),
		Queued:  time.Duration(l.ring.queued.Load()),
	}
	if l.starved != nil {
		s.Starved = l.starved()
	}
	return s
}

// Pin returns the link's place in the graph, for Graph.Remove.
func (l *Link) Pin() Pin { return l.pin }

// Done is closed when the link's goroutine is gone.
func (l *Link) Done() <-chan struct{} { return l.done }

// Close takes the link out of its graph and waits until what is queued was
// written and the goroutine is gone, or until ctx is done: then it closes the
// sink, so that a Write that blocks returns, and leaves the goroutine to the
// graph's Reaper. It must not be called from a tick.
func (l *Link) Close(ctx context.Context) error {
	err := l.graph.Do(func() { l.graph.Remove(l.pin) })
	if err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("close link %s: %w", l.name, err)
	}
	return l.await(ctx)
}

// await waits for the goroutine, and gives it up when ctx is done.
func (l *Link) await(ctx context.Context) error {
	select {
	case <-l.done:
		return nil
	default:
	}
	if l.source {
		go func() { _ = guard(l.shut) }()
	}
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
	}
	if l.adopted.CompareAndSwap(false, true) {
		l.ring.stop(!l.source)
		l.graph.reaper.adopt(l)
	}
	return fmt.Errorf("close link %s: %w", l.name, ctx.Err())
}

// shut closes the source or sink, once; a second caller waits for the first.
func (l *Link) shut() (err error) {
	l.once.Do(func() { err = l.closer.Close() })
	return err
}

// guard runs f and turns its panic into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{Value: r, Stack: debug.Stack()}
		}
	}()
	return f()
}

// PanicError is what a panic in a filter, source or sink becomes.
type PanicError struct {
	Value any    // what was given to panic
	Stack []byte // of the goroutine that panicked
}

// Error returns the value of the panic.
func (p *PanicError) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Unwrap returns the value when it was an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
