package vorbis_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"rms/media/audiotest"
	"rms/media/ogg"
	"rms/media/vorbis"
)

// packets returns those of a file: three headers, then audio.
func packets(t testing.TB) [][]byte {
	t.Helper()
	data, err := os.ReadFile("../clip/testdata/tone_vorbis.ogg")
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for r := ogg.NewReader(data, nil); ; {
		p, err := r.Next()
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(p.Data))
	}
}

func open(t testing.TB, all [][]byte) *vorbis.Decoder {
	t.Helper()
	d, err := vorbis.New(all[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Setup(all[2]); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestToneIsDecoded(t *testing.T) {
	t.Parallel()
	all := packets(t)
	d := open(t, all)
	if d.Rate() != 22050 || d.Channels() != 1 {
		t.Fatalf("%d Hz x%d", d.Rate(), d.Channels())
	}
	var pcm []int16
	for _, p := range all[3:] {
		channels, err := d.Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range channels {
			for _, v := range c {
				pcm = append(pcm, int16(v*32767))
			}
		}
	}
	if hz, level := audiotest.Find(pcm[2000:9000], 22050); hz < 999 || hz > 1001 || level < -6.3 || level > -5.7 {
		t.Errorf("%v Hz at %v dBFS", hz, level)
	}
}

func TestFirstPacketGivesNothing(t *testing.T) {
	t.Parallel()
	all := packets(t)
	d := open(t, all)
	for range 2 {
		if c, err := d.Decode(all[3]); err != nil || c != nil {
			t.Errorf("%v, %v", c, err)
		}
		if c, err := d.Decode(all[4]); err != nil || len(c) != 1 || len(c[0]) == 0 {
			t.Errorf("%v, %v", c, err)
		}
		d = open(t, all)
	}
}

func TestHeadersAreChecked(t *testing.T) {
	t.Parallel()
	all := packets(t)
	change := func(at int, to byte) []byte {
		b := bytes.Clone(all[0])
		b[at] = to
		return b
	}
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"nothing": {nil, "not header 1"}, "another header": {all[2], "not header 1"}, "cut off": {all[0][:28], "cut off"},
		"version": {change(7, 1), "version 1"}, "no channels": {change(11, 0), "0 channels"}, "many channels": {change(11, 9), "9 channels"},
		"short blocks": {change(28, 0x85), "blocks of 32"}, "long blocks": {change(28, 0xe8), "16384"}, "blocks the wrong way": {change(28, 0x89), "blocks"},
		"framing": {change(29, 0), "cut off"},
	} {
		if _, err := vorbis.New(c.head); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	d, err := vorbis.New(all[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(all[3]); err == nil {
		t.Error("audio before the setup was decoded")
	}
	for n := 0; n < len(all[2]); n += 13 {
		if err := d.Setup(all[2][:n]); err == nil {
			t.Errorf("%d bytes of %d of the setup were enough", n, len(all[2]))
		}
	}
}

// TestDamagedPacketsAreDecoded cuts packets off everywhere, which the specification
// allows, and fills them with noise.
func TestDamagedPacketsAreDecoded(t *testing.T) {
	t.Parallel()
	all := packets(t)
	d := open(t, all)
	for n := range all[5] {
		if _, err := d.Decode(all[5][:n]); (err == nil) == (n == 0) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		noise := bytes.Clone(all[5])
		for i := range noise {
			noise[i] ^= byte(i * n >> 3)
		}
		noise[0] &^= 1
		_, _ = d.Decode(noise)
	}
	for _, p := range [][]byte{nil, {1}, all[0], all[2]} {
		if _, err := d.Decode(p); err == nil {
			t.Errorf("%.8q was decoded", p)
		}
	}
}

// TestDecodingAllocatesLittle: only the list of a joined residue may be new.
func TestDecodingAllocatesLittle(t *testing.T) {
	all := packets(t)
	d := open(t, all)
	if n := testing.AllocsPerRun(50, func() { _, _ = d.Decode(all[4]) }); n > 4 {
		t.Errorf("%v allocations a packet", n)
	}
}

func FuzzDecoder(f *testing.F) {
	all := packets(f)
	f.Add(all[0], all[2], all[3], all[4])
	f.Add(all[0], all[2], all[6], all[7])
	f.Fuzz(func(t *testing.T, head, setup, one, two []byte) {
		d, err := vorbis.New(head)
		if err != nil {
			return
		}
		if d.Setup(setup) != nil {
			return
		}
		for range 2 {
			for _, p := range [][]byte{one, two} {
				channels, err := d.Decode(p)
				if err != nil || channels == nil {
					continue
				}
				if len(channels) != d.Channels() || len(channels[0]) > 4096 {
					t.Fatalf("%d channels, %d samples", len(channels), len(channels[0]))
				}
			}
		}
	})
}
