package rtp_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"rms/media"
	"rms/rtp"
)

// markRig is a rig that notes what AfterSent said, and in which tick.
type markRig struct {
	*rig
	marks []*markNote
	turns int
}

type markNote struct {
	ts       uint32
	called   int
	turn     int
	sequence uint16
	sent     bool
}

func newMarkRig(t *testing.T, c rtp.Config, change ...func(*rig)) *markRig {
	return &markRig{rig: newRig(t, c, change...)}
}

func (r *markRig) mark(ts uint32) *markNote {
	n := &markNote{ts: ts}
	r.marks = append(r.marks, n)
	if err := r.s.AfterSent(ts, func(sequence uint16, sent bool) {
		n.called++
		n.turn, n.sequence, n.sent = r.turns, sequence, sent
	}); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *markRig) step(f *media.Frame) {
	r.turn(f)
	r.turns++
}

// holder returns the packet with a sample, nil without one.
func (r *markRig) holder(ts uint32, bytesPerUnit int) *rtpPacket {
	sent := r.media()
	for i := range sent {
		if p := &sent[i]; p.PayloadType != 101 && ts-p.Timestamp < uint32(len(p.Payload)/bytesPerUnit) {
			return p
		}
	}
	return nil
}

func (r *markRig) want(n *markNote, sent bool, what string) {
	r.t.Helper()
	if n.called != 1 || n.sent != sent {
		r.t.Errorf("%s: called %d times, sent %v, want once, %v", what, n.called, n.sent, sent)
	}
}

func TestMarkNamesThePacketWithTheSampleBefore(t *testing.T) {
	t.Parallel()
	for _, codec := range []media.Codec{pcmu, l16} {
		for _, ptime := range []int{10, 20, 30, 40, 50, 60} {
			for _, tick := range []int{10, 20} {
				t.Run(fmt.Sprintf("%s, ptime %d, tick %d", codec.Name, ptime, tick), func(t *testing.T) {
					t.Parallel()
					c := config()
					c.Codec, c.Ptime = codec, time.Duration(ptime)*time.Millisecond
					r := newMarkRig(t, c, ticks(time.Duration(tick)*time.Millisecond))
					dice := rand.New(rand.NewPCG(uint64(ptime), uint64(tick)))
					units, size := tick*codec.ClockRate/1000, codec.Bits/8
					r.step(frame(codec.Encoding(), units*size))
					spoken := map[uint32]bool{} // by first sample of the tick
					for range 400 {
						at := r.s.Position()
						r.mark(at + uint32(dice.IntN(units)) + 1)
						if dice.IntN(3) == 0 {
							r.mark(at)
						}
						if spoken[at] = dice.IntN(10) > 0; spoken[at] {
							r.step(frame(codec.Encoding(), units*size))
						} else {
							r.step(nil)
						}
					}
					r.step(nil)
					checkMarks(t, r, spoken, uint32(units), size)
				})
			}
		}
	}
}

// checkMarks wants each mark with a sample of audio to name its packet in the tick in
// which that was sent, and those of silence the packet before.
func checkMarks(t *testing.T, r *markRig, spoken map[uint32]bool, units uint32, size int) {
	t.Helper()
	sent := r.media()
	for i, n := range r.marks {
		r.want(n, true, fmt.Sprint("mark ", i))
		if p := r.holder(n.ts-1, size); p != nil {
			if p.SequenceNumber != n.sequence {
				t.Errorf("mark %d at %d: packet %d, want %d", i, n.ts, n.sequence, p.SequenceNumber)
			}
			continue
		}
		for first, audio := range spoken {
			if audio && n.ts-1-first < units {
				t.Errorf("mark %d: its audio was not sent", i)
			}
		}
		p := sent[n.sequence-sent[0].SequenceNumber]
		if int32(p.Timestamp-n.ts) >= 0 {
			t.Errorf("mark %d at %d: packet %d begins at %d", i, n.ts, n.sequence, p.Timestamp)
		}
	}
}

func TestMarkIsCalledInTheTickOfItsPacket(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 40 * time.Millisecond
	r := newMarkRig(t, c)
	a := r.mark(r.s.Position() + 100)
	r.step(frame("PCMU/8000", 160))
	if a.called != 0 {
		t.Error("called before the packet is full")
	}
	b := r.mark(r.s.Position() + 160)
	r.step(frame("PCMU/8000", 160))
	d := r.mark(r.s.Position()) // was sent: at once
	for i, n := range []*markNote{a, b, d} {
		r.want(n, true, fmt.Sprint("mark ", i))
	}
	if a.turn != 1 || b.turn != 1 || a.sequence != d.sequence || len(r.media()) != 1 || r.media()[0].SequenceNumber != a.sequence {
		t.Errorf("%+v, %+v, %+v", a, b, d)
	}
}

func TestMarkWhoseAudioGoesNowhereIsNotSent(t *testing.T) {
	t.Parallel()
	held, nowhere := config(), config()
	held.Send = false
	nowhere.Remote = rtp.Config{}.Remote
	for name, c := range map[string]rtp.Config{"hold": held, "no remote": nowhere} {
		r := newMarkRig(t, c)
		n := r.mark(r.s.Position() + 160)
		r.step(frame("PCMU/8000", 160))
		r.want(n, false, name)
	}
	r := newMarkRig(t, config())
	never := r.mark(r.s.Position())
	r.want(never, false, "before the first packet")
	n := r.mark(r.s.Position() + 1)
	r.step(frame("PCMA/8000", 160))
	r.want(n, false, "another codec")
}

