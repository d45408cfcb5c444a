package seal_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"rms/media/record/seal"
)

const chunk = 64 << 10

func TestAgeOpensAFinishedRecordingOfAnyLength(t *testing.T) {
	t.Parallel()
	id, to, ids := keys(t)
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3*chunk + 17} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d, want := &disk{}, sound(n)
			w := writer(t, d, to)
			for rest := want; len(rest) > 0; {
				part := rest[:min(len(rest), 8191)]
				_, err := w.Write(part)
				must(t, err)
				must(t, w.Flush(nil))
				rest = rest[len(part):]
			}
			must(t, w.Close())
			if d.tail != nil {
				t.Error("the tail is left over")
			}
			if w.Written() != int64(n) || w.Size() != int64(len(d.file)) {
				t.Errorf("written %d, size %d, want %d, %d", w.Written(), w.Size(), n, len(d.file))
			}
			plain, err := age.Decrypt(bytes.NewReader(d.file), id)
			must(t, err)
			if !bytes.Equal(readAll(t, plain), want) {
				t.Error("age reads something else")
			}
			r := open(t, d.file, nil, ids)
			if !r.Complete() || r.Joined() != 0 || !bytes.Equal(readAll(t, r), want) {
				t.Errorf("our reader: complete %v, joined %d, %v", r.Complete(), r.Joined(), r.Broken())
			}
		})
	}
}

func TestAgeProgramOpensAFinishedRecording(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("age"); err != nil {
		const text = "age is not installed"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	id, to, _ := keys(t)
	d, want := &disk{}, sound(3*chunk/2)
	w := writer(t, d, to)
	_, err := w.Write(want)
	must(t, err)
	must(t, w.Flush([]byte("unsettled")))
	tail := bytes.Clone(d.tail)
	must(t, w.Close())
	for name, f := range map[string]struct{ sealed, want []byte }{
		"recording": {d.file, want},
		"tail":      {tail, append(fmt.Appendf(nil, "rms-tail %020d\n", chunk), append(want[chunk:], "unsettled"...)...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "key"), []byte(id.String()), 0o600))
			must(t, os.WriteFile(filepath.Join(dir, "sealed"), f.sealed, 0o600))
			cmd := exec.Command("age", "-d", "-i", "key", "sealed")
			var complaint strings.Builder
			cmd.Dir, cmd.Stderr = dir, &complaint
			out, err := cmd.Output()
			if err != nil || !bytes.Equal(out, f.want) {
				t.Errorf("age -d: %v, %d bytes of %d\n%s", err, len(out), len(f.want), complaint.String())
			}
		})
	}
}

func TestSSHKeysOpenRecordings(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	_, secret, err := ed25519.GenerateKey(nil)
	must(t, err)
	private, err := ssh.MarshalPrivateKey(secret, "comment")
	must(t, err)
	public, err := ssh.NewPublicKey(secret.Public())
	must(t, err)
	shell, err := seal.ParseRecipients([]string{strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))) + " comment"})
	must(t, err)
	if name := shell[0].Name; !strings.HasPrefix(name, "ssh-ed25519 AAAA") || strings.Contains(name, "comment") {
		t.Errorf("name %q", name)
	}
	d := &disk{}
	w := writer(t, d, append(shell, to...))
	_, err = w.Write([]byte("hello"))
	must(t, err)
	must(t, w.Close())
	for _, who := range [][]seal.Identity{ids, identities(t, string(pem.EncodeToMemory(private)))} {
		if got := readAll(t, open(t, d.file, nil, who)); string(got) != "hello" {
			t.Errorf("%q", got)
		}
	}
}

func TestOpenNamesAWrongKey(t *testing.T) {
	t.Parallel()
	_, to, _ := keys(t)
	_, _, others := keys(t)
	d := &disk{}
	w := writer(t, d, to)
	must(t, w.Flush([]byte("x")))
	for _, ids := range [][]seal.Identity{others, nil} {
		if _, err := seal.Open(bytes.NewReader(d.file), int64(len(d.file)), d.tail, ids); !errors.Is(err, seal.ErrIdentity) {
			t.Errorf("%v", err)
		}
	}
}

