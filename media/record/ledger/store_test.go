package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
)

// store is a folder with recordings, for tests.
type store struct {
	t    testing.TB
	dir  string
	root *os.Root
	l    *ledger.Ledger
	now  time.Time
}

var day = time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)

// newStore opens a folder with n recordings: a/rec-0.wav and so on.
func newStore(t testing.TB, n int) *store {
	t.Helper()
	s := &store{t: t, dir: t.TempDir(), now: day}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s.root = root
	s.open()
	s.must(os.Mkdir(s.path("a"), 0o750))
	for i := range n {
		s.record(fmt.Sprintf("a/rec-%d.wav", i))
	}
	return s
}

func (s *store) open() {
	s.t.Helper()
	l, err := ledger.Open(s.root, ledger.Options{Now: func() time.Time { return s.now }, Wait: 50 * time.Millisecond})
	s.must(err)
	s.l = l
	s.t.Cleanup(func() { l.Close() })
}

func (s *store) reopen() {
	s.t.Helper()
	s.must(s.l.Close())
	s.open()
}

// record makes a recording of a length of its own and enters it.
func (s *store) record(file string) *ledger.Sidecar {
	s.t.Helper()
	text := bytes.Repeat([]byte(file), 100)
	s.must(os.WriteFile(s.path(file), text, 0o640))
	sc := sidecar(file, text, s.now)
	s.must(s.l.Append(sc))
	return sc
}

func sidecar(file string, text []byte, now time.Time) *ledger.Sidecar {
	sum := sha256.Sum256(text)
	return &ledger.Sidecar{
		ID: "id-" + file, Call: "call-1", File: file, State: ledger.Complete, Started: now.Add(-time.Minute), Ended: now,
		Rate: 8000, Channels: 2, Encoding: "ulaw", Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
	}
}

func (s *store) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s *store) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) verify(o ledger.VerifyOptions) *ledger.Report {
	s.t.Helper()
	r, err := ledger.Verify(s.t.Context(), s.dir, o)
	s.must(err)
	return r
}

// inOrder fails when something is wrong.
func (s *store) inOrder() *ledger.Report {
	s.t.Helper()
	r := s.verify(ledger.VerifyOptions{})
	for _, p := range r.Problems {
		s.t.Errorf("in order, but %s", p)
	}
	return r
}

// finds fails when not exactly these faults are found, with these words.
func (s *store) finds(r *ledger.Report, want ...string) {
	s.t.Helper()
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.String())
	}
	if len(got) != len(want) {
		s.t.Fatalf("found %d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for _, w := range want {
		if !containsOne(got, strings.Split(w, "|")) {
			s.t.Errorf("nothing says %q:\n%s", w, strings.Join(got, "\n"))
		}
	}
}

// containsOne says whether one of the lines has all the words.
func containsOne(lines, words []string) bool {
	for _, l := range lines {
		all := true
		for _, w := range words {
			all = all && strings.Contains(l, w)
		}
		if all {
			return true
		}
	}
	return false
}

// editChain changes the lines of the chain while nobody has it open.
func (s *store) editChain(edit func(lines []string) []string) {
	s.t.Helper()
	s.must(s.l.Close())
	name := s.path(".rms/chain.jsonl")
	text, err := os.ReadFile(name)
	s.must(err)
	lines := edit(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"))
	s.must(os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o640))
}
