package media

import (
	"context"
	"sync"
	"sync/atomic"
)

// Reaper counts the goroutines of links that outlived the context of their
// graph's Close because a Source or Sink did not return. They end by themselves;
// a program waits for them last. The zero Reaper is ready to use.
type Reaper struct {
	wait sync.WaitGroup
	left atomic.Int64
}

// Left returns how many goroutines are still there.
func (r *Reaper) Left() int { return int(r.left.Load()) }

// Wait returns when none is left or ctx is done. Nothing may be added meanwhile.
func (r *Reaper) Wait(ctx context.Context) error {
	gone := make(chan struct{})
	go func() {
		r.wait.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// adopt closes what l reads or writes, so that its goroutine may end, and counts
// it until it does.
func (r *Reaper) adopt(l *Link) {
	r.left.Add(1)
	r.wait.Add(1)
	go func() {
		_ = guard(l.shut)
		<-l.done
		r.left.Add(-1)
		r.wait.Done()
	}()
}
