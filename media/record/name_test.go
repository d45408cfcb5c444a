package record_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rms/media/record"
)

// names that must be refused at once, before anything touches the disk.
var hostile = []string{
	"../x.wav", "a/../../x.wav", "/etc/x.wav", "//x.wav", "a//x.wav", "./x.wav", "a/./x.wav", "a/../x.wav", "x.wav/", "/", ".", "..",
	"x\x00.wav", "x\n.wav", "x\r\n.wav", "x\x1b[2J.wav", "x\x7f.wav", "x\u0085.wav", `..\x.wav`, `C:\x.wav`, "x\xff.wav", "x\uFFFD.wav",
	".rms/key.wav", ".hidden.wav", "a/.hidden/x.wav", "x", "x.mp3", "x.wav.json", ".wav", "a/.wav", "x.wav.age", "passwd",
	strings.Repeat("x", 10_000) + ".wav", strings.Repeat("a/", 2000) + "x.wav", strings.Repeat("x", 201) + ".wav",
	strings.Repeat("a/", 33) + "x.wav",
}

func TestHostileNamesAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "root")
	s := open(t, record.Options{Root: root})
	for _, name := range hostile {
		_, err := s.Start(record.Spec{File: name})
		var bad *record.NameError
		if !errors.As(err, &bad) || bad.Problem == "" || bad.Do == "" {
			t.Errorf("%.40q: %v", name, err)
		}
		if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\x00\n\x1b")) {
			t.Errorf("%.40q: the error is not fit for a log: %.200q", name, err)
		}
	}
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("%d files were made", len(left))
	}
}

// trap lays what must not be written to or through, and returns names that would.
func trap(t *testing.T, root, outside string) []string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(root, name) }
	must(os.WriteFile(filepath.Join(outside, "victim.wav"), []byte("precious"), 0o600))
	must(os.Symlink(filepath.Join(outside, "victim.wav"), at("link.wav")))
	must(os.Symlink(filepath.Join(outside, "new.wav"), at("dangling.wav")))
	must(os.Symlink(outside, at("way")))
	must(os.Mkdir(at("inside"), 0o750))
	must(os.Symlink("inside", at("shortcut")))
	must(syscall.Mkfifo(at("fifo.wav"), 0o600))
	must(os.Mkdir(at("dir.wav"), 0o750))
	must(os.WriteFile(at("taken.wav"), []byte("precious"), 0o600))
	must(os.WriteFile(at("file"), nil, 0o600))
	names := []string{"link.wav", "dangling.wav", "way/x.wav", "way/victim.wav", "shortcut/x.wav", "fifo.wav", "dir.wav", "taken.wav", "file/x.wav"}
	if syscall.Mknod(at("null.wav"), syscall.S_IFCHR|0o600, 1<<8|3) == nil {
		names = append(names, "null.wav")
	}
	return names
}

func TestWhatIsThereIsNeverWrittenTo(t *testing.T) {
	t.Parallel()
	for _, more := range []bool{false, true} {
		root, outside := t.TempDir(), t.TempDir()
		s := open(t, record.Options{Root: root})
		for _, name := range trap(t, root, outside) {
			r, d := start(t, s, record.Spec{File: name, Append: more})
			result := d.end(t)
			if _, errs := d.seen(); result.Err == nil || len(errs) != 1 || r.State() != record.Stopped {
				t.Errorf("%q (append=%v): %v, %v", name, more, result.Err, errs)
			}
		}
		if b, _ := os.ReadFile(filepath.Join(outside, "victim.wav")); string(b) != "precious" {
			t.Error("a file outside the root was written to")
		}
		if b, _ := os.ReadFile(filepath.Join(root, "taken.wav")); string(b) != "precious" {
			t.Error("a file was written over")
		}
		if left, _ := os.ReadDir(outside); len(left) != 1 {
			t.Errorf("%d files outside the root", len(left))
		}
		if left, _ := os.ReadDir(filepath.Join(root, ".rms", "open")); len(left) != 0 {
			t.Errorf("%d markers are left", len(left))
		}
	}
}

