package target_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/media"
)

// One byte is " 0xd5", not the original's " 0xffffffd5".
func TestRSTWriteHexWritesTwoDigitsAByte(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.HexDir, o.Codec = filepath.Join(t.TempDir(), "nway", "records"), media.Codec{Name: "PCMA"}
	s := openRST(t, o)
	pcm := make([]int16, 480) // one frame and a half
	for i := range 240 {
		pcm[2*i+1] = -32768
	}
	s.write(pcm, 2)
	s.finish()
	for name, want := range map[string]string{
		rstID + "_18621575908.hex": strings.Repeat(" 0xd5", 240),
		rstID + "_02131570530.hex": strings.Repeat(" 0x2a", 240),
	} {
		b, err := os.ReadFile(filepath.Join(o.HexDir, name))
		if err != nil || string(b) != want {
			t.Errorf("%s: %.40q, %v", name, b, err)
		}
	}
	if p := s.handler.all(); len(p) != 0 {
		t.Errorf("%q", p)
	}
}

func TestRSTWriteHexNamesAreSanitised(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	for _, c := range []struct {
		caller, callee string
		want           []string
	}{
		{"../../x\n", "a/b:c", []string{"x", "abc"}},
		{"", "..", []string{"unknown", "unknown-W"}},
		{"42", "42", []string{"42", "42-W"}},
	} {
		o := far.options()
		o.HexDir, o.Caller, o.Callee = t.TempDir(), c.caller, c.callee
		s := openRST(t, o)
		s.write(rstRamp(160, 2), 2)
		s.finish()
		all, err := os.ReadDir(o.HexDir)
		if err != nil || len(all) != 2 {
			t.Fatalf("%v, %v", all, err)
		}
		for _, part := range c.want {
			if b, err := os.ReadFile(filepath.Join(o.HexDir, rstID+"_"+part+".hex")); err != nil || len(b) != 160*5 {
				t.Errorf("%s: %d bytes, %v", part, len(b), err)
			}
		}
	}
}

func TestRSTWriteHexDoesNotFollowALinkOutOfItsFolder(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.HexDir = t.TempDir()
	outside := filepath.Join(t.TempDir(), "victim")
	if err := os.Symlink(outside, filepath.Join(o.HexDir, rstID+"_18621575908.hex")); err != nil {
		t.Fatal(err)
	}
	s := openRST(t, o)
	far.next()
	rstProblem(t, s, "hex dump")
	s.write(rstRamp(160, 2), 2)
	far.data() // the stream goes on
	s.finish()
	if _, err := os.Lstat(outside); err == nil {
		t.Error("the file outside was made")
	}
	s.ended()
}

// A disk that takes nothing costs frames of the dump, none of the stream.
func TestRSTWriteHexNeverHoldsTheStreamUp(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.HexDir, o.Format.Channels = t.TempDir(), 1
	stuck := filepath.Join(o.HexDir, rstID+"_18621575908.hex")
	if err := syscall.Mkfifo(stuck, 0o600); err != nil {
		t.Skip(err)
	}
	s := openRST(t, o)
	far.next()
	for range 150 {
		s.write(rstRamp(160, 1), 1)
		far.data()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	s.Finish(ctx, "")
	s.ended()
	if p := strings.Join(s.handler.all(), "; "); !strings.Contains(p, "50 frames are missing") {
		t.Errorf("%q: want the 50 frames that found no room", p)
	}
	reader, err := os.Open(stuck) // lets the dump go on and end
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	b := make([]byte, 5)
	if _, err := reader.Read(b); err != nil || !strings.HasPrefix(string(b), " 0x") {
		t.Errorf("%q, %v", b, err)
	}
}

// A full disk is said once, and what is missing is counted.
func TestRSTWriteHexTellsOfAFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.HexDir = filepath.Join(file, "records")
	s := openRST(t, o)
	rstProblem(t, s, "hex dump")
	s.finish()
	s.ended()
}

func rstProblem(t *testing.T, s *rstStream, want string) {
	t.Helper()
	for end := time.Now().Add(rstPatience); ; time.Sleep(time.Millisecond) {
		if p := s.handler.all(); len(p) > 0 {
			if !strings.Contains(p[0], want) {
				t.Errorf("%q", p)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatal("no problem is told")
		}
	}
}
