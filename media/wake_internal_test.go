package media

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

// ramp puts out the number of the tick.
type ramp struct {
	n   int16
	out Frame
}

func (*ramp) In() Format  { return Format{} }
func (*ramp) Out() Format { return Format{Rate: 8000, Channels: 1} }
func (r *ramp) Process(_, out []*Frame) {
	r.n++
	r.out = Frame{PCM: []int16{r.n}, Format: r.Out()}
	out[0] = &r.out
}

// fast is an instant sink; while shut it is written to by nobody.
type fast struct {
	mu     sync.Mutex
	opened sync.Cond
	shut   bool
	values []int16
}

func (f *fast) Prompt() bool  { return true }
func (f *fast) Instant() bool { return true }
func (f *fast) Close() error  { return nil }

func (f *fast) TryWrite(fr *Frame) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.shut {
		f.values = append(f.values, fr.PCM[0])
	}
	return !f.shut
}

func (f *fast) Write(fr *Frame) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.shut {
		f.opened.Wait()
	}
	f.values = append(f.values, fr.PCM[0])
	return nil
}

func (f *fast) set(shut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shut = shut
	f.opened.Broadcast()
}

func (f *fast) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.values)
}

// swiftRig is one graph with an instant sink and the end of a phase.
type swiftRig struct {
	t     *testing.T
	graph *Graph
	link  *Link
	sink  *fast
	wakes *wakeList
	time  time.Duration
	ticks int
}

func newSwiftRig(t *testing.T) *swiftRig {
	t.Helper()
	r := &swiftRig{t: t, graph: NewGraph(GraphOptions{}), sink: &fast{}}
	r.sink.opened.L = &r.sink.mu
	from, err := r.graph.Add(&ramp{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.link, err = r.graph.Spawn(from, r.sink, LinkOptions{Size: time.Minute}); err != nil {
		t.Fatal(err)
	}
	r.wakes = &wakeList{writer: &writer{}, now: func() time.Duration { return r.time }, until: 1}
	r.graph.place(0, r.wakes)
	r.tick() // the writer is the first to find out that the sink is instant
	r.await("the first frame", func() bool { return r.sink.count() == 1 })
	r.rest()
	return r
}

func (r *swiftRig) tick() {
	r.ticks++
	r.graph.Tick()
	r.wakes.flush()
}

// rest waits until nobody but the next tick has the link.
func (r *swiftRig) rest() {
	r.await("a link that rests", func() bool {
		r.link.ring.mu.Lock()
		defer r.link.ring.mu.Unlock()
		return r.link.ring.idle
	})
}

// await waits as the clock does, whose next tick hands over what one could not because
// somebody was descheduled with the lock of the ring.
func (r *swiftRig) await(what string, done func() bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); runtime.Gosched() {
		r.link.ring.flush()
		r.wakes.flush()
		if time.Now().After(end) {
			r.t.Fatalf("no %s", what)
		}
	}
}

// close checks that every tick came, once and in order.
func (r *swiftRig) close() {
	r.t.Helper()
	if err := r.graph.Close(context.Background()); err != nil {
		r.t.Error(err)
	}
	r.wakes.writer.close()
	for i, v := range r.sink.values {
		if v != int16(i+1) {
			r.t.Fatalf("frame %d is %d: %v", i+1, v, r.sink.values)
		}
	}
	if s := r.link.Stats(); len(r.sink.values) != r.ticks || s.Frames != uint64(r.ticks) || s.Dropped != 0 {
		r.t.Errorf("%d frames of %d ticks, %+v", len(r.sink.values), r.ticks, s)
	}
}

func TestInstantSinkIsWrittenBeforeThePhaseIsOver(t *testing.T) {
	r := newSwiftRig(t)
	for range 10 {
		r.tick()
		if r.sink.count() != r.ticks {
			t.Fatalf("%d frames after %d ticks", r.sink.count(), r.ticks)
		}
		if q := r.link.Stats().Queued; q != 0 {
			t.Fatalf("%v in the ring", q)
		}
	}
	r.close()
}

func TestInstantSinkThatThereIsNoTimeForGoesToTheWriter(t *testing.T) {
	r := newSwiftRig(t)
	for range 10 {
		r.time = 1
		r.tick()
		r.await("a frame from the writer", func() bool { return r.sink.count() == r.ticks })
		r.rest()
		r.time = 0
		r.tick()
		if r.sink.count() != r.ticks {
			t.Fatalf("%d frames after %d ticks", r.sink.count(), r.ticks)
		}
	}
	r.close()
}

func TestInstantSinkThatIsFullLosesNothingAndHoldsUpNoPhase(t *testing.T) {
	r := newSwiftRig(t)
	for range 10 {
		r.sink.set(true)
		for range 20 {
			r.tick()
		}
		r.sink.set(false)
		r.await("what waited", func() bool { return r.sink.count() == r.ticks })
		for range 20 {
			r.tick()
		}
		r.await("what came then", func() bool { return r.sink.count() == r.ticks })
	}
	r.close()
}

func TestInstantSinkIsWrittenWithoutAllocating(t *testing.T) {
	r := newSwiftRig(t)
	r.sink.values = append(make([]int16, 0, 1000), r.sink.values...)
	f := &Frame{PCM: make([]int16, 160), Format: Format{Rate: 8000, Channels: 1}}
	in := []*Frame{f}
	if n := testing.AllocsPerRun(100, func() {
		f.PCM[0] = int16(r.ticks + 1)
		r.ticks++
		r.link.tap.Process(in, nil)
		r.wakes.flush()
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	r.close()
}
