package ledger_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
)

func TestATombstonedFileIsInOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3)
	s.must(os.WriteFile(s.path("a/rec-1.wav.tail"), []byte("x"), 0o640))
	s.must(s.l.Tombstone("a/rec-1.wav", "ann", "erasure asked for"))
	if r := s.inOrder(); r.Removed != 1 || r.Files != 2 || r.Others != 0 {
		t.Errorf("%+v", r)
	}
	if err := s.l.Tombstone("a/rec-1.wav", "ann", "again"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
	s.record("a/rec-1.wav") // the name may come again
	if r := s.inOrder(); r.Removed != 0 || r.Files != 3 {
		t.Errorf("after the name came again: %+v", r)
	}
}

func TestLegalHoldBeatsRetention(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]ledger.Policy{"age": {Age: time.Hour}, "size": {Bytes: 1}, "both": {Age: time.Hour, Bytes: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 4)
			s.must(s.l.Hold("a/rec-2.wav", "ann", "case 17"))
			s.reopen() // holds are in the chain, not in memory
			// Who takes the hold out of the sidecar does not take it out of the chain.
			sc, err := ledger.ReadSidecar(s.root, "a/rec-2.wav")
			s.must(err)
			if sc.Hold == nil || sc.Hold.By != "ann" {
				t.Errorf("the sidecar shows hold %+v", sc.Hold)
			}
			sc.Hold = nil
			s.must(ledger.WriteSidecar(s.root, sc))
			if err := s.l.Tombstone("a/rec-2.wav", "bob", "no reason"); !errors.Is(err, ledger.ErrHeld) || !strings.Contains(err.Error(), "case 17") {
				t.Errorf("removed under hold: %v", err)
			}
			p, err := s.l.Prune(t.Context(), s.now.Add(48*time.Hour), policy)
			s.must(err)
			if p.Files != 3 || p.Failed != nil {
				t.Errorf("pruned %+v", p)
			}
			s.finds(s.verify(ledger.VerifyOptions{}), `sidecar_altered: "a/rec-2.wav"`)
			s.must(s.l.Release("a/rec-2.wav", "ann", "case closed"))
			p, err = s.l.Prune(t.Context(), s.now.Add(48*time.Hour), ledger.Policy{Age: time.Hour})
			s.must(err)
			if p.Files != 1 {
				t.Errorf("after the release: pruned %+v", p)
			}
			s.inOrder()
		})
	}
}

func TestPruneTakesTheOldestFirst(t *testing.T) {
	t.Parallel()
	s := newStore(t, 0)
	for i := range 10 {
		s.record(fmt.Sprintf("a/rec-%d.wav", i)) // 1100 bytes each
		s.now = s.now.Add(time.Hour)
	}
	open := sidecar("a/open.wav", nil, time.Time{})
	open.State = ledger.Recording
	s.must(ledger.WriteSidecar(s.root, open))
	var gone []string
	p, err := s.l.Prune(t.Context(), s.now, ledger.Policy{
		Age: 9*time.Hour + time.Minute, Bytes: 5 * 1100,
		Keep: func(sc *ledger.Sidecar) bool { return sc.File == "a/rec-3.wav" },
		Gone: func(file, why string) { gone = append(gone, file+" "+why) },
	})
	s.must(err)
	want := "a/rec-0.wav retention: older than 9h1m0s,a/rec-1.wav retention: more than 5500 bytes of recordings,a/rec-2.wav,a/rec-4.wav,a/rec-5.wav"
	for i, w := range strings.Split(want, ",") {
		if i >= len(gone) || !strings.HasPrefix(gone[i], w) {
			t.Fatalf("went %q, want %q", gone, want)
		}
	}
	if p.Files != 5 || p.Left != 5*1100 || p.Bytes != 5*1100 {
		t.Errorf("pruned %+v", p)
	}
	if _, err := os.Stat(s.path("a/open.wav.json")); err != nil {
		t.Error("what is being recorded was removed")
	}
	if r := s.inOrder(); r.Removed != 5 || r.Open != 1 {
		t.Errorf("%+v", r)
	}
	if p, err := s.l.Prune(t.Context(), s.now.Add(1e6*time.Hour), ledger.Policy{}); p.Files != 0 || err != nil {
		t.Errorf("without a policy %+v went, %v", p, err)
	}
}

