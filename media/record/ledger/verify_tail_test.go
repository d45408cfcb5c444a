package ledger_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"rms/media/record/ledger"
)

// tailed is a folder with an encrypted recording that a crash left in two files, and
// another without tail.
func tailed(t *testing.T) *store {
	t.Helper()
	s := newStore(t, 1)
	s.tailed("a/x.wav.age")
	return s
}

// tailed makes a repaired recording and its tail.
func (s *store) tailed(file string) *ledger.Sidecar {
	s.t.Helper()
	text, tail := bytes.Repeat([]byte(file), 100), []byte("the end of "+file)
	s.must(os.WriteFile(s.path(file), text, 0o640))
	s.must(os.WriteFile(s.path(file)+ledger.TailSuffix, tail, 0o640))
	sc := sidecar(file, text, s.now)
	sc.State, sc.Tail = ledger.Repaired, sidecar(file, tail, s.now).SHA256
	s.must(s.l.Append(sc))
	return sc
}

func TestVerifyLooksAtTheTailOfARepairedRecording(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(s *store)
		want []string
	}{
		{"untouched", func(*store) {}, nil},
		{"removed", func(s *store) { s.must(os.Remove(s.path("a/x.wav.age.tail"))) }, []string{`cut_off: "a/x.wav.age"|"a/x.wav.age.tail"|is gone`}},
		{"altered", func(s *store) { s.flip("a/x.wav.age.tail", 3) }, []string{`altered: "a/x.wav.age"|"a/x.wav.age.tail"`}},
		{"emptied", func(s *store) { s.must(os.Truncate(s.path("a/x.wav.age.tail"), 0)) }, []string{`altered: "a/x.wav.age"|its tail`}},
		{"made huge", func(s *store) { s.must(os.Truncate(s.path("a/x.wav.age.tail"), 64<<20)) }, []string{`altered: "a/x.wav.age"|its tail`}},
		{"a link", func(s *store) {
			s.must(os.Rename(s.path("a/x.wav.age.tail"), s.path("a/y")))
			s.must(os.Symlink("y", s.path("a/x.wav.age.tail")))
		}, []string{`not_regular: "a/x.wav.age"|its tail was replaced by a symbolic link`}},
		{"both altered", func(s *store) {
			s.flip("a/x.wav.age", 3)
			s.flip("a/x.wav.age.tail", 3)
		}, []string{`altered: "a/x.wav.age"|its bytes`, `altered: "a/x.wav.age"|its tail`}},
		{"all removed", func(s *store) {
			for _, end := range []string{"", ".tail", ".json"} {
				s.must(os.Remove(s.path("a/x.wav.age" + end)))
			}
		}, []string{`removed: "a/x.wav.age"|and so is its sidecar`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := tailed(t)
			c.do(s)
			s.finds(s.verify(ledger.VerifyOptions{}), c.want...)
			s.finds(s.verify(ledger.VerifyOptions{File: "a/x.wav.age"}), c.want...)
		})
	}
}

func TestTheTailIsExpectedUntilTheRecordingIsEnteredWithoutOne(t *testing.T) {
	t.Parallel()
	s := tailed(t)
	s.must(s.l.Hold("a/x.wav.age", "ann", "case 17"))
	s.must(s.l.Release("a/x.wav.age", "ann", "over"))
	s.must(s.l.Change("a/x.wav.age", func(sc *ledger.Sidecar) error {
		sc.Uploads = append(sc.Uploads, ledger.Upload{URL: "s3://x"})
		return nil
	}))
	s.inOrder()
	s.must(os.Remove(s.path("a/x.wav.age.tail")))
	s.finds(s.verify(ledger.VerifyOptions{}), `cut_off: "a/x.wav.age"|its tail`)
	s.record("a/x.wav.age")
	s.inOrder()
	s.tailed("a/x.wav.age")
	s.must(s.l.Tombstone("a/x.wav.age", "ann", "erasure asked for"))
	s.inOrder()
}

func TestATailIsEnteredByItsHashOnly(t *testing.T) {
	t.Parallel()
	s := newStore(t, 0)
	sc := sidecar("x.wav.age", nil, s.now)
	for _, sum := range []string{"x", strings.Repeat("G", 64), strings.Repeat("A", 64)} {
		sc.Tail = sum
		if err := s.l.Append(sc); err == nil || !strings.Contains(err.Error(), "tail") {
			t.Errorf("%q: %v", sum, err)
		}
	}
}
