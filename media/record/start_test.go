package record_test

import (
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/timeline"
)

// later feeds a caller whose first packet comes so much behind the recording's start,
// without the packets that lost names.
func later(t *testing.T, s *record.Store, r *record.Recording, first time.Duration, lost ...int) {
	t.Helper()
	r.Line(0, false, 0)
	r.SetCodec(0, 0, pcmu(t))
	r.Anchor(0, 5000, first)
	for n := range 150 {
		gone := false
		for _, k := range lost {
			gone = gone || k == n
		}
		if at := first + time.Duration(n)*tick; !gone {
			r.Packet(0, sides[0].packet(n, at))
			r.Tick(at + tick)
		}
	}
	s.TurnAll()
}

func TestAMomentOfSilenceBeforeTheFirstPacketIsNoGap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first time.Duration
		lost  []int
		want  []string
	}{
		{20 * time.Millisecond, nil, nil},
		{240 * time.Millisecond, nil, nil},
		{300 * time.Millisecond, nil, []string{timeline.Silent}},
		{20 * time.Millisecond, []int{3}, []string{timeline.Loss}},
	} {
		s := open(t, record.Options{})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller})
		later(t, s, r, c.first, c.lost...)
		r.Stop(3*time.Second, "")
		gaps := d.end(t).Sidecar.Gaps
		ok := len(gaps) == len(c.want)
		for i := range gaps {
			ok = ok && gaps[i].Reason == c.want[i]
		}
		if !ok {
			t.Errorf("first packet at %v, lost %v: %+v, want %v", c.first, c.lost, gaps, c.want)
		}
	}
}

func TestAGapIsInTheSidecarOfARunningRecordingWithinSeconds(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	r, _ := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller})
	r.SidecarIs(0)
	later(t, s, r, 0, 5, 6)
	told := func() []ledger.Gap {
		text, _ := d.ReadFile("x.wav.json")
		sc, err := ledger.ParseSidecar(text)
		if err != nil {
			t.Fatal(err)
		}
		return sc.Gaps
	}
	if gaps := told(); len(gaps) != 0 {
		t.Fatalf("written too often: %+v", gaps)
	}
	r.SidecarIs(5 * time.Second)
	s.TurnAll()
	if gaps := told(); len(gaps) != 1 || gaps[0].Reason != timeline.Loss || gaps[0].Packets != 2 {
		t.Errorf("%+v", gaps)
	}
}
