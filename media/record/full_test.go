package record_test

import (
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
)

// TestAFullDiskLeavesTheFileRight fills the disk in the middle, and makes room later.
func TestAFullDiskLeavesTheFileRight(t *testing.T) {
	t.Parallel()
	for _, kind := range []record.Sides{record.Stereo, record.Mixed, record.Callee} {
		d := newDisk()
		now := time.Now()
		s := open(t, record.Options{FS: d, Now: func() time.Time { return now }})
		r, e := start(t, s, record.Spec{File: "x.wav", Sides: kind})
		step := 200 * time.Millisecond
		for at := time.Duration(0); at < 10*time.Second; at += step {
			switch at {
			case 2 * time.Second:
				d.fill(1001)
			case 6 * time.Second:
				d.fill(-1)
			}
			feed(r, at, at+step, 8000)
			now = now.Add(step)
			s.TurnAll()
			s.SyncAll()
			b, _ := d.ReadFile("x.wav")
			decode(t, b)
		}
		r.Stop(10*time.Second, "")
		result := e.end(t)
		gaps, errs := e.seen()
		if len(errs) != 1 || result.Err == nil || result.Sidecar.State != ledger.Failed || result.Duration != 10*time.Second {
			t.Errorf("%d errors, %+v", len(errs), result)
		}
		if len(gaps) != 2 || gaps[0].Length != 0 || gaps[1].At != gaps[0].At || len(result.Sidecar.Gaps) != 1 {
			t.Fatalf("gaps %+v", gaps)
		}
		want := expected(kind, 80000, 8000)
		channels := int64(kind.Channels())
		clear(want[gaps[1].At*channels : (gaps[1].At+gaps[1].Length)*channels])
		b, _ := d.ReadFile("x.wav")
		_, pcm := decode(t, b)
		same(t, kind.String(), pcm, want)
		if seconds := gaps[1].Length / 8000; seconds < 3 || seconds > 5 {
			t.Errorf("%d samples are lost", gaps[1].Length)
		}
	}
}

// TestADiskThatStaysFullEndsTheFileWhereItFailed never makes room.
func TestADiskThatStaysFullEndsTheFileWhereItFailed(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	s.TurnAll()
	d.fill(0)
	feed(r, time.Second, 3*time.Second, 8000)
	s.TurnAll()
	r.Stop(3*time.Second, "hangup")
	result := e.end(t)
	b, _ := d.ReadFile("x.wav")
	_, pcm := decode(t, b)
	same(t, "file", pcm, expected(record.Stereo, 7200, 8000))
	if result.Err == nil || result.Reason != "hangup" || result.Duration != 900*time.Millisecond {
		t.Errorf("%+v", result)
	}
}

// TestRunningRecordingsEndWhenRoomIsShort is the rule of the least free space.
func TestRunningRecordingsEndWhenRoomIsShort(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d, MinFree: 1 << 20})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	s.TurnAll()
	d.fill(1<<20 - 1)
	s.Look()
	s.TurnAll()
	if result := e.end(t); result.Reason != "disk" || result.Err != nil || result.Duration != 900*time.Millisecond {
		t.Errorf("%+v", result)
	}
	if _, err := s.Start(record.Spec{}); err == nil {
		t.Error("another one starts")
	}
	_ = r
}

func TestAFileThatCouldNotBeBegunLeavesItsName(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	d.fill(0)
	_, e := start(t, s, record.Spec{File: "x.wav"})
	if result := e.end(t); result.Err == nil {
		t.Error("begun on a full disk")
	}
	d.fill(-1)
	r, e := start(t, s, record.Spec{File: "x.wav"})
	r.Stop(0, "")
	if result := e.end(t); result.Err != nil {
		t.Error(result.Err)
	}
}
