package media_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
)

// ticks counts from any goroutine.
type ticks struct {
	n, skipped, shard atomic.Int64
	work              func()
}

func (c *ticks) Process(_, _ []*media.Frame) {
	c.n.Add(1)
	if c.work != nil {
		c.work()
	}
}
func (c *ticks) Skip(n int)       { c.skipped.Add(int64(n)) }
func (c *ticks) Placed(shard int) { c.shard.Store(int64(shard)) }

func graphOf(t testing.TB, f media.Filter, o media.GraphOptions) *media.Graph {
	t.Helper()
	g := media.NewGraph(o)
	if _, err := g.Add(f, 0); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestShardsTickAndDetachEndsIt(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	s := media.NewShards(media.ShardOptions{Shards: 2})
	if s.N() != 2 || runtime.GOMAXPROCS(0) != before+2 {
		t.Errorf("%d shards, GOMAXPROCS %d was %d", s.N(), runtime.GOMAXPROCS(0), before)
	}
	var hooks atomic.Int64
	s.Hooks(func(int) { hooks.Add(1) }, nil)
	var all []*ticks
	var graphs []*media.Graph
	for i := range 8 {
		c := &ticks{}
		c.shard.Store(-1)
		g := graphOf(t, c, media.GraphOptions{Tick: time.Duration(5*(i%4+1)) * time.Millisecond})
		s.Attach(g)
		all, graphs = append(all, c), append(graphs, g)
	}
	shards := map[int64]int{}
	for _, c := range all {
		eventually(t, "three ticks", func() bool { return c.n.Load() >= 3 })
		shards[c.shard.Load()]++
	}
	if shards[0] != 4 || shards[1] != 4 {
		t.Errorf("graphs per shard: %v", shards)
	}
	for i, g := range graphs {
		s.Detach(g)
		n := all[i].n.Load()
		if i == 0 {
			runtime.Gosched()
		}
		if all[i].n.Load() != n {
			t.Error("ticked after Detach")
		}
	}
	if st := s.Stats(); st.Graphs != 0 || st.Ticks == 0 || hooks.Load() == 0 {
		t.Errorf("stats %+v", st)
	}
	s.Close()
	s.Close()
	if runtime.GOMAXPROCS(0) != before {
		t.Errorf("GOMAXPROCS %d was %d", runtime.GOMAXPROCS(0), before)
	}
}

func TestPanicOnAShardDetachesOnlyItsGraph(t *testing.T) {
	s := media.NewShards(media.ShardOptions{Shards: 1})
	defer s.Close()
	failed := make(chan string, 8)
	good := &ticks{}
	g := graphOf(t, good, media.GraphOptions{})
	s.Attach(g)
	for range 4 {
		s.Attach(graphOf(t, &bomb{n: 2}, media.GraphOptions{OnError: func(w string, _ error) { failed <- w }}))
	}
	for range 4 {
		if w := <-failed; w != "bomb" {
			t.Errorf("reported %q", w)
		}
	}
	n := good.n.Load()
	eventually(t, "ticks of the other graph", func() bool { return good.n.Load() > n+2 })
	if st := s.Stats(); st.Graphs != 1 || st.Panics != 4 {
		t.Errorf("stats %+v", st)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestShardThatIsMuchTooLateSkips(t *testing.T) {
	s := media.NewShards(media.ShardOptions{Shards: 1})
	defer s.Close()
	var once sync.Once
	c := &ticks{}
	c.work = func() { once.Do(func() { time.Sleep(300 * time.Millisecond) }) }
	g := graphOf(t, c, media.GraphOptions{})
	s.Attach(g)
	eventually(t, "a skip of most of 15 ticks", func() bool { return c.skipped.Load() >= 10 })
	eventually(t, "its count", func() bool { return s.Stats().Skipped == uint64(c.skipped.Load()) })
	s.Detach(g)
	if st := s.Stats(); st.MaxLate < 200*time.Millisecond {
		t.Errorf("lateness was %v", st.MaxLate)
	}
}

func TestDoRunsOnTheShard(t *testing.T) {
	s := media.NewShards(media.ShardOptions{Shards: 1})
	defer s.Close()
	c := &ticks{}
	g := graphOf(t, c, media.GraphOptions{Tick: 20 * time.Millisecond})
	s.Attach(g)
	done := make(chan struct{})
	if err := g.Do(func() { g.SetTick(5 * time.Millisecond); close(done) }); err != nil {
		t.Fatal(err)
	}
	<-done
	eventually(t, "ticks", func() bool { return c.n.Load() > 5 })
	if err := g.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestClosedShardsLetGoOfTheirGraphs(t *testing.T) {
	s := media.NewShards(media.ShardOptions{Shards: 1})
	c := &ticks{}
	g := graphOf(t, c, media.GraphOptions{})
	s.Attach(g)
	eventually(t, "a tick", func() bool { return c.n.Load() > 0 })
	s.Close()
	s.Detach(g)
	late := graphOf(t, c, media.GraphOptions{})
	s.Attach(late)
	for _, g := range []*media.Graph{g, late} {
		ran := false
		if err := g.Do(func() { ran = true }); err != nil || !ran {
			t.Errorf("Do after the clock is gone: %v", err)
		}
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestGraphsComeAndGoFromManyGoroutines(t *testing.T) {
	s := media.NewShards(media.ShardOptions{Shards: 2})
	defer s.Close()
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range 10 {
				own := 0
				g := media.NewGraph(media.GraphOptions{Tick: 5 * time.Millisecond})
				s.Attach(g)
				_ = g.Do(func() { own++ })
				if err := g.Close(context.Background()); err != nil || own != 1 {
					t.Errorf("ran %d operations, Close: %v", own, err)
				}
			}
		}()
	}
	wait.Wait()
	if st := s.Stats(); st.Graphs != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestLatenessOfManyGraphs prints how late phases begin; it judges nothing, since
// the machine may be busy.
func TestLatenessOfManyGraphs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 2 s")
	}
	for name, c := range map[string]struct {
		graphs  int
		garbage bool
	}{
		"one graph": {1, false}, "2000 graphs": {2000, false}, "2000 graphs and the collector": {2000, true},
	} {
		t.Run(name, func(t *testing.T) { measure(t, c.graphs, c.garbage) })
	}
}

func measure(t *testing.T, graphs int, garbage bool) {
	t.Helper()
	const span = 700 * time.Millisecond
	s := media.NewShards(media.ShardOptions{})
	defer s.Close()
	for range graphs {
		g := media.NewGraph(media.GraphOptions{})
		p, _ := g.Add(newCounter(), 1)
		_, _ = g.Add(&ear{quiet: true}, 0, p)
		s.Attach(g)
	}
	if garbage {
		defer litter()()
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	cpu := cpuTime()
	time.Sleep(span)
	cpu = cpuTime() - cpu
	runtime.ReadMemStats(&is)
	st := s.Stats()
	t.Logf("late p50 <= %v, p99 <= %v, max %v; %d ticks, %d skipped, in phases %.1f%%, CPU %.1f%% of a core, %d collections",
		st.Quantile(0.5), st.Quantile(0.99), st.MaxLate, st.Ticks, st.Skipped,
		100*st.Busy.Seconds()/span.Seconds(), 100*cpu.Seconds()/span.Seconds(), is.NumGC-was.NumGC)
}

// litter keeps the collector busy until the function that it returns is called.
func litter() (end func()) {
	old := debug.SetGCPercent(20)
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		keep := make([][]byte, 4096)
		for i := 0; ; i += 200 {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				for k := range 200 {
					keep[(i+k)%len(keep)] = make([]byte, 2048)
				}
			}
		}
	})
	return func() {
		close(stop)
		done.Wait()
		debug.SetGCPercent(old)
	}
}

// TestShardsWithoutGraphsCostNothing prints the CPU of an idle clock and fails
// only on what would be a busy loop.
func TestShardsWithoutGraphsCostNothing(t *testing.T) {
	s := media.NewShards(media.ShardOptions{})
	defer s.Close()
	g := graphOf(t, &ticks{}, media.GraphOptions{})
	s.Attach(g)
	s.Detach(g)
	runtime.Gosched()
	phases := s.Stats().Phases
	cpu := cpuTime()
	time.Sleep(300 * time.Millisecond)
	t.Logf("idle: %v CPU in 300 ms", cpuTime()-cpu)
	if now := s.Stats().Phases; now > phases+1 {
		t.Errorf("%d phases ran without a graph", now-phases)
	}
}
