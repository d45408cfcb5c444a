package seal_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"filippo.io/age"

	"rms/media/record/seal"
)

// disk is a file and its tail. What was written and not synced can be lost.
type disk struct {
	file, synced []byte
	tail         []byte
	room         int // bytes by which the file may grow
	limited      bool
	tails        int
}

var errFull = errors.New("no space left on device")

func (d *disk) WriteAt(p []byte, off int64) (int, error) {
	n := len(p)
	if missing := int(off) + n - len(d.file); missing > 0 {
		if d.limited && missing > d.room {
			n -= missing - d.room
			missing = d.room
		}
		d.room -= missing
		d.file = append(d.file, make([]byte, missing)...)
	}
	copy(d.file[off:], p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

func (d *disk) sync() error {
	d.synced = bytes.Clone(d.file)
	return nil
}

func (d *disk) replace(tail []byte) error {
	if d.limited && d.room == 0 {
		return errFull
	}
	d.tails++
	d.tail = bytes.Clone(tail)
	return nil
}

func keys(t testing.TB) (*age.X25519Identity, []seal.Recipient, []seal.Identity) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	to, err := seal.ParseRecipients([]string{id.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	return id, to, identities(t, id.String())
}

func identities(t testing.TB, text string) []seal.Identity {
	t.Helper()
	ids, err := seal.ParseIdentities(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func writer(t testing.TB, d *disk, to []seal.Recipient) *seal.Writer {
	t.Helper()
	w, err := seal.NewWriter(d, seal.Options{To: to, Sync: d.sync, Tail: d.replace})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// sound is bytes that differ wherever one looks.
func sound(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

func open(t testing.TB, file, tail []byte, ids []seal.Identity) *seal.Reader {
	t.Helper()
	r, err := seal.Open(bytes.NewReader(file), int64(len(file)), tail, ids)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
