package record_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/wav"
)

// talk gives the caller sound or silence for a while.
func talk(r *record.Recording, from, to time.Duration, loud bool) {
	for at := from; at < to; at += tick {
		pcm := make([]int16, 160)
		if loud {
			pcm = tone(int(at*8000/time.Second), 160, 440, 8000)
		}
		r.PCM(0, at, pcm, 8000)
		r.Tick(at + tick)
	}
}

func TestLimitsEndARecordingAtTheSample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, reason string
		spec         record.Spec
		samples      int
	}{
		{"max", "max", record.Spec{Max: 1503 * time.Millisecond}, 12024},
		{"size", "size", record.Spec{MaxBytes: 20_000}, 10_000},
		{"size of a stereo file", "size", record.Spec{MaxBytes: 20_001, Sides: record.Stereo}, 5000},
	} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		if c.spec.Sides == record.Stereo && c.spec.Max > 0 || c.name == "size" {
			c.spec.Sides = record.Caller
		}
		c.spec.File = "x.wav"
		r, d := start(t, s, c.spec)
		feed(r, 0, 3*time.Second, 8000)
		s.TurnAll()
		result := d.end(t)
		_, pcm := read(t, root, "x.wav")
		if n := len(pcm) / c.spec.Sides.Channels(); n != c.samples || result.Reason != c.reason {
			t.Errorf("%s: %d samples, want %d, reason %q", c.name, n, c.samples, result.Reason)
		}
	}
}

func TestSilenceEndsARecording(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller, Silence: time.Second})
	talk(r, 0, time.Second, true)
	s.TurnAll()
	talk(r, time.Second, 1900*time.Millisecond, false)
	s.TurnAll()
	if r.State() != record.Running {
		t.Fatal("it ended too early")
	}
	talk(r, 1900*time.Millisecond, 2*time.Second, true)
	talk(r, 2*time.Second, 4*time.Second, false)
	s.TurnAll()
	if result := d.end(t); result.Reason != "silence" || result.Duration != 3*time.Second {
		t.Errorf("result %+v", result)
	}
}

func TestSilenceOfAPauseDoesNotCount(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	r, d := start(t, s, record.Spec{Sides: record.Caller, Silence: time.Second})
	r.Pause(0)
	talk(r, 0, 5*time.Second, false)
	s.TurnAll()
	if r.State() != record.Paused {
		t.Error("a pause ended it")
	}
	r.Resume(5 * time.Second)
	talk(r, 5*time.Second, 5800*time.Millisecond, false)
	s.TurnAll()
	if r.State() != record.Running {
		t.Error("it ended too early")
	}
	talk(r, 5800*time.Millisecond, 6200*time.Millisecond, false)
	s.TurnAll()
	if result := d.end(t); result.Reason != "silence" || result.Duration != 6*time.Second {
		t.Errorf("result %+v", result)
	}
}

func TestTrimCutsSilenceOffBothEnds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller, Trim: true})
	talk(r, 0, 3*time.Second, false)
	s.TurnAll()
	s.SyncAll()
	talk(r, 3*time.Second, 3100*time.Millisecond, false)
	talk(r, 3100*time.Millisecond, 4*time.Second, true)
	r.Mark(3900*time.Millisecond, "here")
	s.TurnAll()
	talk(r, 4*time.Second, 7*time.Second, false)
	s.TurnAll()
	r.Stop(7*time.Second, "")
	result := d.end(t)
	_, pcm := read(t, root, "x.wav")
	want := append(append(make([]int16, 1600), tone(24800, 7200, 440, 8000)...), make([]int16, 1600)...)
	same(t, "trimmed", pcm, want)
	if m := result.Sidecar.Marks; len(m) != 1 || m[0].AtMS != 1000 {
		t.Errorf("marks %+v", m)
	}
	if result.Sidecar.Samples != 10400 {
		t.Errorf("samples %d", result.Sidecar.Samples)
	}
}

func TestTrimLeavesNoGapBeforeTheFile(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller, Trim: true})
	talk(r, 0, time.Second, false)
	talk(r, 2*time.Second, 3*time.Second, false)
	s.TurnAll()
	talk(r, 3*time.Second, 4*time.Second, true)
	s.TurnAll()
	r.Stop(4*time.Second, "")
	if gaps := d.end(t).Sidecar.Gaps; len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
}

