package audiosocket

import (
	"sync/atomic"
	"time"
)

// writeStall breaks writes off that take longer than after, and up to a quarter more:
// setting the deadline for every message would cost as much as a fifth of sending it.
type writeStall struct {
	conn  interface{ SetWriteDeadline(t time.Time) error }
	after time.Duration // 0: never
	until atomic.Int64  // the deadline, in ns since 1970
}

// extend is called before a write.
func (w *writeStall) extend() error {
	now := time.Now()
	if w.after <= 0 || now.Add(w.after).UnixNano() <= w.until.Load() {
		return nil
	}
	until := now.Add(w.after + w.after/4)
	w.until.Store(until.UnixNano())
	return w.conn.SetWriteDeadline(until)
}
