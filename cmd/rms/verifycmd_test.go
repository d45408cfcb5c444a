package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/media/record/ledger"
)

// recordings makes a folder with two recordings, and returns it with its head.
func recordings(t *testing.T) (dir, head string) {
	t.Helper()
	dir = t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	l, err := ledger.Open(root, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{"one.wav", "two.wav"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o640); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(name))
		sc := &ledger.Sidecar{ID: name, File: name, State: ledger.Complete, Bytes: int64(len(name)), SHA256: hex.EncodeToString(sum[:])}
		if err := l.Append(sc); err != nil {
			t.Fatal(err)
		}
	}
	return dir, l.Head().String()
}

func TestVerifySaysThatAllIsInOrder(t *testing.T) {
	t.Parallel()
	dir, head := recordings(t)
	code, out, errs := rms(t, "verify", dir, "--public", filepath.Join(dir, ".rms", "key.pub"), "--head", head)
	if code != exitOK || errs != "" || !strings.Contains(out, "all in order: 2 recordings (14 B) checked") || !strings.Contains(out, "\nhead "+head+"\n") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

func TestVerifyEndsWithOneWhenSomethingIsWrong(t *testing.T) {
	t.Parallel()
	dir, _ := recordings(t)
	file := filepath.Join(dir, "one.wav")
	if err := os.WriteFile(file, []byte("eno.wav"), 0o640); err != nil {
		t.Fatal(err)
	}
	code, out, _ := rms(t, "verify", dir)
	if code != exitError || !strings.Contains(out, `altered: "one.wav"`) || !strings.Contains(out, "1 wrong: 2 recordings") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out, _ = rms(t, "verify", "--json", dir)
	var r ledger.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitError || len(r.Problems) != 1 || r.Problems[0].Fault != ledger.Altered {
		t.Errorf("exit code %d, %v\n%s", code, err, out)
	}
	if code, out, _ = rms(t, "verify", file); code != exitError || !strings.Contains(out, "1 wrong: 1 recording (") {
		t.Errorf("one file: exit code %d\n%s", code, out)
	}
	if code, out, _ = rms(t, "verify", filepath.Join(dir, "two.wav")); code != exitOK {
		t.Errorf("the other file: exit code %d\n%s", code, out)
	}
}

func TestVerifyTeachesWhatItWants(t *testing.T) {
	t.Parallel()
	dir, _ := recordings(t)
	for want, args := range map[string][]string{
		"which DIR":              {"verify"},
		"64 hexadecimal digits":  {"verify", dir, "--head", "12"},
		"no such file":           {"verify", dir, "--public", "/nowhere"},
		"neither PEM nor":        {"verify", dir, "--public", filepath.Join(dir, "one.wav")},
		"One folder, the server": {"verify", dir, dir},
	} {
		if code, _, errs := rms(t, args...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%q: exit code %d, %s, want %q", args, code, errs, want)
		}
	}
	if code, _, errs := rms(t, "verify", filepath.Join(dir, "none")); code != exitError || !strings.Contains(errs, "no such file") {
		t.Errorf("no folder: exit code %d, %s", code, errs)
	}
	if code, out, _ := rms(t, "verify", t.TempDir()); code != exitError || !strings.Contains(out, "rms never recorded here") {
		t.Errorf("an empty folder: exit code %d, %s", code, out)
	}
}
