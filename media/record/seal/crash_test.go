package seal_test

import (
	"bytes"
	"testing"

	"rms/media/record/seal"
)

// second is a stereo call's second, bytes.
const second = 16000

// moment is the disk at some time, and how much of the recording is promised by then.
type moment struct {
	file, synced, tail []byte
	promised           int
}

// tape records with a flush a second, of which the newest part is not settled, and
// keeps the disk after each step.
func tape(t *testing.T, to []seal.Recipient, want []byte) []moment {
	t.Helper()
	d := &disk{}
	var all []moment
	promised := 0
	snap := func() {
		all = append(all, moment{bytes.Clone(d.file), bytes.Clone(d.synced), bytes.Clone(d.tail), promised})
	}
	w, err := seal.NewWriter(d, seal.Options{
		To:   to,
		Sync: func() error { snap(); err := d.sync(); snap(); return err },
		Tail: func(b []byte) error { snap(); err := d.replace(b); snap(); return err },
	})
	must(t, err)
	const late = second + second/2
	for end := second; end <= len(want); end += second {
		if settled := end - late; settled > 0 {
			_, err := w.Write(want[w.Written():settled])
			must(t, err)
			snap()
		}
		must(t, w.Flush(want[w.Written():end]))
		promised = end
		snap()
	}
	_, err = w.Write(want[w.Written():])
	must(t, err)
	must(t, w.Close())
	promised = len(want)
	snap()
	return all
}

func TestACrashLosesLessThanAFlush(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	want := sound(11 * second)
	all := tape(t, to, want)
	check := func(what string, file, tail []byte, promised int) {
		t.Helper()
		if promised == 0 {
			return // there may not even be a header
		}
		r := open(t, file, tail, ids)
		got := readAll(t, r)
		if len(got) < promised || !bytes.Equal(got, want[:len(got)]) {
			t.Fatalf("%s: %d bytes of %d promised, right %v: %v", what, len(got), promised, bytes.HasPrefix(want, got), r.Broken())
		}
	}
	for i, m := range all {
		check("crash", m.file, m.tail, m.promised)
		check("power cut", m.synced, m.tail, m.promised)
		if i == 0 || len(m.file) <= len(all[i-1].file) {
			continue
		}
		// Between two steps the file grew: the crash may come at any byte of it.
		before := all[i-1]
		for n := len(before.file); n < len(m.file); n += 1 + (len(m.file)-len(before.file))/41 {
			check("torn", m.file[:n], before.tail, before.promised)
			garbage := append(bytes.Clone(m.file[:n]), make([]byte, len(m.file)-n)...)
			check("torn, rest zero", garbage, before.tail, before.promised)
		}
	}
}

func TestACrashOfEveryLength(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	want := sound(1000)
	d := &disk{}
	w := writer(t, d, to)
	must(t, w.Flush(want))
	early := bytes.Clone(d.tail)
	_, err := w.Write(want)
	must(t, err)
	must(t, w.Close())
	head := int(w.Size()) - len(want) - 16
	for n := head; n <= len(d.file); n++ {
		if got := readAll(t, open(t, d.file[:n], early, ids)); !bytes.Equal(got, want) {
			t.Fatalf("cut at %d of %d: %d bytes", n, len(d.file), len(got))
		}
	}
	for n := range head {
		if _, err := seal.Open(bytes.NewReader(d.file[:n]), int64(n), early, ids); err == nil {
			t.Fatalf("opened with %d bytes of its header of %d", n, head)
		}
	}
}

func TestARecordingWithoutItsTailIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	want := sound(20 * second)
	all := tape(t, to, want)
	m := all[len(all)-6] // before Close
	r := open(t, m.synced, nil, ids)
	got := readAll(t, r)
	if r.Complete() || len(got) < len(want)-2*chunk || !bytes.Equal(got, want[:len(got)]) {
		t.Errorf("%d bytes of %d, complete %v", len(got), len(want), r.Complete())
	}
}