// What is no recording is not removed as one; one whose sidecar is gone still is.
func TestOnlyRecordingsAreRemoved(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	s.must(os.WriteFile(s.path("a/notes.txt"), []byte("mine"), 0o640))
	s.must(os.Symlink("notes.txt", s.path("a/link.wav")))
	s.must(os.Mkdir(s.path("a/dir.wav"), 0o750))
	for _, name := range []string{"a/notes.txt", "a/link.wav", "a/dir.wav", "a"} {
		if err := s.l.Tombstone(name, "ann", "x"); err == nil || !strings.Contains(err.Error(), "no recording") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(s.path(name)); err != nil {
			t.Error(err)
		}
	}
	s.must(os.Remove(s.path("a/rec-0.wav.json")))
	s.must(s.l.Tombstone("a/rec-0.wav", "ann", "its sidecar is lost"))
	if _, err := os.Lstat(s.path("a/rec-0.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestHoldsAndAccessesAreAudited(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	s.must(s.l.Hold("a/rec-0.wav", "ann", "case 17"))
	s.must(s.l.Access("id-a/rec-0.wav", "a/rec-0.wav", "bob", "play", "quality"))
	s.must(s.l.Release("a/rec-0.wav", "ann", ""))
	for _, wrong := range []error{
		s.l.Release("a/rec-0.wav", "ann", ""), s.l.Hold("a/rec-1.wav", "", "why"), s.l.Hold("a/rec-1.wav", "ann", ""), s.l.Hold("a/none.wav", "ann", "x"),
		s.l.Hold("../x.wav", "ann", "x"), s.l.Access("", "../x", "a", "play", ""), s.l.Tombstone(".rms/key", "a", ""), s.l.Tombstone("/etc/passwd", "a", ""),
	} {
		if wrong == nil {
			t.Error("taken, and makes no sense")
		}
	}
	var got []string
	s.must(s.l.Entries("a/rec-0.wav", func(e *ledger.Entry) bool {
		got = append(got, fmt.Sprintf("%s %s %s %s", e.Kind, e.Who, e.What, e.Why))
		return true
	}, ledger.KindHold, ledger.KindRelease, ledger.KindAccess))
	if want := "hold ann  case 17;access bob play quality;release ann  "; strings.Join(got, ";") != want {
		t.Errorf("log %q, want %q", got, want)
	}
	s.inOrder()
}

func TestChangeKeepsTheBooksInOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	add := func(sc *ledger.Sidecar) error {
		sc.Uploads = append(sc.Uploads, ledger.Upload{URL: "s3://b/x", State: "done"})
		return nil
	}
	s.must(s.l.Change("a/rec-0.wav", add))
	s.reopen()
	s.must(s.l.Change("a/rec-0.wav", add))
	sc, err := s.l.Find("id-a/rec-0.wav")
	if err != nil || len(sc.Uploads) != 2 {
		t.Fatalf("%+v, %v", sc, err)
	}
	s.inOrder()
	if _, err := s.l.Find("nobody"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("find nobody: %v", err)
	}
	altered := strings.Replace(string(mustRead(t, s.path("a/rec-0.wav.json"))), "call-1", "call-2", 1)
	s.must(os.WriteFile(s.path("a/rec-0.wav.json"), []byte(altered), 0o640))
	if err := s.l.Change("a/rec-0.wav", add); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("the chain took over an altered sidecar: %v", err)
	}
	s.finds(s.verify(ledger.VerifyOptions{}), `sidecar_altered: "a/rec-0.wav"`)
}

func TestAddingToARecordingIsNoAlteration(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	sc, err := ledger.ReadSidecar(s.root, "a/rec-0.wav")
	s.must(err)
	sc.State = ledger.Recording
	s.must(s.l.Reopen(sc))
	s.must(os.WriteFile(s.path("a/rec-0.wav"), []byte("more"), 0o640))
	if r := s.inOrder(); r.Open != 1 || r.Files != 1 {
		t.Errorf("%+v", r)
	}
	if err := s.l.Tombstone("a/rec-0.wav", "ann", "x"); err == nil {
		t.Error("removed while it is being recorded")
	}
	s.must(s.l.Close())
	s.finds(s.verify(ledger.VerifyOptions{}), `unfinished: "a/rec-0.wav"`)
	s.open()
	s.must(s.l.Append(sidecar("a/rec-0.wav", []byte("more"), s.now)))
	s.inOrder()
}