func TestMarkInsideAPacketThatHoldCutsOff(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 60 * time.Millisecond
	r := newMarkRig(t, c)
	n := r.mark(r.s.Position() + 80)
	r.step(frame("PCMU/8000", 160))
	c.Send = false
	r.s.Update(c)
	r.step(frame("PCMU/8000", 160))
	r.want(n, false, "on hold")
	c.Send = true
	r.s.Update(c)
	c.Ptime = 20 * time.Millisecond
	r.s.Update(c)
	n = r.mark(r.s.Position() + 80)
	r.step(frame("PCMU/8000", 160))
	r.want(n, true, "after it")
}

func TestMarkWhileAKeyIsSent(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 40 * time.Millisecond
	r := newMarkRig(t, c)
	before := r.mark(r.s.Position() + 160)
	r.step(frame("PCMU/8000", 160))
	if err := r.s.SendDigits("5", 100*time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	during := r.mark(r.s.Position() + 160)
	r.step(frame("PCMU/8000", 160)) // what waited leaves as a short packet
	r.want(before, true, "before the key")
	r.want(during, false, "in its place")
	if p := r.holder(before.ts-1, 1); p == nil || p.SequenceNumber != before.sequence {
		t.Errorf("packet %d, want %+v", before.sequence, p)
	}
	for range 20 {
		r.step(nil)
	}
	after := r.mark(r.s.Position() + 320)
	r.step(frame("PCMU/8000", 160))
	r.step(frame("PCMU/8000", 160))
	r.want(after, true, "after it")
}

func TestMarkFollowsSkippedTicks(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	r.step(frame("PCMU/8000", 160))
	ahead := r.mark(r.s.Position() + 300) // two ticks on
	r.step(frame("PCMU/8000", 160))
	r.sender.(media.Skipper).Skip(3)
	r.step(frame("PCMU/8000", 160))
	r.want(ahead, true, "after a skip")
	if sent := r.media(); sent[2].SequenceNumber != ahead.sequence || ahead.turn != 2 {
		t.Errorf("%+v, want packet %d", ahead, sent[2].SequenceNumber)
	}
}

func TestMarkFollowsAnotherClockRate(t *testing.T) {
	t.Parallel()
	c := config()
	r := newMarkRig(t, c)
	r.step(frame("PCMU/8000", 160))
	n := r.mark(r.s.Position() + 240) // in the middle of the tick after the next
	r.step(frame("PCMU/8000", 160))
	c.Codec, c.PayloadType = l16, 96
	r.s.Update(c)
	r.step(frame("L16/16000", 640))
	r.want(n, true, "a codec of another rate")
	if sent := r.media(); n.turn != 2 || sent[2].SequenceNumber != n.sequence {
		t.Errorf("%+v", n)
	}
}

func TestMarkInAudioOfAnOldCodecThatWaits(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 60 * time.Millisecond
	r := newMarkRig(t, c)
	n := r.mark(r.s.Position() + 80)
	r.step(frame("PCMU/8000", 160))
	c.Codec, c.PayloadType = pcma, 8
	r.s.Update(c)
	r.want(n, false, "a packet that was never full")
	for range 3 {
		r.step(frame("PCMA/8000", 160))
	}
	if len(r.media()) != 1 {
		t.Errorf("%d packets", len(r.media()))
	}
}

func TestMarksAreBounded(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	for range rtp.MaxMarks {
		r.mark(r.s.Position() + 1)
	}
	if err := r.s.AfterSent(r.s.Position(), func(uint16, bool) {}); !errors.Is(err, rtp.ErrMarks) {
		t.Errorf("mark %d: %v", rtp.MaxMarks+1, err)
	}
	r.step(frame("PCMU/8000", 160))
	for i, n := range r.marks {
		r.want(n, true, fmt.Sprint("mark ", i))
	}
	n := r.mark(r.s.Position() + 1)
	r.s.Close()
	if n.called != 0 {
		t.Error("called at Close")
	}
}

func TestMarkMaySetTheNext(t *testing.T) {
	t.Parallel()
	r := newMarkRig(t, config())
	calls := 0
	var again func(uint16, bool)
	again = func(uint16, bool) {
		if calls++; calls < 200 {
			_ = r.s.AfterSent(r.s.Position()+uint32(calls%2)*160, again)
		}
	}
	_ = r.s.AfterSent(r.s.Position()+1, again)
	for range 200 {
		r.step(frame("PCMU/8000", 160))
	}
	if calls != 200 {
		t.Errorf("%d calls", calls)
	}
}

func BenchmarkTickSendWithMark(b *testing.B) {
	r := newRig(b, config())
	r.wire.mute = true
	out := frame("PCMU/8000", 160)
	call := func(uint16, bool) {}
	b.ReportAllocs()
	for b.Loop() {
		_ = r.s.AfterSent(r.s.Position()+100, call)
		r.turn(out)
	}
}
