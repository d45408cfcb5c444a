package media_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
)

// counter and pipe: the n-th tick of a source has the value n, a pipe keeps what it
// got. A pipe that is stuffed would wait.
type pipe struct {
	mu      sync.Mutex
	room    sync.Cond
	values  []int16
	lost    int
	stuffed bool
	slow    bool // not prompt
	closed  atomic.Bool
	waited  int // calls of Write
	boom    bool
	fail    error
}

func newPipe() *pipe {
	p := &pipe{}
	p.room.L = &p.mu
	return p
}

func (p *pipe) set(f func()) {
	p.mu.Lock()
	f()
	p.room.Broadcast()
	p.mu.Unlock()
}

func (p *pipe) take(f *media.Frame) {
	if f.Lost {
		p.lost += f.Samples
		return
	}
	p.values = append(p.values, f.PCM[0])
}

func (p *pipe) Prompt() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.slow
}

func (p *pipe) TryWrite(f *media.Frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.boom {
		panic("a sink with a bug")
	}
	if p.stuffed || p.slow || p.fail != nil {
		return false
	}
	p.take(f)
	return true
}

func (p *pipe) Write(f *media.Frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waited++
	for p.stuffed && !p.closed.Load() {
		p.room.Wait()
	}
	if p.closed.Load() {
		return errors.New("closed")
	}
	if p.fail != nil {
		return p.fail
	}
	p.take(f)
	return nil
}

func (p *pipe) Close() error {
	p.closed.Store(true)
	p.set(func() {})
	return nil
}

func (p *pipe) got() []int16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int16(nil), p.values...)
}

// inOrder fails unless the values are 1, 2, 3 ... to n.
func inOrder(t *testing.T, values []int16, n int) {
	t.Helper()
	if len(values) != n {
		t.Fatalf("%d frames arrived of %d", len(values), n)
	}
	for i, v := range values {
		if v != int16(i+1) {
			t.Fatalf("frame %d has value %d", i, v)
		}
	}
}

func TestPromptSinksShareAGoroutine(t *testing.T) {
	clock := media.NewShards(media.ShardOptions{Shards: 1})
	defer clock.Close()
	before := runtime.NumGoroutine()
	var pipes []*pipe
	var graphs []*media.Graph
	for range 50 {
		g, p := media.NewGraph(media.GraphOptions{}), newPipe()
		spawned(t, p, media.LinkOptions{Size: time.Second}, g)
		pipes, graphs = append(pipes, p), append(graphs, g)
		clock.Attach(g)
	}
	for _, p := range pipes {
		eventually(t, "ten frames", func() bool { return len(p.got()) >= 10 })
	}
	if n := runtime.NumGoroutine() - before; n > 5 {
		t.Errorf("%d goroutines for 50 links", n)
	}
	for i, g := range graphs {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if !pipes[i].closed.Load() {
			t.Fatal("a sink was not closed")
		}
		inOrder(t, pipes[i].got(), len(pipes[i].got()))
		if pipes[i].waited > 1 {
			t.Errorf("a sink that keeps up was asked to wait %d times", pipes[i].waited)
		}
	}
}

