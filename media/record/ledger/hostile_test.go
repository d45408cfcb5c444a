//go:build unix

package ledger_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"rms/media/record/ledger"
)

// TestHostileFoldersCostLittle puts into a folder what nobody should, and looks that each
// costs a line, and no memory to speak of.
func TestHostileFoldersCostLittle(t *testing.T) {
	s := newStore(t, 8)
	link := func(to, name string) {
		_ = os.Remove(s.path(name))
		s.must(os.Symlink(to, s.path(name)))
	}
	pipe := func(name string) {
		_ = os.Remove(s.path(name))
		s.must(syscall.Mkfifo(s.path(name), 0o640))
	}
	link("/etc/passwd", "a/rec-0.wav")
	link("rec-7.wav", "a/rec-1.wav")
	pipe("a/rec-2.wav")
	pipe("a/rec-3.wav.json")
	link("/dev/zero", "a/rec-4.wav.json")
	s.must(os.Remove(s.path("a/rec-5.wav")))
	s.must(os.Mkdir(s.path("a/rec-5.wav"), 0o750))
	s.must(os.Truncate(s.path("a/rec-6.wav.json"), 1<<30))
	link("..", "a/loop")
	pipe("a/pipe")
	s.must(os.WriteFile(s.path("a/evil\x1b[2J\n.wav"), []byte("x"), 0o640))
	s.must(os.WriteFile(s.path("a/deep.wav.json"), []byte(strings.Repeat(`{"a":`, 100_000)), 0o640))
	deep := "d" + strings.Repeat("/d", 80)
	s.must(os.MkdirAll(s.path(deep), 0o750))

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := s.verify(ledger.VerifyOptions{})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 24<<20 {
		t.Errorf("verify allocated %d MB", used>>20)
	}
	s.finds(r, `not_regular: "a/rec-0.wav"|a symbolic link`, `not_regular: "a/rec-1.wav"|a symbolic link`, `not_regular: "a/rec-2.wav"|a named pipe`,
		`not_regular: "a/rec-3.wav"|its sidecar was replaced by a named pipe`, `not_regular: "a/rec-4.wav"|its sidecar|a symbolic link`,
		`not_regular: "a/rec-5.wav"|a folder`, `sidecar_altered: "a/rec-6.wav"|too large`, `not_regular: "a/loop"|a symbolic link`,
		`not_regular: "a/pipe"|a named pipe`, `foreign: "a/evil\x1b[2J\n.wav"`, `foreign: "a/deep.wav"`, `unreadable: "d/d/|deeper than 64`)

	good, bad := 0, 0
	s.must(ledger.List(s.root, ledger.Filter{}, func(_ *ledger.Sidecar, err error) bool {
		if err != nil {
			bad++
		} else {
			good++
		}
		return true
	}))
	if good != 5 || bad != 3 { // 0, 1, 2, 5, 7; the pipe and the link are no files, 6 and deep are broken, and a folder is too deep
		t.Errorf("listed %d, and %d errors", good, bad)
	}
	if _, err := s.l.Prune(t.Context(), s.now, ledger.Policy{Bytes: 1}); err != nil {
		t.Errorf("prune: %v", err)
	}
}

func TestBooksThatAreNoFilesAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"chain.jsonl", "key", "lock"} {
		for kind, put := range map[string]func(name string) error{
			"pipe": func(name string) error { return syscall.Mkfifo(name, 0o640) },
			"link": func(name string) error { return os.Symlink("/etc/hostname", name) },
		} {
			s := newStore(t, 1)
			s.must(s.l.Close())
			s.must(os.Remove(s.path(".rms/" + name)))
			s.must(put(s.path(".rms/" + name)))
			if l, err := ledger.Open(s.root, ledger.Options{}); err == nil {
				l.Close()
				t.Errorf("%s is a %s, and was opened", name, kind)
			}
		}
	}
}

func TestSidecarsOutsideTheFolderAreRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t, 0)
	for _, file := range []string{"", ".", "..", "../x.wav", "/x.wav", "a/../x.wav", "a//x.wav", "x\x00.wav", "x\n.wav", ".rms/x.wav", "./x.wav", strings.Repeat("x", 3000)} {
		if err := s.l.Append(sidecar(file, nil, s.now)); err == nil {
			t.Errorf("%q was entered", file)
		}
		if err := ledger.WriteSidecar(s.root, sidecar(file, nil, s.now)); err == nil {
			t.Errorf("%q was written", file)
		}
	}
	bad := sidecar("x.wav", nil, s.now)
	bad.SHA256 = "abc"
	if err := s.l.Append(bad); err == nil {
		t.Error("a recording without a hash was entered")
	}
}

func TestLongListsAreCutAndCounted(t *testing.T) {
	t.Parallel()
	s := newStore(t, 0)
	sc := sidecar("x.wav", []byte("x"), s.now)
	for i := range 200_000 {
		sc.Gaps = append(sc.Gaps, ledger.Gap{AtMS: float64(i), LengthMS: 20, Reason: "loss", Packets: 1})
	}
	sc.Pauses = []ledger.Pause{{AtMS: 1, LengthMS: 20}}
	s.must(os.WriteFile(s.path("x.wav"), []byte("x"), 0o640))
	s.must(s.l.Append(sc))
	got, err := ledger.ReadSidecar(s.root, "x.wav")
	s.must(err)
	if len(got.Gaps)+got.Omitted != 200_000 || got.Omitted == 0 || len(sc.Gaps) != 200_000 || len(got.Pauses) != 1 {
		t.Errorf("%d gaps and %d left out", len(got.Gaps), got.Omitted)
	}
	s.inOrder()
}

func TestAFullDiskLeavesTheChainWhole(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	mend := s.l.BreakDisk()
	text := []byte("x")
	s.must(os.WriteFile(s.path("a/full.wav"), text, 0o640))
	if err := s.l.Append(sidecar("a/full.wav", text, s.now)); err == nil {
		t.Error("nothing could be written, and nothing was said")
	}
	mend()
	s.must(s.l.Append(sidecar("a/full.wav", text, s.now)))
	if r := s.inOrder(); r.Files != 2 || r.Entries != 3 {
		t.Errorf("%+v", r)
	}
}

func TestVerifyOfAFolderInUseFindsNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t, 20)
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < 60 && err == nil; i++ {
			file := fmt.Sprintf("a/new-%d.wav", i)
			text := []byte(file)
			open := sidecar(file, text, s.now)
			open.State = ledger.Recording
			if err = ledger.WriteSidecar(s.root, open); err == nil {
				if err = os.WriteFile(s.path(file), text, 0o640); err == nil {
					err = s.l.Append(sidecar(file, text, s.now))
				}
			}
			if err == nil && i%3 == 0 {
				err = s.l.Tombstone(fmt.Sprintf("a/rec-%d.wav", i/3), "ann", "test")
			}
		}
		done <- err
	}()
	for checks := 0; ; checks++ {
		s.inOrder()
		select {
		case err := <-done:
			s.must(err)
			if r := s.inOrder(); r.Files != 60 || r.Removed != 20 {
				t.Errorf("%+v", r)
			}
			return
		default:
		}
	}
}
