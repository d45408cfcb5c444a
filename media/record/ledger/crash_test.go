package ledger_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
)

// TestOpenRepairsHalfALine cuts the chain at each byte of its last line, as a crash in
// the middle of a write can.
func TestOpenRepairsHalfALine(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	s.must(s.l.Close())
	chain, err := os.ReadFile(s.path(".rms/chain.jsonl"))
	s.must(err)
	begin := strings.LastIndexByte(string(chain[:len(chain)-1]), '\n') + 1
	for cut := begin + 1; cut < len(chain); cut += 7 {
		s.must(os.WriteFile(s.path(".rms/chain.jsonl"), chain[:cut], 0o640))
		r := s.verify(ledger.VerifyOptions{})
		s.finds(r, "chain_cut: line 3: the chain ends in the middle of a line", `foreign: "a/rec-1.wav"`)
		s.open()
		if notes := s.l.Notes(); len(notes) != 1 || !strings.Contains(notes[0], fmt.Sprintf("left %d bytes", cut-begin)) {
			t.Fatalf("cut at %d: notes %q", cut, notes)
		}
		s.record("a/rec-1.wav")
		r = s.inOrder()
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "repaired after a crash") {
			t.Fatalf("cut at %d: %q", cut, r.Notes)
		}
		s.must(s.l.Close())
	}
}

func TestOpenRepairsZerosBehindThePowerCut(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	s.must(s.l.Close())
	f, err := os.OpenFile(s.path(".rms/chain.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	s.must(err)
	_, err = f.Write(append(make([]byte, 4096), "\n{\"seq\":7}\n"...))
	s.must(errors.Join(err, f.Close()))
	s.open()
	s.inOrder()
}

func TestOpenGoesOnBehindAnAlteredLastLine(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	s.editChain(func(l []string) []string { l[2] = strings.Replace(l[2], "1100", "1101", 1); return l })
	s.open()
	if n := s.l.Notes(); len(n) != 1 || !strings.Contains(n[0], "altered") {
		t.Errorf("notes %q", n)
	}
	s.record("a/later.wav")
	s.finds(s.verify(ledger.VerifyOptions{}), "chain_altered: line 3", `foreign: "a/rec-1.wav"`)
}

// TestOpenFinishesSidecarsThatWaited stops between the line and the sidecar's place, and
// before the line.
func TestOpenFinishesSidecarsThatWaited(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	text, err := os.ReadFile(s.path("a/rec-0.wav.json"))
	s.must(err)
	s.must(s.l.Close())
	s.must(os.Rename(s.path("a/rec-0.wav.json"), s.path(".rms/pending/X.json")))
	s.must(os.WriteFile(s.path(".rms/pending/Y.json"), []byte(strings.Replace(string(text), "rec-0", "rec-1", 2)), 0o640))
	s.must(os.WriteFile(s.path(".rms/pending/Z.json"), []byte("half a si"), 0o640))
	s.open()
	s.inOrder()
	left, err := os.ReadDir(s.path(".rms/pending"))
	if err != nil || len(left) != 0 {
		t.Errorf("left waiting: %v, %v", left, err)
	}
}

func TestOpenFinishesAnInterruptedRemoval(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	text, err := os.ReadFile(s.path("a/rec-0.wav.json"))
	s.must(err)
	s.must(s.l.Tombstone("a/rec-0.wav", "ann", "asked for"))
	s.must(os.WriteFile(s.path("a/rec-0.wav"), []byte("still there"), 0o640))
	s.must(os.WriteFile(s.path("a/rec-0.wav.json"), text, 0o640))
	s.finds(s.verify(ledger.VerifyOptions{}), `undead: "a/rec-0.wav"`)
	s.reopen()
	if r := s.inOrder(); r.Removed != 1 || r.Files != 1 {
		t.Errorf("%d removed, %d left", r.Removed, r.Files)
	}
}

func TestTwoLedgersNeverShareAFolder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	_, err := ledger.Open(s.root, ledger.Options{Wait: time.Millisecond})
	if !errors.Is(err, ledger.ErrLocked) {
		t.Fatalf("a second ledger: %v", err)
	}
	s.must(s.l.Close())
	s.open()
}

// TestTwoProcessesNeverShareAChain lets another process hold the folder, and kills it.
func TestTwoProcessesNeverShareAChain(t *testing.T) {
	const child = "LEDGER_TEST_CHILD"
	if dir := os.Getenv(child); dir != "" {
		root, err := os.OpenRoot(dir)
		if err == nil {
			_, err = ledger.Open(root, ledger.Options{})
		}
		fmt.Printf("opened: %v\n", err)
		select {}
	}
	t.Parallel()
	s := newStore(t, 1)
	s.must(s.l.Close())
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTwoProcessesNeverShareAChain$")
	cmd.Env = append(os.Environ(), child+"="+s.dir)
	out, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "opened: <nil>\n" {
		t.Fatalf("the other process says %q", line)
	}
	if _, err := ledger.Open(s.root, ledger.Options{Wait: time.Millisecond}); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("while another process has it: %v", err)
	}
	s.must(cmd.Process.Kill())
	_ = cmd.Wait()
	s.open()
	s.inOrder()
}

func TestALostKeyIsNotReplacedSilently(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	s.must(s.l.Close())
	key, err := os.ReadFile(s.path(".rms/key"))
	s.must(err)
	s.must(os.Remove(s.path(".rms/key")))
	if _, err := ledger.Open(s.root, ledger.Options{}); err == nil || !strings.Contains(err.Error(), "put the key back") {
		t.Errorf("without its key: %v", err)
	}
	elsewhere := filepath.Join(t.TempDir(), "key")
	s.must(os.WriteFile(elsewhere, key, 0o600))
	l, err := ledger.Open(s.root, ledger.Options{Key: elsewhere})
	s.must(err)
	s.must(l.Close())
	other := filepath.Join(t.TempDir(), "new")
	if _, err := ledger.Open(s.root, ledger.Options{Key: other}); err == nil {
		t.Error("a new key was made for a chain that is there")
	}
	o := newStore(t, 0)
	s.must(os.WriteFile(elsewhere, mustRead(t, o.path(".rms/key")), 0o600))
	if _, err := ledger.Open(s.root, ledger.Options{Key: elsewhere}); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("with another key: %v", err)
	}
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
