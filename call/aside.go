package call

import (
	"context"
	"sync/atomic"
	"time"
)

// asides are goroutines that may wait for a disk for ever: the end of the server waits
// for them only as long as it has time.
type asides struct{ n atomic.Int64 }

// run does op on a goroutine of its own.
func (a *asides) run(op func()) {
	a.n.Add(1)
	go func() {
		defer a.n.Add(-1)
		op()
	}()
}

// wait returns when none is left, or ctx ends.
func (a *asides) wait(ctx context.Context) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for a.n.Load() > 0 {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
