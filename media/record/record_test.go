package record_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/wav"
)

func TestBothSidesAreInTheFileSampleForSample(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{Call: "c1", File: "a/b.wav"})
	for at := time.Duration(0); at < 3*time.Second; at += 200 * time.Millisecond {
		feed(r, at, at+200*time.Millisecond, 8000)
		s.TurnAll()
	}
	r.Mark(time.Second, "consent")
	r.Stop(3*time.Second, "hangup")
	result := d.end(t)
	if result.Err != nil || result.Reason != "hangup" || result.Duration != 3*time.Second || result.File != "a/b.wav" {
		t.Errorf("result: %+v", result)
	}
	format, pcm := read(t, root, "a/b.wav")
	if format.Rate != 8000 || format.Channels != 2 {
		t.Errorf("format %v", format)
	}
	same(t, "caller", channel(pcm, 0), tone(0, 24000, 440, 8000))
	same(t, "callee", channel(pcm, 1), tone(0, 24000, 1000, 8000))
	b, _ := os.ReadFile(filepath.Join(root, "a", "b.wav"))
	if sum := sha256.Sum256(b); result.SHA256 != hex.EncodeToString(sum[:]) || result.Bytes != int64(len(b)) {
		t.Errorf("hash %s of %d bytes does not fit the file", result.SHA256, result.Bytes)
	}
	sc := result.Sidecar
	if sc.State != ledger.Complete || sc.Samples != 24000 || len(sc.Sides) != 2 || len(sc.Marks) != 1 || sc.Marks[0].AtMS != 1000 || sc.Call != "c1" {
		t.Errorf("sidecar: %+v", sc)
	}
	text, err := os.ReadFile(filepath.Join(root, "a", "b.wav.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ParseSidecar(text); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Join(root, ".rms", "open")); len(left) != 0 {
		t.Errorf("%d markers are left", len(left))
	}
}

func TestSidesRatesAndEncodings(t *testing.T) {
	t.Parallel()
	for _, sides := range []record.Sides{record.Caller, record.Callee, record.Mixed, record.Stereo} {
		for _, e := range []wav.Encoding{wav.PCM, wav.Mulaw, wav.Alaw} {
			for _, rate := range []int{8000, 16000} {
				t.Run(sides.String()+"/"+e.String(), func(t *testing.T) {
					t.Parallel()
					root := t.TempDir()
					s := open(t, record.Options{Root: root})
					r, d := start(t, s, record.Spec{File: "x.wav", Sides: sides, Encoding: e, Rate: rate})
					for at := time.Duration(0); at < time.Second; at += 200 * time.Millisecond {
						feed(r, at, at+200*time.Millisecond, rate)
						s.TurnAll()
					}
					r.Stop(990*time.Millisecond, "")
					d.end(t)
					_, pcm := read(t, root, "x.wav")
					n := rate * 99 / 100
					want := expected(sides, n, rate)
					if len(pcm) != len(want) {
						t.Fatalf("%d samples, want %d", len(pcm), len(want))
					}
					for i := range pcm {
						if diff := int(pcm[i]) - int(want[i]); diff > slack(e) || diff < -slack(e) {
							t.Fatalf("sample %d is %d, want %d", i, pcm[i], want[i])
						}
					}
				})
			}
		}
	}
}

func slack(e wav.Encoding) int {
	if e == wav.PCM {
		return 0
	}
	return 520 // half a step of the top segment
}

func expected(sides record.Sides, n, rate int) []int16 {
	a, b := tone(0, n, 440, rate), tone(0, n, 1000, rate)
	switch sides {
	case record.Caller:
		return a
	case record.Callee:
		return b
	case record.Mixed:
		for i := range a {
			a[i] += b[i]
		}
		return a
	}
	var both []int16
	for i := range a {
		both = append(both, a[i], b[i])
	}
	return both
}

func TestPCMOfAnotherRateIsInTune(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Sides: record.Caller, Rate: 8000})
	feed(r, 0, 2*time.Second, 48000)
	r.Stop(2*time.Second, "")
	d.end(t)
	_, pcm := read(t, root, "x.wav")
	want := tone(0, 16000, 440, 8000)
	if len(pcm) != len(want) {
		t.Fatalf("%d samples", len(pcm))
	}
	for i := 200; i < len(pcm)-200; i++ {
		if diff := int(pcm[i]) - int(want[i]); diff > 60 || diff < -60 {
			t.Fatalf("sample %d is %d, want %d", i, pcm[i], want[i])
		}
	}
}

func TestFeedingDoesNotAllocate(t *testing.T) {
	s := open(t, record.Options{})
	r, d := start(t, s, record.Spec{})
	pcm := tone(0, 160, 440, 8000)
	at := time.Duration(0)
	n := testing.AllocsPerRun(200, func() {
		r.PCM(0, at, pcm, 8000)
		r.Anchor(1, 5, at)
		r.Tick(at)
		at += tick
	})
	if n > 0.2 { // a block of the pool now and then
		t.Errorf("%v allocations a frame", n)
	}
	r.Stop(at, "")
	d.end(t)
	if used := s.Stats().Waiting; used != 0 {
		t.Errorf("%d bytes of blocks are not given back", used)
	}
}

func TestFollowersSeeTheFileGrow(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	r, d := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	grown := make(chan error, 1)
	size := r.Size()
	go func() { grown <- r.Follow(t.Context(), size) }()
	s.TurnAll()
	s.SyncAll()
	if err := <-grown; err != nil || r.Size() <= size {
		t.Fatalf("size %d: %v", r.Size(), err)
	}
	b := make([]byte, r.Size())
	if _, err := r.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	_, pcm := decode(t, b)
	same(t, "what is there so far", channel(pcm, 0), tone(0, len(pcm)/2, 440, 8000))
	if len(pcm)/2 != 7200 {
		t.Errorf("%d samples", len(pcm)/2)
	}
	go func() { grown <- r.Follow(t.Context(), 1<<40) }()
	r.Stop(time.Second, "")
	d.end(t)
	if err := <-grown; err == nil {
		t.Error("a follower does not learn that it is over")
	}
	if _, err := r.ReadAt(b, 0); err == nil {
		t.Error("a closed file is read")
	}
}

func TestFindAndLive(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	r, d := start(t, s, record.Spec{ID: "one", File: "x.wav"})
	if f, ok := s.Find("one"); !ok || f != r {
		t.Error("not found by its ID")
	}
	if f, ok := s.Find("x.wav"); !ok || f != r {
		t.Error("not found by its file")
	}
	if _, err := s.Start(record.Spec{ID: "one"}); err == nil {
		t.Error("an ID is used twice")
	}
	r.Stop(0, "")
	d.end(t)
	wait(t, "the recording to be forgotten", func() bool { return len(s.Live()) == 0 })
}
