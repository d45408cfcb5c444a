package record_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/wav"
)

// childRoot is the variable that makes this program the one to be killed: it records into
// that directory until then.
const (
	childRoot  = "RMS_RECORD_CHILD"
	childCount = "RMS_RECORD_COUNT"
)

// child records, and says how far it is after each tick of the clock on the wall. A tick
// that a busy machine leaves out is left out of the time line as well: the store's own
// clock went on meanwhile.
func child() {
	s, err := record.Open(record.Options{Root: os.Getenv(childRoot)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	n, _ := strconv.Atoi(os.Getenv(childCount))
	var all []*record.Recording
	for i := range n {
		spec := record.Spec{File: fmt.Sprintf("%d.wav", i), Sides: record.Sides(i % 4)}
		if i%8 > 3 {
			spec.Encoding = wav.Mulaw
		}
		r, err := s.Start(spec)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		all = append(all, r)
	}
	at := time.Duration(0)
	for range time.NewTicker(tick).C {
		for _, r := range all {
			feed(r, at, at+tick, 8000)
		}
		at += tick
		fmt.Fprintln(os.Stdout, int64(at))
	}
}

// killed runs the child until its time line is at age, kills it, and returns how far it
// was.
func killed(t *testing.T, root string, count int, age time.Duration) time.Duration {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childRoot+"="+root, childCount+"="+strconv.Itoa(count))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reached, dead := time.Duration(0), false
	for lines := bufio.NewScanner(out); lines.Scan(); { // all that it said before it died
		n, _ := strconv.ParseInt(lines.Text(), 10, 64)
		if reached = time.Duration(n); reached < age || dead {
			continue
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		dead = true
	}
	_ = cmd.Wait()
	if !dead {
		t.Fatal("the child ended by itself")
	}
	return reached
}

// memory returns a folder that no slow disk holds up, where there is one: a kill is no
// power cut, and what a sync takes is not what is tested.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "record")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestFilesAreWholeAfterAKill is run with RMS_RECORD_COUNT=100 in full; in short with 12.
func TestFilesAreWholeAfterAKill(t *testing.T) {
	root := memory(t)
	count := 12
	if n, err := strconv.Atoi(os.Getenv(childCount)); err == nil {
		count = n
	}
	reached := killed(t, root, count, 2300*time.Millisecond)
	worst := reached
	for i := range count {
		name := filepath.Join(root, fmt.Sprintf("%d.wav", i))
		worst = min(worst, soundOf(t, root, i))
		for _, reader := range readers {
			if i%8 > 3 && reader.name == "python" {
				continue // it only reads PCM
			}
			if n, ok := reader.frames(t, name); ok && time.Duration(n)*time.Second/8000 < reached-time.Second {
				t.Errorf("%s sees %d samples of %v in %s", reader.name, n, reached, name)
			}
		}
	}
	t.Logf("killed at %v with %d recordings: the worst file has %v", reached, count, worst)
	if worst < reached-time.Second {
		t.Errorf("a file lacks %v", reached-worst)
	}
	repairAll(t, root, count, reached)
}

// soundOf checks that all sound of a file is right and returns its length.
func soundOf(t *testing.T, root string, i int) time.Duration {
	t.Helper()
	_, pcm := read(t, root, fmt.Sprintf("%d.wav", i))
	sides := record.Sides(i % 4)
	n := len(pcm) / sides.Channels()
	if i%8 <= 3 {
		same(t, fmt.Sprintf("file %d", i), pcm, expected(sides, n, 8000))
	}
	return time.Duration(n) * time.Second / 8000
}

func repairAll(t *testing.T, root string, count int, reached time.Duration) {
	t.Helper()
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
	var all []record.Repaired
	begin := time.Now()
	if err := s.Repair(func(r record.Repaired) { all = append(all, r) }); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	t.Logf("%d repaired in %v", len(all), took)
	if len(all) != count {
		t.Fatalf("%d repaired, want %d", len(all), count)
	}
	for i := range count {
		// What was written is all there: less than two turns and the margin are missing.
		if have := soundOf(t, root, i); have < reached-time.Second || have > reached+tick {
			t.Errorf("file %d has %v of %v", i, have, reached)
		}
	}
	for _, r := range all {
		text, err := os.ReadFile(filepath.Join(root, r.File+".json"))
		if err != nil {
			t.Fatal(err)
		}
		sc, err := ledger.ParseSidecar(text)
		if err != nil || sc.State != ledger.Repaired || sc.Reason != "crash" || sc.Samples == 0 || len(sc.SHA256) != 64 {
			t.Errorf("sidecar %s, %v", text, err)
		}
		if r.Err != nil || r.Sidecar.Samples != sc.Samples {
			t.Errorf("%+v", r)
		}
	}
	if err := s.Repair(func(r record.Repaired) { t.Errorf("%s is repaired again", r.File) }); err != nil {
		t.Error(err)
	}
}

func TestRepairBearsWhatItMayFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put := func(name, text string) {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mark := func(id, file string) {
		put(".rms/open/"+id, fmt.Sprintf(`{"id":%q,"file":%q,"boot_id":"old"}`, id, file))
	}
	put("empty.wav", "")
	mark("1", "empty.wav")
	put("zero.wav", strings.Repeat("\x00", 4096))
	mark("2", "zero.wav")
	put("half.wav", "RIFF\x00\x00")
	mark("3", "half.wav")
	put("foreign.wav", strings.Repeat("precious", 100))
	mark("4", "foreign.wav")
	mark("5", "gone.wav")
	mark("6", "../escape.wav")
	put("../escape.wav", "precious")
	put(".rms/open/7", "{")
	put(".rms/open/.rms-8.tmp", "{")
	s := open(t, record.Options{Root: root})
	states := map[string]error{}
	err := s.Repair(func(r record.Repaired) { states[r.ID] = r.Err })
	if err == nil || states["4"] == nil || len(states) != 5 {
		t.Errorf("%v, %v", states, err)
	}
	for _, id := range []string{"1", "2", "3", "5"} {
		if states[id] != nil {
			t.Errorf("%s: %v", id, states[id])
		}
	}
	for _, name := range []string{"empty.wav", "zero.wav", "half.wav"} {
		if _, pcm := read(t, root, name); len(pcm) != 0 {
			t.Errorf("%s has %d samples", name, len(pcm))
		}
	}
	for _, name := range []string{"foreign.wav", "../escape.wav"} {
		if b, _ := os.ReadFile(filepath.Join(root, name)); !strings.HasPrefix(string(b), "precious") {
			t.Errorf("%s was changed", name)
		}
	}
}
