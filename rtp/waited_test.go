package rtp

import (
	"testing"
	"time"
)

// What came 3 ms before a tick should have been has waited 3 ms, however late the tick is.
func TestALateTickDoesNotMakePacketsEarlier(t *testing.T) {
	t.Parallel()
	const due = int64(7 * time.Second)
	for _, late := range []time.Duration{0, 5 * time.Millisecond, 80 * time.Millisecond} {
		s := &Session{shard: &shard{wall: due + int64(late), late: int64(late)}}
		if got := s.Waited(&Packet{Arrival: due - int64(3*time.Millisecond)}); got != 3*time.Millisecond {
			t.Errorf("%v late: waited %v", late, got)
		}
		if got := s.Waited(&Packet{Arrival: due + int64(late)}); got != -late {
			t.Errorf("%v late: what came just now has waited %v", late, got)
		}
		if got := s.Waited(&Packet{Arrival: due - int64(time.Hour)}); got != 2*time.Second-late {
			t.Errorf("%v late: a step of the clock is %v", late, got)
		}
	}
}
