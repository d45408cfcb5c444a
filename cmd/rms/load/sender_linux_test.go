package load

import (
	"encoding/binary"
	"testing"
	"time"
)

// TestSkippedPacketsAreMissingOnTheTimeLine holds a sender that could not keep up to the
// time line: its next packet stands where it is said, not where the last one ended.
func TestSkippedPacketsAreMissingOnTheTimeLine(t *testing.T) {
	c, err := findCodec("PCMU")
	if err != nil {
		t.Fatal(err)
	}
	s, st := newSender(c), &stream{codec: c, ptime: 20 * time.Millisecond}
	for n, slot := range []int{7, 8, 12} {
		b := s.next(st, nil, slot)
		if sequence, at := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]); sequence != uint16(n) || at != uint32(slot-7)*160 {
			t.Errorf("slot %d: packet %d at %d", slot, sequence, at)
		}
	}
}
