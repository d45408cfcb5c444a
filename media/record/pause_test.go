package record_test

import (
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
)

func TestPauseLeavesOutEachSampleOfIt(t *testing.T) {
	t.Parallel()
	for _, sides := range []record.Sides{record.Stereo, record.Mixed, record.Caller} {
		for _, early := range []bool{false, true} { // true: the audio was in the file when the pause was told
			root := t.TempDir()
			s := open(t, record.Options{Root: root})
			r, d := start(t, s, record.Spec{File: "x.wav", Sides: sides})
			from, to := 1001*time.Millisecond, 1777*time.Millisecond
			if early {
				feed(r, 0, 1500*time.Millisecond, 8000)
				s.TurnAll()
			} else {
				feed(r, 0, 1100*time.Millisecond, 8000)
			}
			r.PauseMasked(from)
			if r.State() != record.Paused {
				t.Errorf("state %v", r.State())
			}
			if early {
				feed(r, 1500*time.Millisecond, 1800*time.Millisecond, 8000)
			} else {
				feed(r, 1100*time.Millisecond, 1800*time.Millisecond, 8000)
			}
			r.Resume(to)
			feed(r, 1800*time.Millisecond, 3*time.Second, 8000)
			r.Stop(3*time.Second, "")
			result := d.end(t)
			_, pcm := read(t, root, "x.wav")
			want := expected(sides, 24000, 8000)
			channels := sides.Channels()
			clear(want[8008*channels : 14216*channels])
			same(t, sides.String(), pcm, want)
			p := result.Sidecar.Pauses
			if len(p) != 1 || p[0].AtMS != 1001 || p[0].LengthMS != 776 || !p[0].Masked {
				t.Errorf("pauses %+v", p)
			}
		}
	}
}

// opener resumes in the moment in which the file is there.
type opener struct{ *diary }

func (o opener) Started(r *record.Recording) {
	r.Resume(200 * time.Millisecond)
	o.diary.Started(r)
}

func TestAPauseFromBeforeTheFileIsOpenEndsWhenItIs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	hold := make(chan struct{})
	s := open(t, record.Options{Open: func() (record.FS, *ledger.Ledger, error) {
		<-hold
		dir, err := record.OpenDir(root)
		return dir, nil, err
	}})
	d := &diary{stopped: make(chan struct{})}
	r, err := s.Start(record.Spec{File: "x.wav", Events: opener{d}})
	if err != nil {
		t.Fatal(err)
	}
	r.Pause(100 * time.Millisecond)
	close(hold)
	wait(t, "the file to be open", d.begun)
	feed(r, 0, time.Second, 8000)
	r.Stop(time.Second, "")
	result := d.end(t)
	if p := result.Sidecar.Pauses; len(p) != 1 || p[0].AtMS != 100 || p[0].LengthMS != 100 {
		t.Errorf("pauses %+v", p)
	}
	_, pcm := read(t, root, "x.wav")
	want := expected(record.Stereo, 8000, 8000)
	clear(want[2*800 : 2*1600])
	same(t, "a pause of 100 ms", pcm, want)
}

func TestPausesCanHaveATone(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Fill: record.Tone})
	feed(r, 0, time.Second, 8000)
	r.Pause(500 * time.Millisecond)
	r.Stop(time.Second, "")
	d.end(t)
	_, pcm := read(t, root, "x.wav")
	same(t, "before", channel(pcm, 0)[:4000], tone(0, 4000, 440, 8000))
	loud := 0
	for _, v := range pcm[8000:] {
		if v > 1100 || v < -1100 {
			t.Fatalf("%d is in the pause", v)
		}
		if v > 500 {
			loud++
		}
	}
	if loud < 1000 {
		t.Errorf("no tone: %d", loud)
	}
}

func TestStopIsExactWhenItComesLate(t *testing.T) {
	t.Parallel()
	for _, sides := range []record.Sides{record.Stereo, record.Mixed} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: sides})
		feed(r, 0, 2*time.Second, 8000)
		s.TurnAll()
		s.SyncAll()
		r.Stop(1234*time.Millisecond, "digit")
		if result := d.end(t); result.Duration != 1234*time.Millisecond || result.Reason != "digit" {
			t.Errorf("result %+v", result)
		}
		_, pcm := read(t, root, "x.wav")
		same(t, sides.String(), pcm, expected(sides, 9872, 8000))
	}
}

func TestAPauseThatACrashCutsShortIsInTheSidecar(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	r.PauseMasked(time.Second)
	r.SaveSidecar()
	s.TurnAll() // the pause is behind what is in the file
	text, _ := d.ReadFile("x.wav.json")
	sc, err := ledger.ParseSidecar(text)
	if err != nil || len(sc.Pauses) != 1 || sc.Pauses[0] != (ledger.Pause{AtMS: 1000, Masked: true, Lasts: true}) {
		t.Fatalf("%v, %s", err, text)
	}
	feed(r, time.Second, 3*time.Second, 8000)
	s.TurnAll()
	s.SyncAll()
	var after []record.Repaired
	if err := open(t, record.Options{FS: d}).Repair(func(r record.Repaired) { after = append(after, r) }); err != nil {
		t.Fatal(err)
	}
	if p := after[0].Sidecar.Pauses; len(p) != 1 || p[0] != (ledger.Pause{AtMS: 1000, LengthMS: 1900, Masked: true}) {
		t.Errorf("%+v", p)
	}
	r.Stop(3*time.Second, "")
	if p := e.end(t).Sidecar.Pauses; len(p) != 1 || p[0].LengthMS != 2000 || p[0].Lasts {
		t.Errorf("%+v", p)
	}
}

func TestAPauseThatComesBeforeTheEndOfTheLastGoesOnWithIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	r.Pause(100 * time.Millisecond)
	r.Resume(500 * time.Millisecond) // and this was told at 300 ms
	r.Pause(350 * time.Millisecond)
	r.Resume(700 * time.Millisecond)
	r.Stop(time.Second, "")
	if p := d.end(t).Sidecar.Pauses; len(p) != 2 || p[0].AtMS+p[0].LengthMS != 500 || p[1].AtMS != 500 || p[1].LengthMS != 200 {
		t.Errorf("%+v", p)
	}
	_, pcm := read(t, root, "x.wav")
	want := expected(record.Stereo, 8000, 8000)
	clear(want[2*800 : 2*5600])
	same(t, "two pauses", pcm, want)
}
