package seal_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"rms/media"
	"rms/media/record/seal"
	"rms/media/wav"
)

// at is a file of which WAV writers patch the header.
type at struct{ b []byte }

func (f *at) Write(p []byte) (int, error) { f.b = append(f.b, p...); return len(p), nil }
func (f *at) WriteAt(p []byte, off int64) (int, error) {
	return copy(f.b[off:], p), nil
}

// streamed is a WAV file and the same with unknown sizes.
func streamed(t testing.TB, e wav.Encoding, channels, samples int) (whole, open []byte) {
	t.Helper()
	f := &at{}
	w, err := wav.NewWriter(f, media.Format{Rate: 8000, Channels: channels}, e)
	must(t, err)
	pcm := make([]int16, samples*channels)
	for i := range pcm {
		pcm[i] = int16(i * 77)
	}
	must(t, w.WriteSamples(pcm))
	must(t, w.Close())
	open = bytes.Clone(f.b)
	data := bytes.Index(open, []byte("data"))
	copy(open[4:], "\xff\xff\xff\xff")
	copy(open[data+4:], "\xff\xff\xff\xff")
	copy(open[data-4:], "\xff\xff\xff\xff") // fact
	return f.b, open
}

func TestExportMakesATrueHeader(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	for _, c := range []struct {
		encoding          wav.Encoding
		channels, samples int
	}{{wav.PCM, 2, 40000}, {wav.Mulaw, 1, 8001}, {wav.Alaw, 2, 0}} {
		whole, plain := streamed(t, c.encoding, c.channels, c.samples)
		sound := plain[:len(plain)-c.samples*c.channels%2*b2i(c.encoding != wav.PCM)] // without the byte that makes it even
		d := &disk{}
		w := writer(t, d, to)
		_, err := w.Write(sound)
		must(t, err)
		must(t, w.Close())
		var out bytes.Buffer
		must(t, seal.Export(&out, open(t, d.file, nil, ids)))
		if !bytes.Equal(out.Bytes(), whole) {
			t.Errorf("%v: the export differs: %x, want %x", c, out.Bytes()[:94], whole[:94])
		}
		// A crash leaves the same with a tail.
		d = &disk{}
		w = writer(t, d, to)
		must(t, w.Flush(sound))
		out.Reset()
		must(t, seal.Export(&out, open(t, d.file, d.tail, ids)))
		if !bytes.Equal(out.Bytes(), whole) {
			t.Errorf("%v: the export of a crashed recording differs", c)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestExportMakesRF64WhenItIsLong(t *testing.T) {
	t.Parallel()
	_, head := streamed(t, wav.PCM, 2, 0)
	const data = 5 << 30
	size := int64(len(head)) + data
	if pad := seal.TrueSizes(head, size); pad != 0 {
		t.Errorf("pad %d", pad)
	}
	r, err := wav.Open(io.NewSectionReader(longFile{head}, 0, size), size)
	must(t, err)
	if string(head[:4]) != "RF64" || string(head[12:16]) != "ds64" || binary.LittleEndian.Uint64(head[28:]) != data {
		t.Errorf("%q", head[:60])
	}
	if n := r.Info().Frames; n != data/4 {
		t.Errorf("%d frames, want %d", n, data/4)
	}
}

// longFile is zeros behind a header.
type longFile struct{ head []byte }

func (f longFile) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(f.head)) {
		copy(p, f.head[off:])
	}
	return len(p), nil
}

func TestExportCopiesWhatIsNoOpenWAV(t *testing.T) {
	t.Parallel()
	_, to, ids := keys(t)
	whole, _ := streamed(t, wav.PCM, 1, 500)
	for _, plain := range [][]byte{nil, []byte("RIFF"), []byte("hello, this is no WAV file"), whole} {
		d := &disk{}
		w := writer(t, d, to)
		_, err := w.Write(plain)
		must(t, err)
		must(t, w.Close())
		var out bytes.Buffer
		must(t, seal.Export(&out, open(t, d.file, nil, ids)))
		if !bytes.Equal(out.Bytes(), plain) {
			t.Errorf("%q became %q", plain, out.Bytes())
		}
	}
}

func FuzzExportHeader(f *testing.F) {
	_, open := streamed(f, wav.PCM, 2, 10)
	f.Add(open, int64(len(open)))
	f.Add(open, int64(6<<30))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"), int64(20))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		n := len(head)
		if pad := seal.TrueSizes(head, max(size, int64(n))); pad < 0 || pad > 1 || len(head) != n {
			t.Errorf("pad %d", pad)
		}
	})
}

func FuzzOpen(f *testing.F) {
	_, to, ids := keys(f)
	d := &disk{}
	w := writer(f, d, to)
	_, err := w.Write(sound(chunk + 5))
	must(f, err)
	must(f, w.Flush([]byte("unsettled")))
	f.Add(0, byte(0), 0, 0, byte(0), 0)
	f.Add(5, byte(1), 10, 100, byte(3), 200)
	f.Add(30, byte(0x80), 70000, 230, byte(1), 2)
	// One byte of each is altered, and each is cut off.
	f.Fuzz(func(t *testing.T, at int, x byte, cut int, tailAt int, tailX byte, tailCut int) {
		file, tail := spoil(d.file, at, x, cut), spoil(d.tail, tailAt, tailX, tailCut)
		r, err := seal.Open(bytes.NewReader(file), int64(len(file)), tail, ids)
		if err != nil {
			return
		}
		got, err := io.ReadAll(r)
		want := append(sound(chunk+5), "unsettled"...)
		if err == nil && !bytes.HasPrefix(want, got) {
			t.Errorf("%d bytes that were never written", len(got))
		}
	})
}

func spoil(b []byte, at int, x byte, cut int) []byte {
	b = bytes.Clone(b)
	if at >= 0 && at < len(b) {
		b[at] ^= x
	}
	if cut > 0 && cut <= len(b) {
		b = b[:len(b)-cut]
	}
	return b
}
