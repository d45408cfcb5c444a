package index

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
)

var day = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// archive is a folder of sidecars, a minute apart.
type archive struct {
	*testing.T
	root *os.Root
	i    *Index
}

func newArchive(t *testing.T, n int) *archive {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	a := &archive{T: t, root: root}
	a.restart()
	for k := range n {
		a.put(k, ledger.Complete)
	}
	return a
}

// restart is another program, an hour later.
func (a *archive) restart() {
	a.i = New()
	a.i.now = func() time.Time { return time.Now().Add(time.Hour) }
}

func name(k int) string { return fmt.Sprintf("%02d/r%04d.wav", k%7, k) }

func (a *archive) put(k int, state ledger.State) {
	a.Helper()
	sc := ledger.Sidecar{
		Version: "rms-recording/1", ID: fmt.Sprintf("id%04d", k), Call: fmt.Sprint("call", k/2), File: name(k), State: state,
		Started: day.Add(time.Duration(k) * time.Minute), Rate: 8000, Channels: 2, Encoding: "pcm",
	}
	if err := a.root.MkdirAll(filepath.Dir(sc.File), 0o750); err != nil {
		a.Fatal(err)
	}
	if err := ledger.WriteSidecar(a.root, &sc); err != nil {
		a.Fatal(err)
	}
}

func (a *archive) find(q Query) (files []string, total int, more bool) {
	a.Helper()
	files, total, more, err := a.i.Find(a.Context(), a.root, q)
	if err != nil {
		a.Fatal(err)
	}
	return files, total, more
}

// wants checks how many there are and how many sidecars were read for that.
func (a *archive) wants(what string, total, read int) {
	a.Helper()
	before := a.i.fresh
	_, n, _ := a.find(Query{Limit: 5})
	if n != total || a.i.fresh-before != read {
		a.Errorf("%s: %d recordings and %d sidecars read, want %d and %d", what, n, a.i.fresh-before, total, read)
	}
}

func TestAListReadsOnlyTheSidecarsThatChanged(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 100)
	a.wants("at first", 100, 100)
	a.wants("once more", 100, 0)
	a.put(100, ledger.Recording)
	a.wants("a new one", 101, 1)
	a.put(100, ledger.Complete)
	a.wants("its end", 101, 1)
	if files, _, _ := a.find(Query{States: []string{"complete"}, Limit: 1}); len(files) != 1 || files[0] != name(100) {
		t.Errorf("%v", files)
	}
	if err := a.root.Remove(ledger.SidecarName(name(3))); err != nil {
		t.Fatal(err)
	}
	a.wants("one less", 100, 0)
	if err := a.root.RemoveAll("05"); err != nil {
		t.Fatal(err)
	}
	a.wants("a folder less", 86, 0)
}

func TestAChangeWithinAStepOfTheClockIsSeen(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 3)
	a.i.now = time.Now // all was just written
	a.wants("at first", 3, 3)
	a.wants("once more", 3, 3)
}

func TestAListIsInTheOrderOfTimeByPages(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 23)
	var all []string
	q := Query{Limit: 5}
	for pages := 0; pages < 10; pages++ {
		files, total, more := a.find(q)
		if total != 23 {
			t.Errorf("%d recordings", total)
		}
		all = append(all, files...)
		if !more {
			break
		}
		sc, err := ledger.ReadSidecar(a.root, files[len(files)-1])
		if err != nil {
			t.Fatal(err)
		}
		q.Before, q.BeforeID = sc.Started, sc.ID
	}
	var want []string
	for k := 22; k >= 0; k-- {
		want = append(want, name(k))
	}
	if !slices.Equal(all, want) {
		t.Errorf("%v", all)
	}
}

func TestAListPicks(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 20)
	a.put(4, ledger.Failed)
	for what, u := range map[string]struct {
		q    Query
		want int
	}{
		"id":         {Query{Filter: ledger.Filter{ID: "id0003"}}, 1},
		"beginning":  {Query{Begin: "id001"}, 10},
		"call":       {Query{Filter: ledger.Filter{Call: "call2"}}, 2},
		"state":      {Query{Filter: ledger.Filter{State: ledger.Failed}}, 1},
		"states":     {Query{States: []string{"failed", "complete"}}, 20},
		"no state":   {Query{States: []string{"repaired"}}, 0},
		"from":       {Query{Filter: ledger.Filter{From: day.Add(15 * time.Minute)}}, 5},
		"to":         {Query{Filter: ledger.Filter{To: day.Add(15 * time.Minute)}}, 15},
		"file":       {Query{Filter: ledger.Filter{File: "02/"}}, 3},
		"everything": {Query{}, 20},
	} {
		if files, total, more := a.find(u.q); len(files) != u.want || total != u.want || more {
			t.Errorf("%s: %d of %d files, want %d", what, len(files), total, u.want)
		}
	}
}

func TestAnIndexIsKeptForTheNextProgram(t *testing.T) {
	t.Parallel()
	a := newArchive(t, keepAfter)
	if err := a.root.Mkdir(ledger.Folder, 0o750); err != nil {
		t.Fatal(err)
	}
	a.find(Query{})
	a.restart()
	a.wants("kept", keepAfter, 0)
	text, err := a.root.ReadFile(fileName)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", string(text[:len(text)/2]), strings.Replace(string(text), "id0007", "id9999", 1)} {
		if err := a.root.WriteFile(fileName, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		a.restart()
		a.find(Query{})
		if files, _, _ := a.find(Query{Begin: "id0007"}); len(files) != 1 {
			t.Errorf("a damaged index was believed: %v", files)
		}
	}
}

func TestASidecarThatCannotBeReadIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 1)
	full := filepath.Join(a.root.Name(), ledger.SidecarName(name(1)))
	text, err := os.ReadFile(filepath.Join(a.root.Name(), ledger.SidecarName(name(0))))
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer("id0000", "id0001", name(0), name(1)).Replace(string(text)))
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	a.wants("half", 1, 1)
	if err := os.WriteFile(full, text, 0o600); err != nil { // in place: the folder does not change
		t.Fatal(err)
	}
	a.wants("whole", 2, 1)
}

func FuzzKeptIndex(f *testing.F) {
	i := New()
	i.folders["."] = &folder{mod: 5, subs: []string{"a"}, keys: []key{{file: "x.wav", id: "1", began: 7, mod: 8, size: 9}}}
	b := i.marshal()
	f.Add(b[len(magic) : len(b)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		i := New()
		text := append([]byte(magic), body...)
		if folders, ok := unmarshal(seal(text)); ok {
			i.folders = folders
			if again, ok := unmarshal(i.marshal()); !ok || len(again) != len(folders) {
				t.Errorf("%d folders came back as %d", len(folders), len(again))
			}
		}
	})
}