func TestWhatIsInTheWayIsNamed(t *testing.T) {
	t.Parallel()
	root, outside := t.TempDir(), t.TempDir()
	s := open(t, record.Options{Root: root})
	trap(t, root, outside)
	const away = "take another name, or move it away"
	for _, c := range []struct {
		name, want, more string // more: with append
	}{
		{"taken.wav", "the file exists; take another name, or append=true", "there is a file without a WAV header; take another name"},
		{"dir.wav", "there is a folder of that name; " + away, ""},
		{"fifo.wav", "there is a named pipe of that name; " + away, ""},
		{"link.wav", "there is a symbolic link of that name; " + away, `"link.wav" is a symbolic link; name a place without links in it`},
		{"way/x.wav", `"way" is a symbolic link; name a place without links in it`, ""},
		{"file/x.wav", `"file" is a file, no folder; take a name in a folder, or move it away`, ""},
		{"file/deeper/x.wav", `"file" is a file, no folder; take a name in a folder, or move it away`, ""},
	} {
		for _, more := range []bool{false, true} {
			want := c.want
			if more && c.more != "" {
				want = c.more
			}
			_, d := start(t, s, record.Spec{File: c.name, Append: more})
			if err := d.end(t).Err; err == nil || !strings.HasSuffix(err.Error(), `record to "`+c.name+`": `+want) {
				t.Errorf("append=%v: %v, want %s", more, err, want)
			}
		}
	}
	r, d := start(t, s, record.Spec{Template: "dir.wav"})
	if r.Stop(0, ""); d.end(t).Err != nil || r.File() != "dir-2.wav" {
		t.Errorf("a template has %q", r.File())
	}
}

func TestTakenNamesOfATemplateGetNumbers(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	var names []string
	for range 3 {
		r, d := start(t, s, record.Spec{Template: "{call}.wav", Call: "c"})
		names = append(names, r.File())
		r.Stop(0, "")
		d.end(t)
	}
	if got := strings.Join(names, " "); got != "c.wav c-2.wav c-3.wav" {
		t.Error(got)
	}
}

func TestTwoRecordingsNeverShareAFile(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{})
	_, _ = start(t, s, record.Spec{File: "x.wav"})
	_, d := start(t, s, record.Spec{File: "x.wav", Append: true})
	if result := d.end(t); result.Err == nil {
		t.Error("a file is written to twice at a time")
	}
}

func TestHostileValuesStayInsideTheirPart(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	values := []string{
		"../../etc/passwd", "/etc/passwd", "a\x00b", "..", ".", "", "x\r\nX: y", strings.Repeat("9", 10_000), strings.Repeat("/", 10_000),
		`"Bob" <sip:bob@example.com>`, "sip:100@10.0.0.1;user=phone", "\xff\xfe", "日本", "{call}", "%00", "a b",
	}
	seen := map[string]string{}
	for _, v := range values {
		r, d := start(t, s, record.Spec{Template: "calls/{from}.wav", Value: func(string) string { return v }})
		name := r.File()
		r.Stop(0, "")
		if result := d.end(t); result.Err != nil {
			t.Errorf("%.40q: %v", v, result.Err)
		}
		base := strings.TrimPrefix(name, "calls/")
		if base == name || strings.Contains(base, "/") || len(base) > 64+len(".wav") || base[0] == '.' {
			t.Errorf("%.40q makes %q", v, name)
		}
		if other, twice := seen[name]; twice {
			t.Errorf("%.40q and %.40q share %q", v, other, name)
		}
		seen[name] = v
	}
}

func TestTemplatesAreChecked(t *testing.T) {
	t.Parallel()
	for _, good := range []string{record.DefaultTemplate, "{a}.wav", "x/{year}/{month}/{a}-{b}.wav", "{a}.wav.age"} {
		if err := record.CheckTemplate(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "{a}", "../{a}.wav", "/x/{a}.wav", "{a.wav", "{a}/.wav", "{a}.mp3", "{a}\n.wav"} {
		if err := record.CheckTemplate(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

func FuzzNamesStayBelowTheRoot(f *testing.F) {
	for _, name := range hostile {
		f.Add(name, false)
		f.Add(name, true)
	}
	root := f.TempDir()
	dir, err := record.OpenDir(root)
	if err != nil {
		f.Fatal(err)
	}
	defer dir.Close()
	f.Fuzz(func(t *testing.T, text string, value bool) {
		name := text
		if value {
			name = record.Harmless(text) + ".wav"
			if len(name) > 68 {
				t.Fatalf("%q is long", name)
			}
		}
		err := record.CheckTemplate(name)
		if value && err != nil {
			t.Fatalf("%q makes %q: %v", text, name, err)
		}
		if err == nil && !strings.Contains(name, "{") && !fs.ValidPath(name) {
			t.Fatalf("%q passes", name)
		}
	})
}

func TestNoRecordingStartsWithoutRoom(t *testing.T) {
	t.Parallel()
	s := open(t, record.Options{MinFree: 1 << 62})
	if _, err := s.Start(record.Spec{}); !errors.Is(err, record.ErrFull) {
		t.Errorf("err = %v", err)
	}
	if s.Healthy() == nil {
		t.Error("healthy without room")
	}
}
