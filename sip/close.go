package sip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Drain refuses new calls and answers 503 to OPTIONS outside dialogs, so that
// proxies look elsewhere. Calls in progress go on.
func (u *UA) Drain() { u.draining.Store(true) }

// Draining tells whether Drain was called.
func (u *UA) Draining() bool { return u.draining.Load() }

// Close drains, hangs up what is left, waits until the BYEs are answered or ctx
// ends, and closes everything. All goroutines are gone when it returns.
func (u *UA) Close(ctx context.Context) error {
	u.Drain()
	if u.closing.Swap(true) {
		<-u.stopped
		return nil
	}
	for _, w := range u.workers {
		w.do(w.hangUpAll)
	}
	err := u.quiet(ctx)
	u.cancel()
	u.closeSockets()
	for _, w := range u.workers {
		w.do(w.endAll)
	}
	close(u.stopped)
	u.working.Wait()
	u.tcp.drop()
	u.wg.Wait()
	return err
}

func (u *UA) closeSockets() {
	for _, s := range u.udp {
		_ = s.conn.Close()
	}
	u.tcp.close()
}

// quietPoll is how often Close looks whether the last BYE is answered.
const quietPoll = 5 * time.Millisecond

// quiet waits until no dialog is left.
func (u *UA) quiet(ctx context.Context) error {
	tick := time.NewTicker(quietPoll)
	defer tick.Stop()
	for {
		left := 0
		for _, w := range u.workers {
			w.do(func() {
				left += len(w.after)
				for _, g := range w.groups {
					left += len(g.dialogs)
				}
			})
		}
		if left == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("close: %d calls left: %w", left, errors.Join(ctx.Err()))
		}
	}
}

// hangUpAll begins to end every dialog.
func (w *worker) hangUpAll() {
	for _, g := range w.groups {
		for _, d := range slices.Clone(g.dialogs) {
			d.hangUp(reasonHeader(503, "Shutting down"), Cause{By: ByUs, Code: 503, Text: "shutting down"})
		}
	}
}

// endAll tells the Owners of what would not end in time.
func (w *worker) endAll() {
	for _, g := range w.groups {
		for _, d := range slices.Clone(g.dialogs) {
			d.close(Cause{By: ByUs, Code: 503, Text: "shut down"})
			d.leave()
		}
	}
}
