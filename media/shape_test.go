package media_test

import (
	"runtime"
	"sync"
	"testing"

	"rms/media"
)

// Calls and filters of BenchmarkShape.
const (
	shapeCalls   = 500
	shapeFilters = 5
)

// level is a small filter: it scales a tick of 20 ms at 8 kHz.
type level struct {
	pcm [160]int16
	out media.Frame
}

func (l *level) Process(in, out []*media.Frame) {
	if len(in) > 0 && in[0] != nil {
		for i, v := range in[0].PCM {
			l.pcm[i] = v / 2
		}
	}
	l.out.PCM = l.pcm[:]
	out[0] = &l.out
}

// BenchmarkShape is one tick of a call of five small filters in the three shapes
// that a server of many calls can have, on one core; the graph is ours.
func BenchmarkShape(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.Run("graph", func(b *testing.B) {
		graphs := make([]*media.Graph, shapeCalls)
		for i := range graphs {
			graphs[i] = media.NewGraph(media.GraphOptions{})
			p, _ := graphs[i].Add(&level{}, 1)
			for range shapeFilters - 1 {
				p, _ = graphs[i].Chain(p, &level{})
			}
		}
		eachCall(b, func(i int) { graphs[i].Tick() }, func() {})
	})
	b.Run("goroutine per call", func(b *testing.B) {
		var done sync.WaitGroup
		ticks := make([]chan struct{}, shapeCalls)
		for i := range ticks {
			ticks[i] = make(chan struct{}, 1)
			go callOf(ticks[i], &done)
		}
		eachCall(b, func(i int) { done.Add(1); ticks[i] <- struct{}{} }, done.Wait)
		for i := range ticks {
			close(ticks[i])
		}
	})
	b.Run("goroutine per filter", func(b *testing.B) {
		var done sync.WaitGroup
		firsts := make([]chan *media.Frame, shapeCalls)
		for i := range firsts {
			firsts[i] = filtersOf(&done)
		}
		eachCall(b, func(i int) { done.Add(1); firsts[i] <- nil }, done.Wait)
		for i := range firsts {
			close(firsts[i])
		}
	})
}

// eachCall runs one call after the other, and wait after each round of all.
func eachCall(b *testing.B, one func(i int), wait func()) {
	i := 0
	for b.Loop() {
		one(i)
		if i++; i == shapeCalls {
			i = 0
			wait()
		}
	}
	wait()
}

// callOf runs all filters of one call at each tick.
func callOf(ticks <-chan struct{}, done *sync.WaitGroup) {
	var filters [shapeFilters]level
	for range ticks {
		frame := []*media.Frame{nil}
		for i := range filters {
			filters[i].Process(frame, frame)
		}
		done.Done()
	}
}

// filtersOf starts the filters of one call, joined by channels, and returns the
// first channel.
func filtersOf(done *sync.WaitGroup) chan *media.Frame {
	first := make(chan *media.Frame, 1)
	from := first
	for range shapeFilters {
		to := make(chan *media.Frame, 1)
		go func(from, to chan *media.Frame) {
			defer close(to)
			var f level
			frame := make([]*media.Frame, 1)
			for frame[0] = range from {
				f.Process(frame, frame)
				to <- frame[0]
			}
		}(from, to)
		from = to
	}
	go func() {
		for range from {
			done.Done()
		}
	}()
	return first
}
