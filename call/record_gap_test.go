package call_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/record"
)

// stalling is a disk that stops answering for a while.
type stalling struct {
	record.FS
	mu sync.Mutex
}

func (s *stalling) Create(name string) (record.File, error) {
	f, err := s.FS.Create(name)
	return &stalledFile{f, s}, err
}

type stalledFile struct {
	record.File
	disk *stalling
}

func (f *stalledFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.File.WriteAt(b, at)
}

func TestADiskThatStallsLeavesAGapOfItsLengthInPlace(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, err := record.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	disk := &stalling{FS: dir}
	s := newStudio(t, nil, disk)
	s.root = root
	s.runs(records(map[string]any{"file": "a.wav"}, tone400))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, 2*time.Second)
	disk.mu.Lock()
	s.talk(e, 1000, 50*time.Second)
	disk.mu.Unlock()
	eventually(t, "the end of the gap", func() bool {
		s.talk(e, 1000, 20*time.Millisecond)
		return len(s.seen("rms:record_gap")) == 3
	})
	s.talk(e, 1000, 2*time.Second)
	s.bye(c)
	got, ev := s.recorded()
	gaps := s.seen("rms:record_gap")
	if len(gaps) != 3 || gaps[0].Get("ended") != false || gaps[0].Get("side") != "both" {
		t.Fatalf("%v", gaps)
	}
	for i, hz := range []float64{1000, 400} {
		gap := gaps[1]
		if gap.Get("side") != [2]string{"caller", "callee"}[i] {
			gap = gaps[2]
		}
		at, length := gap.Get("at_ms").(int64), gap.Get("length_ms").(int64)
		if at < 5000 || at > 40000 || at+length < 51000 || at+length > 56000 || gap.Get("reason") != "disk" || gap.Get("ended") != true {
			t.Errorf("the gap is at %d ms, %d ms long: %v", at, length, gap.Fields)
		}
		from, to := int(at)*8+400, int(at+length)*8-400
		pcm := got.sides[i]
		if p := audiotest.Peak(pcm[from:to]); p > 0 {
			t.Errorf("side %d: there is sound in the gap, peak %d", i, p)
		}
		s.levels(fmt.Sprint("before, side ", i), pcm[8000:int(at)*8-800], 8000, hz)
		s.levels(fmt.Sprint("after, side ", i), pcm[to+1600:to+9600], 8000, hz)
	}
	if ev.Get("gaps").(int64) < 1 {
		t.Errorf("%v", ev.Fields)
	}
}

func TestARecordingIsContinuedInItsFile(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "append": true, "sides": "caller"}))
	for _, hz := range []float64{500, 900} {
		e := newEar(t)
		c := s.dial(e, e.offer("0"))
		eventually(t, "recording", func() bool { return len(s.seen("rms:record_start")) > len(s.seen("rms:end")) }) // no tick: it would be in the file
		s.talk(e, hz, time.Second)
		before := len(s.seen("rms:end"))
		c.Bye()
		c.Expect(200)
		eventually(t, "end", func() bool { return len(s.seen("rms:end")) > before })
	}
	got := s.listen("a.wav")
	if n := len(got.pcm); n < 15000 || n > 18000 {
		t.Fatalf("%d samples of twice a second", n)
	}
	s.levels("first", got.pcm[1000:7000], 8000, 500)
	s.levels("second", got.pcm[len(got.pcm)-7000:], 8000, 900)
}

func TestARecordingInProgressIsPlayedAsFarAsItIsInItsFile(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "sides": "caller"}))
	s.onKeys(map[string]func(x *call.Exec) error{"1": verb("play", "record:a.wav", "heard")})
	s.on("heard", func(*call.Exec) error { return nil })
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 700, 2*time.Second)
	eventually(t, "the header", func() bool {
		st, err := os.Stat(filepath.Join(s.root, "a.wav"))
		return err == nil && st.Size() > 20000 && len(s.listen("a.wav").pcm) > 10000
	})
	e.packets = nil
	press(c, "1")
	s.until("heard", func() bool { return len(s.seen("heard")) == 1 }, e)
	if ev := s.wait("heard"); ev.Get("reason") != call.ReasonDone {
		t.Errorf("%v", ev.Fields)
	}
	pitch(t, e.heard("PCMU", 8000, 0), 8000, 700)
	s.bye(c)
}

func TestTracesHideKeysFromTheFirstMaskedPauseOn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []string
	s := newStudio(t, nil, nil, func(o *call.Options) {
		o.HideKeys = func(id string, on bool) {
			mu.Lock()
			told = append(told, fmt.Sprint(id != "", on))
			mu.Unlock()
		}
	})
	s.runs(records(map[string]any{"file": "a.wav"}, verb("record_pause"), verb("record_resume"), verb("record_pause")))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_resume")
	s.bye(c)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s.calls.Drain(ctx, "", time.Second)
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(told) != "[true true true false]" {
		t.Error(told)
	}
}