func TestParseRecipientsRefuses(t *testing.T) {
	t.Parallel()
	id, _, _ := keys(t)
	pq, err := age.GenerateHybridIdentity()
	must(t, err)
	for _, list := range [][]string{
		{""}, {"hello"}, {"age1xyz"}, {id.String()}, {"-----BEGIN OPENSSH PRIVATE KEY-----"}, {"ssh-ed25519 xx"},
		{id.Recipient().String() + "\n" + id.Recipient().String()},
		{id.Recipient().String(), pq.Recipient().String()},
		make([]string, 21),
	} {
		_, err := seal.ParseRecipients(list)
		if err == nil {
			t.Errorf("%q was taken", list)
		} else if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), id.String()) {
			t.Errorf("the error tells a private key: %v", err)
		}
	}
	if to, err := seal.ParseRecipients(nil); to != nil || err != nil {
		t.Errorf("none: %v, %v", to, err)
	}
	to, err := seal.ParseRecipients([]string{pq.Recipient().String()})
	must(t, err)
	d := &disk{}
	w := writer(t, d, to)
	must(t, w.Close())
	if plain, err := age.Decrypt(bytes.NewReader(d.file), pq); err != nil || len(readAll(t, plain)) != 0 {
		t.Errorf("a hybrid key: %v", err)
	}
}

func TestParseIdentitiesNeverTellsThem(t *testing.T) {
	t.Parallel()
	id, _, _ := keys(t)
	_, err := seal.ParseIdentities(strings.NewReader(id.String() + "X"))
	if err == nil || strings.Contains(err.Error(), "AGE-SECRET") {
		t.Errorf("%v", err)
	}
}

func TestWriterTakesTheSameAgainWhenTheDiskWasFull(t *testing.T) {
	t.Parallel()
	id, to, _ := keys(t)
	d, want := &disk{limited: true, room: 50_000}, sound(3*chunk)
	w := writer(t, d, to)
	refusals := 0
	for rest := want; len(rest) > 0; {
		n, err := w.Write(rest[:min(len(rest), 30_000)])
		rest = rest[n:]
		if err == nil {
			err = w.Flush(nil)
		}
		if err != nil {
			if !errors.Is(err, errFull) {
				t.Fatal(err)
			}
			refusals++
			d.room += 40_000
		}
	}
	for w.Close() != nil {
		refusals++
		d.room += 10_000
	}
	if refusals < 3 {
		t.Errorf("the disk refused only %d times", refusals)
	}
	plain, err := age.Decrypt(bytes.NewReader(d.file), id)
	must(t, err)
	if !bytes.Equal(readAll(t, plain), want) {
		t.Error("the recording is not what was taken")
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, seal.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestReaderNoticesWhatWasAltered(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	d := &disk{}
	w := writer(t, d, to)
	_, err := w.Write(sound(3 * chunk))
	must(t, err)
	must(t, w.Close())
	d.file[len(d.file)/2] ^= 1
	r := open(t, d.file, nil, ids)
	if _, err := io.ReadAll(r); err == nil || !strings.Contains(err.Error(), "altered or damaged between its bytes") {
		t.Errorf("%v", err)
	}
	// Cut off at the border of a chunk it is shorter, and says so.
	d.file[len(d.file)/2] ^= 1
	r = open(t, d.file[:len(d.file)-chunk-16], nil, ids)
	if r.Complete() || r.Size() != 2*chunk {
		t.Errorf("cut off: complete %v, %d bytes", r.Complete(), r.Size())
	}
}

func TestATailOfAnotherRecordingIsNotJoined(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	mine, other := &disk{}, &disk{}
	for _, d := range []*disk{mine, other} {
		w := writer(t, d, to)
		must(t, w.Flush([]byte("something")))
	}
	r := open(t, mine.file, other.tail, ids)
	if r.Size() != 0 || r.Complete() || r.Joined() != 0 {
		t.Errorf("%d bytes", r.Size())
	}
	damaged := bytes.Clone(mine.tail)
	damaged[len(damaged)-1] ^= 1
	if r = open(t, mine.file, damaged, ids); r.Size() != 0 || !strings.Contains(r.Broken().Error(), "damaged") {
		t.Errorf("%d bytes, %v", r.Size(), r.Broken())
	}
	if r = open(t, mine.file, mine.tail, ids); string(readAll(t, r)) != "something" {
		t.Errorf("its own tail: %v", r.Broken())
	}
}

// nowhere is a file that is not kept.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// BenchmarkSecond is what each second of a stereo call of 16 kB/s costs, with 1.5 s that
// may still change.
func BenchmarkSecond(b *testing.B) {
	_, to, _ := keys(b)
	w, err := seal.NewWriter(nowhere{}, seal.Options{To: to, Tail: func([]byte) error { return nil }})
	must(b, err)
	block := sound(second)
	newest := sound(second * 3 / 2)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = w.Write(block)
		_ = w.Flush(newest)
	}
}
