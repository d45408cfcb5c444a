package recordcmd_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/cmd/rms/ctl"
	"rms/cmd/rms/recordcmd"
	"rms/media/record/ledger"
	"rms/media/record/shelf/shelftest"
	"rms/media/wav"
	"rms/scripting/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// parse reads flags and words in any order.
func parse(fs *flag.FlagSet, args []string) (words []string, err error) {
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			break
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
	return words, nil
}

// shell runs commands on a folder, and at a server that has it open.
type shell struct {
	t    *testing.T
	desk *shelftest.Desk
	url  string
	home string
}

func newShell(t *testing.T, serve bool) *shell {
	t.Helper()
	s := &shell{t: t, desk: shelftest.New(t), home: t.TempDir()}
	if !serve {
		return s
	}
	server, err := httpapi.Open(httpapi.Options{Listen: netip.MustParseAddrPort("127.0.0.1:0"), Recordings: s.desk.Shelf, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + server.Addr().String()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
	})
	return s
}

// do runs a command; without a server nobody else has the books open.
func (s *shell) do(words ...string) (out, said string, err error) {
	s.t.Helper()
	var o, e bytes.Buffer
	env := &recordcmd.Env{
		Out: &o, Err: &e, By: "test", Root: func(string) (string, string, error) { return s.desk.Dir, "", nil }, Parse: parse, PrintFlags: func(*flag.FlagSet) {},
		Connect: func(p ctl.Place) (*ctl.Client, error) {
			if s.url == "" {
				return nil, errors.New("there is no server")
			}
			return ctl.NewClient(ctl.Options{URL: s.url})
		},
		Verify: func(_ context.Context, words []string) error {
			_, err := io.WriteString(&o, "verify "+strings.Join(words, " "))
			return err
		},
	}
	err = env.Run(s.t.Context(), words)
	return o.String(), e.String(), err
}

func (s *shell) ok(words ...string) string {
	s.t.Helper()
	out, said, err := s.do(words...)
	if err != nil {
		s.t.Errorf("%v: %v %s", words, err, said)
	}
	return out
}

func (s *shell) fails(want string, words ...string) {
	s.t.Helper()
	if out, _, err := s.do(words...); err == nil || !strings.Contains(err.Error(), want) {
		s.t.Errorf("%v: %v, want %q; %s", words, err, want, out)
	}
}