func TestPromptSinkThatWouldWaitGetsAGoroutineAndGivesItBack(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	spawned(t, p, media.LinkOptions{Size: time.Second}, g)
	clock.Attach(g)
	clock.Advance(100 * time.Millisecond)
	inOrder(t, p.got(), 5) // on the thread that advances: no wait
	p.set(func() { p.stuffed = true })
	clock.Advance(200 * time.Millisecond)
	inOrder(t, p.got(), 5)
	p.set(func() { p.stuffed = false })
	eventually(t, "what waited", func() bool { return len(p.got()) == 15 })
	for range 20 {
		clock.Advance(20 * time.Millisecond)
	}
	eventually(t, "what came then", func() bool { return len(p.got()) == 35 })
	inOrder(t, p.got(), 35)
	before := p.waited
	eventually(t, "a sink that is prompt again", func() bool {
		clock.Advance(20 * time.Millisecond)
		return p.waited == before
	})
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestSinkThatIsNotPromptYetHasAGoroutineUntilItIs(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	p.slow = true
	spawned(t, p, media.LinkOptions{Size: 10 * time.Second}, g)
	clock.Attach(g)
	for n := range 50 {
		clock.Advance(20 * time.Millisecond)
		eventually(t, "a frame", func() bool { return len(p.got()) == n+1 })
	}
	p.set(func() { p.slow = false })
	for n := range 50 {
		clock.Advance(20 * time.Millisecond)
		eventually(t, "a frame", func() bool { return len(p.got()) == 51+n })
	}
	inOrder(t, p.got(), 100)
	if p.waited > 52 {
		t.Errorf("it was asked to wait %d times, in 50 of 100 ticks it was not prompt", p.waited)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestPromptSinkHearsOfWhatWasDropped(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	l := spawned(t, p, media.LinkOptions{Size: 100 * time.Millisecond}, g)
	clock.Attach(g)
	p.set(func() { p.stuffed = true })
	clock.Advance(2 * time.Second)
	p.set(func() { p.stuffed = false })
	eventually(t, "the rest", func() bool { return l.Stats().Queued == 0 })
	clock.Advance(20 * time.Millisecond)
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if got := len(p.got())*160 + p.lost; got != 101*160 {
		t.Errorf("%d samples written or told as lost, want %d", got, 101*160)
	}
}

func TestStuckPromptSinkHoldsUpNobody(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{Reaper: &media.Reaper{}}), newPipe()
	spawned(t, p, media.LinkOptions{}, g)
	clock.Attach(g)
	p.set(func() { p.stuffed = true })
	clock.Advance(time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := g.Close(ctx); err == nil {
		t.Error("closed although the sink is stuck")
	}
	eventually(t, "the sink to be closed", p.closed.Load)
}

func TestPanicAndErrorOfAPromptSinkEndItsLinkOnly(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(p *pipe){
		"panic": func(p *pipe) { p.boom = true },
		"error": func(p *pipe) { p.fail = errors.New("the pipe burst") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			clock := media.NewManualClock()
			g, p := media.NewGraph(media.GraphOptions{OnError: func(_ string, err error) { told <- err }}), newPipe()
			l := spawned(t, p, media.LinkOptions{}, g)
			clock.Attach(g)
			clock.Advance(100 * time.Millisecond)
			p.set(func() { broken(p) })
			clock.Advance(100 * time.Millisecond)
			if err := <-told; err == nil || !strings.Contains(err.Error(), "bug") && !strings.Contains(err.Error(), "burst") {
				t.Errorf("told %v", err)
			}
			<-l.Done()
			clock.Advance(time.Second)
			if err := g.Close(context.Background()); err != nil {
				t.Error(err)
			}
			inOrder(t, p.got(), 5)
		})
	}
}

func TestPromptSinkOfAGraphWithoutClock(t *testing.T) {
	t.Parallel()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	spawned(t, p, media.LinkOptions{Size: time.Minute}, g)
	for range 100 {
		g.Tick()
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
	inOrder(t, p.got(), 100)
}

func TestWritingToAPromptSinkAllocatesNothing(t *testing.T) {
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	p.values = make([]int16, 0, 10000)
	spawned(t, p, media.LinkOptions{}, g)
	clock.Attach(g)
	clock.Advance(time.Second)
	if n := testing.AllocsPerRun(100, func() { clock.Advance(20 * time.Millisecond) }); n != 0 {
		t.Errorf("%.1f allocations a tick", n)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestAudioOfSkippedTicksCountsAsDropped(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g, p := media.NewGraph(media.GraphOptions{}), newPipe()
	l := spawned(t, p, media.LinkOptions{Format: mono8}, g)
	clock.Attach(g)
	clock.Advance(100 * time.Millisecond)
	clock.Skip(10)
	clock.Advance(100 * time.Millisecond)
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if p.lost != 1600 || len(p.got()) != 10 || l.Stats().Lost != 200*time.Millisecond {
		t.Errorf("%d samples told as lost of 1600, %d frames of 10, %v lost", p.lost, len(p.got()), l.Stats().Lost)
	}
}
