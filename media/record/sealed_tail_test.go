package record_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/record/seal"
)

// crashed is a folder with an encrypted recording, as a crash leaves it: file, tail,
// sidecar and marker.
func crashed(t *testing.T) (root string, ids []seal.Identity) {
	t.Helper()
	to, ids, _ := keys(t)
	live, root := t.TempDir(), t.TempDir()
	s := open(t, record.Options{Root: live})
	r, d := start(t, s, record.Spec{File: "x.wav", Recipients: to})
	phone(t, r)
	tail := filepath.Join(live, "x.wav.age"+seal.TailSuffix)
	for n := 0; n < 1000; n++ {
		both(r, n)
		if n%10 != 9 {
			continue
		}
		s.TurnAll()
		if _, err := os.Stat(tail); err == nil && n > 60 {
			break
		}
		time.Sleep(20 * time.Millisecond) // the tail is saved by the clock on the wall
	}
	if err := os.CopyFS(root, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	r.Stop(time.Second, "")
	d.end(t)
	return root, ids
}

func TestTheTailOfARepairedRecordingIsInTheBooks(t *testing.T) {
	t.Parallel()
	root, ids := crashed(t)
	dir, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	books, err := ledger.Open(dir, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	s := open(t, record.Options{Root: root, Ledger: books})
	var repaired []record.Repaired
	if err := s.Repair(func(r record.Repaired) { repaired = append(repaired, r) }); err != nil || len(repaired) != 1 {
		t.Fatal(repaired, err)
	}
	if len(repaired[0].Sidecar.Tail) != 64 {
		t.Errorf("%+v", repaired[0].Sidecar)
	}
	faults := func() []ledger.Problem {
		t.Helper()
		report, err := ledger.Verify(t.Context(), root, ledger.VerifyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return report.Problems
	}
	if p := faults(); len(p) != 0 {
		t.Errorf("as it was repaired: %v", p)
	}
	name := filepath.Join(root, "x.wav.age"+seal.TailSuffix)
	tail, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(root, "x.wav.age"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if in, err := seal.Open(file, info.Size(), tail, ids); err != nil || in.Joined() == 0 {
		t.Fatalf("the tail holds nothing: %v", err)
	}
	tail[len(tail)-1] ^= 1
	if err := os.WriteFile(name, tail, 0o640); err != nil {
		t.Fatal(err)
	}
	if p := faults(); len(p) != 1 || p[0].Fault != ledger.Altered {
		t.Errorf("altered: %v", p)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if p := faults(); len(p) != 1 || p[0].Fault != ledger.CutOff {
		t.Errorf("removed: %v", p)
	}
}
