package rtp_test

import (
	"testing"

	"rms/rtp"
)

func relayed(seq uint16, ts, ssrc uint32) *rtp.Packet {
	return &rtp.Packet{Payload: make([]byte, 160), PayloadType: 8, Sequence: seq, Timestamp: ts, SSRC: ssrc}
}

func TestRelayKeepsTimestampsOrderAndHoles(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	relay := r.s.NewRelay()
	r.turn(nil)
	for _, seq := range []uint16{65534, 65535, 2, 1, 2, 4} {
		p := relayed(seq, 7000+160*uint32(seq), 5)
		p.Marker = seq == 65534
		relay.Send(p, 0)
		r.turn(nil)
	}
	sent := r.media()
	want := []uint16{0, 1, 4, 3, 4, 6}
	if len(sent) != len(want) {
		t.Fatalf("%d packets, want %d", len(sent), len(want))
	}
	for i, p := range sent {
		if p.SequenceNumber-sent[0].SequenceNumber != want[i] || p.SSRC != r.s.SSRC() || p.PayloadType != 0 || p.Marker != (i == 0) {
			t.Errorf("packet %d: %v, want sequence %d", i, p.Header, want[i])
		}
	}
	if sent[0].Timestamp != 7000+160*65534 || sent[2].Timestamp != 7000+320 {
		t.Errorf("timestamps were not kept: %d, %d", sent[0].Timestamp, sent[2].Timestamp)
	}
}

func TestRelayDoesNotMakeALossOfWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	relay := r.s.NewRelay()
	r.turn(nil)
	for seq := range uint16(10) {
		p := relayed(seq, 160*uint32(seq), 5)
		if seq >= 3 && seq < 6 {
			relay.Leave(p) // keys
			relay.Leave(p) // and one came twice
			continue
		}
		relay.Send(p, 0)
	}
	r.turn(nil)
	sent := r.media()
	if len(sent) != 7 {
		t.Fatalf("%d packets, want 7", len(sent))
	}
	for i, p := range sent[1:] {
		if p.SequenceNumber != sent[i].SequenceNumber+1 {
			t.Errorf("packet %d: sequence %d after %d", i+1, p.SequenceNumber, sent[i].SequenceNumber)
		}
	}
	if sent[3].Timestamp-sent[2].Timestamp != 4*160 {
		t.Error("the time that was left out is missing")
	}
}

func TestRelayGoesOnWhereTheSessionIsWhenTheSourceChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	relay := r.s.NewRelay()
	r.turn(nil)
	relay.Send(relayed(100, 50000, 5), 0)
	r.turn(nil)
	relay.Send(relayed(7, 9, 6), 0) // another SSRC
	r.turn(nil)
	r.turn(frame("PCMU/8000", 160)) // a frame of ours
	r.turn(frame("PCMU/8000", 160))
	relay.Pause()
	relay.Send(relayed(8000, 12345, 6), 0)
	r.turn(nil)
	sent := r.media()
	if len(sent) != 5 {
		t.Fatalf("%d packets, want 5", len(sent))
	}
	for i, p := range sent {
		if p.SequenceNumber != sent[0].SequenceNumber+uint16(i) || p.Timestamp != 50000+160*uint32(i) || p.Marker != (i != 3) {
			t.Errorf("packet %d: %v", i, p.Header)
		}
	}
}

func TestRelayTellsTimeByThePacketsThatWereNotHeldUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	relay := r.s.NewRelay()
	r.turn(nil)
	for i := range uint16(400) {
		ts := 160 * uint32(i)
		if i%4 != 0 {
			ts -= 320 // came 40 ms late
		}
		relay.Send(relayed(i, ts, 5), 0)
		r.turn(nil)
	}
	for range 20 {
		r.turn(nil)
	}
	want := uint32(160 * (400 + 20))
	at := r.s.Position()
	if d := int32(at - want); d < -40 || d > 40 {
		t.Errorf("the session's time is %d samples off", d)
	}
}

func TestRelaySendsNothingWhereNothingIsToGo(t *testing.T) {
	t.Parallel()
	c := config()
	c.Send = false
	r := newRig(t, c)
	relay := r.s.NewRelay()
	r.turn(nil)
	relay.Send(relayed(1, 1, 5), 0)
	r.s.Update(config())
	big := relayed(2, 161, 5)
	big.Payload = make([]byte, rtp.MaxPacket)
	relay.Send(big, 0)
	r.turn(nil)
	if n := len(r.media()); n != 0 {
		t.Errorf("sent %d packets", n)
	}
	r.s.Close()
	relay.Send(relayed(3, 321, 5), 0)
	r.turn(nil)
	if n := len(r.media()); n != 0 {
		t.Errorf("sent %d packets after the end", n)
	}
}

func TestRelayAllocatesNothing(t *testing.T) {
	r := newRig(t, config())
	relay := r.s.NewRelay()
	r.turn(nil)
	p := relayed(1, 1, 5)
	if n := testing.AllocsPerRun(100, func() {
		p.Sequence++
		p.Timestamp += 160
		relay.Send(p, 0)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
