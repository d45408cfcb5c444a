package prompt_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/call/prompt"
	"rms/media/wav/wavtest"
)

func TestNamesAreLookedUpRootByRootThenEmbedded(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	put(t, one, "both.wav", wavtest.Tone{Duration: 100 * time.Millisecond})
	put(t, two, "both.wav", wavtest.Tone{Duration: 200 * time.Millisecond})
	only := put(t, two, "sub/only two.wav", wavtest.Tone{Duration: 300 * time.Millisecond})
	put(t, two, "beep.wav", wavtest.Tone{Duration: 400 * time.Millisecond})
	c := newCache(t, prompt.Options{Roots: []string{one, "/no/such/folder", two}})
	cd := lookup(t, "PCMU", 8000)
	for name, want := range map[string]int{
		"both.wav": 800, "./both.wav": 800, "sub/only two.wav": 2400, only: 2400, two + "/both.wav": 1600, "beep.wav": 3200,
		"welcome.wav": 15200,
	} {
		p, err := c.Get(t.Context(), name, cd)
		if err != nil || p.Samples != want {
			t.Errorf("%s: %v, want %d samples", name, err, want)
		}
	}
}

func TestRootThatAppearsLaterIsUsed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "later")
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	if _, err := c.Get(t.Context(), "a.wav", cd); err == nil || !strings.Contains(err.Error(), dir+" (no such folder), the prompts built in") {
		t.Errorf("%v", err)
	}
	put(t, dir, "a.wav", wavtest.Tone{})
	get(t, c, "a.wav", cd)
}

func TestNothingOutsideTheRootsIsOpened(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	root := filepath.Join(top, "root")
	secret := put(t, top, "secret.wav", wavtest.Tone{})
	put(t, top, "root2/a.wav", wavtest.Tone{})
	put(t, root, "ok.wav", wavtest.Tone{})
	for name, to := range map[string]string{"out.wav": secret, "rel.wav": "../secret.wav", "up": "..", "in.wav": "ok.wav", "loop.wav": "loop.wav", "dev.wav": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "fifo.wav"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{root}})
	cd := lookup(t, "PCMU", 8000)
	for name, want := range map[string]string{
		"": "the name is empty", "..": `holds ".."`, "../secret.wav": `holds ".."`, "x/../../secret.wav": `holds ".."`, root + "/../secret.wav": `holds ".."`,
		secret: "outside the media roots", top + "/root2/a.wav": "outside the media roots", "/etc/passwd": "outside the media roots", root: "outside the media roots",
		"/dev/zero": "outside the media roots", "a\x00b.wav": "NUL", strings.Repeat("x", 5000): "longer than 4096",
		"out.wav": "a link leads out of the media root", "rel.wav": "a link leads out of the media root", "up/secret.wav": "a link leads out of the media root", "dev.wav": "a link leads out of the media root",
		"loop.wav": "", "fifo.wav": "it is a named pipe, not a file", ".": "it is a folder", "no.wav": "no such file in " + root + ", the prompts built in", "ok.wav/x": "no such file",
		"%2e%2e/secret.wav": "no such file", "..\\secret.wav": "no such file", "file:///etc/passwd": "no such file", strings.Repeat("y", 300) + ".wav": "", root + "/no.wav": "no such file in",
	} {
		began := time.Now()
		_, err := c.Get(t.Context(), name, cd)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "prompt \"") {
			t.Errorf("%.40q: %v, want ...%s", name, err, want)
			continue
		}
		if strings.ContainsAny(err.Error(), "\x00\n") || len(err.Error()) > 600 {
			t.Errorf("%.40q: message %q", name, err)
		}
		t.Logf("%v (%v)", err, time.Since(began).Round(time.Microsecond))
	}
	for _, name := range []string{"ok.wav", "in.wav", root + "/in.wav"} {
		get(t, c, name, cd)
	}
}

func TestRootIsKnownByItsRealNameToo(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	name := put(t, top, "real/a.wav", wavtest.Tone{})
	link := filepath.Join(top, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{link}})
	cd := lookup(t, "PCMU", 8000)
	get(t, c, name, cd)
	get(t, c, filepath.Join(link, "a.wav"), cd)
}

func TestRootThatIsAFileIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	name := put(t, t.TempDir(), "a.wav", wavtest.Tone{})
	if _, err := prompt.New(prompt.Options{Roots: []string{name}}); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("%v", err)
	}
}

func TestUnreadableFileSaysWhy(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	if err := os.Chmod(put(t, dir, "a.wav", wavtest.Tone{}), 0); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	if _, err := c.Get(t.Context(), "a.wav", lookup(t, "PCMU", 8000)); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("%v", err)
	}
}
