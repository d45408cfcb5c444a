package recordcmd_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/record/shelf/shelftest"
)

// repaired puts an encrypted recording of so many frames there of which a crash left one
// chunk, and the rest in the tail. It returns the file with the key.
func (s *shell) repaired(id, name string, frames int) (keys string) {
	s.t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		s.t.Fatal(err)
	}
	to, err := seal.ParseRecipients([]string{key.Recipient().String()})
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.desk.Dir, name)
	f, err := os.Create(file)
	if err != nil {
		s.t.Fatal(err)
	}
	w, err := seal.NewWriter(f, seal.Options{To: to, Tail: func(tail []byte) error { return os.WriteFile(file+seal.TailSuffix, tail, 0o600) }})
	if err != nil {
		s.t.Fatal(err)
	}
	ramp := shelftest.Ramp(s.t, frames)
	late := len(ramp) - 400
	_, err = w.Write(ramp[:late])
	if err = errors.Join(err, w.Flush(ramp[late:]), f.Close()); err != nil { // and no Close of w
		s.t.Fatal(err)
	}
	rec := &ledger.Sidecar{ID: id, File: name, State: ledger.Repaired, Channels: 2, Rate: 8000, EncryptedTo: []string{key.Recipient().String()}}
	rec.Bytes, rec.SHA256 = sum(s.t, file)
	_, rec.Tail = sum(s.t, file+seal.TailSuffix)
	keys = filepath.Join(s.home, "key.txt")
	if err := errors.Join(s.desk.Ledger.Append(rec), os.WriteFile(keys, []byte(key.String()+"\n"), 0o600)); err != nil {
		s.t.Fatal(err)
	}
	return keys
}

func sum(t *testing.T, file string) (int64, string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := sha256.Sum256(b)
	return int64(len(b)), hex.EncodeToString(n[:])
}

func TestExportJoinsTheTailInTheFolderAndThroughTheServer(t *testing.T) {
	t.Parallel()
	const frames = 30000 // 120 kB: one chunk and most of another
	for name, serve := range map[string]bool{"folder": false, "server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, serve)
			keys := s.repaired("ab12", "e.wav.age", frames)
			if !serve {
				if err := s.desk.Ledger.Close(); err != nil {
					t.Fatal(err)
				}
			}
			out := filepath.Join(s.home, "e.wav")
			_, said, err := s.do("export", "ab12", "--identity", keys, "-o", out)
			if err != nil || !strings.Contains(said, "wrote") {
				t.Fatalf("%v: %s", err, said)
			}
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			want := shelftest.Ramp(t, frames)
			if info := head(t, out); info.Frames != frames || !bytes.Equal(got[len(got)-4*frames:], want[len(want)-4*frames:]) {
				t.Errorf("%d of %d frames: %s", info.Frames, frames, said)
			}
			if out, _, err := s.do("play", "ab12", "--identity", keys); err != nil || !bytes.HasSuffix([]byte(out), want[len(want)-4*frames:]) {
				t.Errorf("play: %v, %d bytes", err, len(out))
			}
		})
	}
}