func TestALongListOfGapsIsNotWrittenEachMinute(t *testing.T) {
	t.Parallel()
	if few, many := record.NewsAfter(101), record.NewsAfter(20000); few > time.Minute || many < 30*time.Minute || many > time.Hour {
		t.Errorf("%v, %v", few, many)
	}
}

func TestTrimOfSilenceLeavesAnEmptyFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller, Trim: true})
	talk(r, 0, 3*time.Second, false)
	s.TurnAll()
	r.Stop(3*time.Second, "")
	if result := d.end(t); result.Bytes != wav.HeaderSize || result.Err != nil {
		t.Errorf("result %+v", result)
	}
}

func TestAppendGoesOnAtTheEnd(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	spec := record.Spec{File: "x.wav", Encoding: wav.Mulaw, Sides: record.Caller, Append: true}
	for n := range 3 {
		r, d := start(t, s, spec)
		talk(r, 0, 1001*time.Millisecond, true) // to 1.02 s
		r.Mark(time.Second, "n")
		r.Stop(1001*time.Millisecond, "")
		result := d.end(t)
		if result.Err != nil || result.Sidecar.Samples != int64(8008*(n+1)) || len(result.Sidecar.Marks) != n+1 {
			t.Fatalf("part %d: %+v", n, result)
		}
		if m := result.Sidecar.Marks[n]; m.AtMS != float64(1001*n+1000) {
			t.Errorf("mark %+v", m)
		}
	}
	_, pcm := read(t, root, "x.wav")
	if len(pcm) != 3*8008 {
		t.Errorf("%d samples", len(pcm))
	}
	for _, other := range []record.Spec{
		{File: "x.wav", Append: true, Sides: record.Caller}, {File: "x.wav", Append: true, Encoding: wav.Mulaw},
		{File: "x.wav", Append: true, Encoding: wav.Mulaw, Sides: record.Caller, Rate: 16000},
	} {
		_, d := start(t, s, other)
		if d.end(t).Err == nil {
			t.Errorf("%+v is appended", other)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "short.wav"), []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, d := start(t, s, record.Spec{File: "short.wav", Append: true})
	if d.end(t).Err == nil {
		t.Error("half a header is appended to")
	}
}

func TestOver4GiBTheFileIsRF64(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 4 GiB")
	}
	t.Parallel()
	root := memory(t) // where holes cost nothing
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav"})
	r.Stop(0, "")
	d.end(t)
	name := filepath.Join(root, "x.wav")
	const data = 1<<32 - 1<<20
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	head := make([]byte, wav.HeaderSize)
	_, _ = f.ReadAt(head, 0)
	shape, e, _, err := wav.ParseHeader(head)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteAt(wav.AppendHeader(nil, shape, e, data), 0)
	_ = f.Truncate(wav.HeaderSize + data)
	_ = f.Close()
	r, d = start(t, s, record.Spec{File: "x.wav", Append: true})
	for at := time.Duration(0); at < time.Minute; at += time.Second {
		feed(r, at, at+time.Second, 8000)
		s.TurnAll()
		s.SyncAll()
	}
	r.Stop(time.Minute, "")
	result := d.end(t)
	if result.Err != nil || result.Bytes != wav.HeaderSize+data+60*32000 {
		t.Fatalf("result %+v", result)
	}
	if f, err = os.Open(name); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := wav.Open(f, result.Bytes)
	if err != nil || in.Info().Frames != (data+60*32000)/4 {
		t.Errorf("read back: %+v, %v", in.Info(), err)
	}
	if _, _ = f.ReadAt(head, 0); string(head[:4]) != "RF64" {
		t.Errorf("the file begins with %q", head[:4])
	}
	last := make([]byte, 4)
	_, _ = f.ReadAt(last, result.Bytes-4)
	want := tone(479999, 1, 440, 8000)[0]
	if got := int16(uint16(last[0]) | uint16(last[1])<<8); got != want {
		t.Errorf("the last sample is %d, want %d", got, want)
	}
	for _, reader := range readers {
		if reader.name == "sox" {
			continue // reads all of an RF64 file to tell its length
		}
		if n, ok := reader.frames(t, name); ok && n != (data+60*32000)/4 {
			t.Errorf("%s sees %d samples", reader.name, n)
		}
	}
}
