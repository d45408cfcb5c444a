package record_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"rms/media/record"
	"rms/media/record/seal"
	"rms/media/wav"
)

// keys returns a new pair of keys.
func keys(t *testing.T) ([]seal.Recipient, []seal.Identity, age.Identity) {
	t.Helper()
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to, err := seal.ParseRecipients([]string{pair.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := seal.ParseIdentities(strings.NewReader(pair.String() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return to, ids, pair
}

func TestAnEncryptedRecordingIsOpenedByAge(t *testing.T) {
	t.Parallel()
	to, _, id := keys(t)
	for _, kind := range []record.Sides{record.Stereo, record.Mixed} {
		root := t.TempDir()
		s := open(t, record.Options{Root: root})
		r, d := start(t, s, record.Spec{File: "x.wav", Sides: kind, Recipients: to})
		phone(t, r)
		for n := range 250 {
			if n == 150 {
				r.Pause(3 * time.Second)
			}
			both(r, n)
			if n%10 == 9 {
				s.TurnAll()
			}
		}
		r.Stop(5*time.Second, "")
		result := d.end(t)
		if result.Err != nil || result.File != "x.wav.age" || len(result.Sidecar.EncryptedTo) != 1 || result.Sidecar.Samples != 40000 {
			t.Errorf("%+v", result)
		}
		f, err := os.Open(filepath.Join(root, result.File))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := age.Decrypt(f, id)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(plain)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, pcm := decode(t, b)
		x, y := heard(tone(0, 40000, 440, 8000)), heard(tone(0, 40000, 1000, 8000))
		clear(x[24000:])
		clear(y[24000:])
		same(t, kind.String(), pcm, together(kind, x, y))
		if _, err := os.Stat(filepath.Join(root, result.File+seal.TailSuffix)); err == nil {
			t.Error("the tail is left")
		}
		if _, err := r.ReadAt(make([]byte, 1), 0); err == nil {
			t.Error("an encrypted file is read as if it were plain")
		}
	}
}

// TestAnEncryptedRecordingLosesAtMostASecond copies the files in the middle of a call in
// which packets are missing, as a crash would leave them.
func TestAnEncryptedRecordingLosesAtMostASecond(t *testing.T) {
	t.Parallel()
	to, ids, _ := keys(t)
	root := t.TempDir()
	s := open(t, record.Options{Root: root})
	r, d := start(t, s, record.Spec{File: "x.wav", Recipients: to})
	phone(t, r)
	for n := range 245 {
		if n%40 != 39 {
			r.Packet(0, sides[0].packet(n, time.Duration(n)*tick))
		}
		r.Packet(1, sides[1].packet(n, time.Duration(n)*tick))
		r.Tick(time.Duration(n+1) * tick)
		if n%10 == 9 {
			time.Sleep(100 * time.Millisecond) // the tail is saved by the clock on the wall
			s.TurnAll()
		}
	}
	file, err := os.ReadFile(filepath.Join(root, "x.wav.age"))
	if err != nil {
		t.Fatal(err)
	}
	tail, err := os.ReadFile(filepath.Join(root, "x.wav.age"+seal.TailSuffix))
	if err != nil {
		t.Fatal(err)
	}
	in, err := seal.Open(bytes.NewReader(file), int64(len(file)), tail, ids)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(in)
	if err != nil || in.Complete() {
		t.Errorf("read: %v, complete: %v", err, in.Complete())
	}
	pcm := plain[wav.HeaderSize:]
	if have := time.Duration(len(pcm)/4) * time.Second / 8000; have < 3500*time.Millisecond {
		t.Errorf("%v of 4.9 s are there", have)
	}
	want := heard(tone(0, len(pcm)/4, 1000, 8000))
	got := make([]int16, len(want))
	for i := range got {
		got[i] = int16(uint16(pcm[4*i+2]) | uint16(pcm[4*i+3])<<8)
	}
	same(t, "callee", got, want)
	r.Stop(4900*time.Millisecond, "")
	d.end(t)
}