func (s *shell) has(text string, wanted ...string) {
	s.t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			s.t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// The same words do the same on a folder and at the server that has it open.
func TestCommandsWorkOnAFolderAndAtItsServer(t *testing.T) {
	t.Parallel()
	for _, serve := range []bool{false, true} {
		s := newShell(t, serve)
		s.desk.Put("aa11", "day/a.wav", 8000)
		s.desk.Put("ab22", "day/b.wav", 16000)
		g := s.desk.Grow("cc33", "c.wav")
		g.Add(4000)
		if !serve {
			if err := s.desk.Ledger.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s.has(s.ok("list"), "aa11", "0:02", "recording", "day/a.wav")
		if got := strings.Fields(s.ok("list", "--ids", "--state", "complete")); len(got) != 2 || got[0] != "ab22" {
			t.Errorf("%v", got)
		}
		s.has(s.ok("list", "--json", "--limit", "1"), `"id":"cc33"`)
		s.has(s.ok("list", "--to", "2001-01-01"), "no recordings")
		s.has(s.ok("show", "aa", "--ascii", "--width", "60"), "side 1", "side 2", "sha256", "aa11", "day/a.wav")
		s.has(s.ok("show", "last"), "still recording", "cc33")
		s.has(s.ok("show", "day/b.wav", "--json"), `"id": "ab22"`)
		s.has(s.ok("show", "aa11", "--svg", "-"), "<svg ", "day/a.wav")
		s.fails("several recordings", "show", "a")
		s.fails("no recording", "show", "zz")
		s.fails("which REC", "show")
		file := filepath.Join(s.home, "out.wav")
		s.ok("export", "aa11", "-o", file)
		s.fails("--force", "export", "aa11", "-o", file)
		s.ok("export", "aa11", "-o", file, "--side", "1", "--format", "alaw", "--force")
		if info := head(t, file); info.Format.Channels != 1 || info.Encoding != wav.Alaw || info.Frames != 8000 {
			t.Errorf("%+v", info)
		}
		s.fails("--side", "export", "aa11", "-o", file+"2", "--side", "third")
		if _, err := os.Stat(file + "2"); err == nil {
			t.Error("half a file was left")
		}
		s.ok("export", "aa11", "ab22", "--dir", s.home)
		if n := len(s.ok("play", "ab22")); n != 94+4*16000 {
			t.Errorf("%d bytes were played", n)
		}
		s.fails("--why", "hold", "aa11")
		s.has(s.ok("hold", "aa11", "ab22", "--why", "case"), "on hold: aa11")
		s.fails("legal hold", "delete", "aa11", "--why", "x")
		s.fails("still being made", "delete", "cc33", "--why", "x")
		s.has(s.ok("release", "aa11"), "released: aa11")
		s.has(s.ok("delete", "aa11", "--why", "x"), "deleted: aa11")
		s.fails("no recording", "show", "aa11")
		if _, _, err := s.do("upload", "ab22"); err == nil {
			t.Error("delivered to nowhere")
		}
		s.has(s.ok("verify"), "verify "+s.desk.Dir)
		s.has(s.ok("verify", "ab22"), filepath.Join("day", "b.wav"))
	}
}

func head(t *testing.T, name string) wav.Info {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r.Info()
}

func TestAccessesAreNotedInTheFolder(t *testing.T) {
	t.Parallel()
	s := newShell(t, false)
	s.desk.Put("aa11", "a.wav", 800)
	if err := s.desk.Ledger.Close(); err != nil {
		t.Fatal(err)
	}
	s.ok("show", "aa11")
	s.ok("play", "aa11")
	s.ok("export", "aa11", "--dir", s.home)
	chain, err := os.ReadFile(filepath.Join(s.desk.Dir, ".rms", "chain.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	s.has(string(chain), `"what":"play"`, `"what":"export"`, `"who":"test"`)
	if strings.Contains(string(chain), `"what":"look"`) {
		t.Error("a look at the sidecar was noted")
	}
}

func TestAFileThatRMSDidNotMakeIsShown(t *testing.T) {
	t.Parallel()
	s := newShell(t, false)
	name := filepath.Join(s.home, "other.wav")
	if err := os.WriteFile(name, shelftest.Ramp(t, 8000), 0o600); err != nil {
		t.Fatal(err)
	}
	s.has(s.ok("show", name), "other.wav", "length 0:01.0")
	if files, _ := os.ReadDir(s.home); len(files) != 1 {
		t.Errorf("something was put beside it: %v", files)
	}
	s.fails("no recording", "show", filepath.Join(s.home, "missing.wav"))
	s.fails("no recording", "show", "/etc/passwd")
}

func TestEncryptedRecordingsNeedTheirKey(t *testing.T) {
	t.Parallel()
	s := newShell(t, false)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(s.home, "key.txt")
	if err := os.WriteFile(keys, []byte(key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, key.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(shelftest.Ramp(t, 8000))
	if err := errors.Join(err, w.Close(), os.WriteFile(filepath.Join(s.desk.Dir, "e.wav.age"), sealed.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	rec := &ledger.Sidecar{ID: "ee55", File: "e.wav.age", State: ledger.Complete, SHA256: strings.Repeat("0", 64), Channels: 2, Rate: 8000, EncryptedTo: []string{key.Recipient().String()}}
	if err := errors.Join(s.desk.Ledger.Append(rec), s.desk.Ledger.Close()); err != nil {
		t.Fatal(err)
	}
	s.has(s.ok("show", "ee55"), "encrypted", "--identity")
	s.fails("--identity", "export", "ee55", "--dir", s.home)
	s.fails("--identity", "play", "ee55")
	s.has(s.ok("show", "ee55", "--identity", keys), "length 0:01.0")
	s.ok("export", "ee55", "--dir", s.home, "--identity", keys)
	if info := head(t, filepath.Join(s.home, "e.wav")); info.Frames != 8000 {
		t.Errorf("%+v", info)
	}
	s.ok("export", "ee55", "-o", filepath.Join(s.home, "left.wav"), "--side", "0", "--identity", keys)
}

func TestMistakesAreTold(t *testing.T) {
	t.Parallel()
	s := newShell(t, false)
	for want, words := range map[string][]string{
		"no command":       {"burn"},
		"--limit":          {"list", "--limit", "0"},
		"--state":          {"list", "--state", "gone"},
		"want a day":       {"list", "--from", "yesterday"},
		"unexpected":       {"show", "a", "b"},
		"-o is for one":    {"export", "a", "b", "-o", "x"},
		"--format":         {"export", "a", "--format", "mp3"},
		"need a file":      {"export", "a", "--side", "0", "-o", "-"},
		"there is no":      {"list", "--url", "http://127.0.0.1:1"},
		"give one":         {"list", "--url", "http://127.0.0.1:1", "--root", "x"},
		"no recordings in": {"list", "--root", filepath.Join(s.home, "none")},
	} {
		s.fails(want, words...)
	}
}

func TestAFolderThatIsInUseSaysWhereToAsk(t *testing.T) {
	t.Parallel()
	s := newShell(t, false)
	s.desk.Put("aa11", "a.wav", 8)
	s.url = "http://127.0.0.1:1"
	s.has(s.ok("list"), "aa11")
	s.fails("--socket or --url", "export", "aa11", "--dir", s.home)
	s.fails("--socket or --url", "delete", "aa11", "--why", "x")
}

func TestAnotherServerIsNotAskedForTheRecordingsOfAFolder(t *testing.T) {
	t.Parallel()
	other := newShell(t, true)
	other.desk.Put("bb22", "b.wav", 8)
	s := newShell(t, false)
	s.desk.Put("aa11", "a.wav", 8)
	s.url = other.url
	for _, ref := range []string{"last", "aa11", "a.wav"} {
		s.fails("has other recordings", "delete", ref, "--why", "x")
		s.fails("has other recordings", "play", ref)
	}
	s.fails("no recording", "delete", "bb22", "--why", "x")
	other.has(other.ok("list"), "bb22")
}
