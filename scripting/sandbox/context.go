package sandbox

import (
	"context"
	"time"
)

var _ context.Context = (*Meter)(nil)

// Done counts one step. The channel is closed once the run must end.
func (m *Meter) Done() <-chan struct{} {
	if m.left--; m.left <= 0 {
		m.check()
	}
	return m.done
}

// Err says why the run must end, nil while it may go on.
func (m *Meter) Err() error { return m.stopped }

// Deadline tells that there is none: waits in verbs move it.
func (m *Meter) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil: a meter carries no values.
func (m *Meter) Value(any) any { return nil }
