package rtp_test

import (
	"testing"

	"github.com/pion/rtcp"

	"rms/media"
	"rms/rtp"
)

// heard puts a report of the far end on the wire that names a packet as the highest.
func (r *markRig) heard(ssrc, highest uint32) {
	b, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{
		SSRC: 0x1234, Reports: []rtcp.ReceptionReport{{SSRC: ssrc, LastSequenceNumber: highest}},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.arriveRTCP(farRTCP, b)
}

func TestReceivedWhenAReportCoversThePacket(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	for range 3 {
		r.step(frame("PCMU/8000", 160))
	}
	first := r.media()[0].SequenceNumber
	var got []int
	for i := range 3 {
		r.s.AfterReceived(first+uint16(i), func() { got = append(got, i) })
	}
	check := func(what string, n int) {
		t.Helper()
		r.step(nil)
		if len(got) != n {
			t.Errorf("%s: %v were reported, want %d", what, got, n)
		}
	}
	check("nothing", 0)
	r.heard(r.s.SSRC()+1, uint32(first)+2)
	check("another stream", 0)
	r.heard(r.s.SSRC(), uint32(first-1))
	check("the packet before", 0)
	r.heard(r.s.SSRC(), uint32(first+3))
	check("a packet that was not sent yet", 0)
	r.heard(r.s.SSRC(), 7<<16|uint32(first+1))
	check("two of three, after some cycles", 2)
	if h := r.s.Stats().FarHighest; h != 7<<16|uint32(first+1) {
		t.Errorf("statistics say %x", h)
	}
	r.heard(r.s.SSRC(), 7<<16|uint32(first+2))
	check("all", 3)
}

func TestReceivedCountsThroughTheWrapOfTheSequence(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	r.wire.mute = true
	var sequence uint16
	r.s.TapSent(func(p *rtp.Packet) { sequence = p.Sequence })
	f := frame("PCMU/8000", 160)
	r.step(f)
	for sequence != 65534 {
		r.sender.Process([]*media.Frame{f}, nil)
		r.after(0)
	}
	var got []uint16
	for range 4 {
		r.step(f)
		at := sequence
		r.s.AfterReceived(at, func() { got = append(got, at) })
	}
	for i, highest := range []uint32{65534, 65535, 65536, 65537, 65538} {
		r.heard(r.s.SSRC(), highest)
		r.step(nil)
		if len(got) != i {
			t.Errorf("highest %d: %v", highest, got)
		}
	}
	// One that waits for longer than half a cycle is old, not new.
	calls := 0
	r.s.AfterReceived(sequence, func() { calls++ })
	for range 40000 {
		r.sender.Process([]*media.Frame{f}, nil)
		r.after(0)
	}
	r.heard(r.s.SSRC(), uint32(sequence-1))
	r.step(nil)
	if calls != 1 {
		t.Errorf("called %d times", calls)
	}
}

func TestReceivedKeepsTheNewestThatFitAndCloseDropsAll(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	r.step(frame("PCMU/8000", 160))
	sequence := r.media()[0].SequenceNumber
	var got []int
	for i := range rtp.MaxMarks + 6 {
		r.s.AfterReceived(sequence, func() { got = append(got, i) })
	}
	r.heard(r.s.SSRC(), uint32(sequence))
	r.step(nil)
	if len(got) != rtp.MaxMarks || got[0] != 6 {
		t.Errorf("%d calls, first %v", len(got), got[:1])
	}
	r.s.AfterReceived(sequence, func() { t.Error("called after Close") })
	r.s.Close()
	r.heard(r.s.SSRC(), uint32(sequence))
	r.step(nil)
}
