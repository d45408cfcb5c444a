package audiosocket

import (
	"sync/atomic"
	"time"
)

// WriteStall breaks writes to a connection off that take longer than a limit, and up
// to a quarter more: to set the deadline anew for every message would be a good part
// of the cost of sending it.
type WriteStall struct {
	conn  interface{ SetWriteDeadline(t time.Time) error }
	limit time.Duration
	until atomic.Int64 // the deadline, in ns since 1970
}

// NewWriteStall returns what limits writes to conn, whose write deadline belongs to it
// from then on; 0 is no limit.
func NewWriteStall(conn interface{ SetWriteDeadline(t time.Time) error }, limit time.Duration) *WriteStall {
	return &WriteStall{conn: conn, limit: limit}
}

// Extend gives the write that follows its time.
func (w *WriteStall) Extend() error {
	if w.limit <= 0 {
		return nil
	}
	now := time.Now()
	if now.Add(w.limit).UnixNano() <= w.until.Load() {
		return nil
	}
	until := now.Add(w.limit + w.limit/4)
	w.until.Store(until.UnixNano())
	return w.conn.SetWriteDeadline(until)
}
