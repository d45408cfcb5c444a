package clip_test

import (
	"bytes"
	"testing"

	"rms/media/audiotest"
	"rms/media/clip"
	"rms/media/ogg"
)

// packetsOf returns all packets of a file.
func packetsOf(t *testing.T, name string) [][]byte {
	t.Helper()
	var all [][]byte
	for r := ogg.NewReader(readFile(t, name), nil); ; {
		p, err := r.Next()
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(p.Data))
	}
}

// decoded is how many samples come out of pages.
func decoded(t *testing.T, pages ...[]byte) []int16 {
	t.Helper()
	pcm, _, err := clip.Decode("ogg", 0, bytes.Join(pages, nil), minute)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

// TestOpusIsAsLongAsItsPagesSay: RFC 7845 section 4. The file has ten packets of 20
// ms, of which the first 312 or fewer samples are to be dropped.
func TestOpusIsAsLongAsItsPagesSay(t *testing.T) {
	t.Parallel()
	p := packetsOf(t, "tone_celt.ogg")
	skip := int(p[0][10]) | int(p[0][11])<<8
	head, tags := oggPage(2, 0, 0, p[0]), oggPage(0, 0, 1, p[1])
	one, two := p[2:7], p[7:12]
	const half = 5 * 960
	for _, c := range []struct {
		name        string
		first, last int64
		want        int
	}{
		{"to the end", half, 2 * half, 2*half - skip},
		{"cut at the end", half, 2*half - 500, 2*half - 500 - skip},
		{"from a later position", 100000 + half, 100000 + 2*half - 500, 2*half - 500 - skip},
		{"longer than there is", half, 100 * half, 2*half - skip},
		{"end before the beginning", 100000 + half, 50, 2*half - skip},
		{"position below 0", -2, -5, 2*half - skip},
	} {
		got := decoded(t, head, tags, oggPage(0, c.first, 2, one...), oggPage(4, c.last, 3, two...))
		if len(got) != c.want {
			t.Errorf("%s: %d samples, want %d", c.name, len(got), c.want)
		}
	}
	if got := decoded(t, head, tags, oggPage(4, int64(skip+100), 2, one...)); len(got) != 100 {
		t.Errorf("one page cut at the end: %d samples, want 100", len(got))
	}
}

func TestOpusGainIsApplied(t *testing.T) {
	t.Parallel()
	p := packetsOf(t, "tone_celt.ogg")
	level := func(gain int16) float64 {
		head := bytes.Clone(p[0])
		head[16], head[17] = byte(gain), byte(gain>>8)
		pages := [][]byte{oggPage(2, 0, 0, head), oggPage(0, 0, 1, p[1]), oggPage(0, -1, 2, p[2:]...)}
		return audiotest.RMS(decoded(t, pages...)[4800:14400])
	}
	if d := level(-6*256) - level(0); d < -6.1 || d > -5.9 {
		t.Errorf("-6 dB made it %v dB louder", d)
	}
}

func TestVorbisMayBeginBeforeZero(t *testing.T) {
	t.Parallel()
	p := packetsOf(t, "tone_vorbis.ogg")
	page := func(granule int64) []byte { return oggPage(0, granule, 2, p[3:8]...) }
	head, setup := oggPage(2, 0, 0, p[0]), oggPage(0, 0, 1, p[1], p[2])
	end := oggPage(0, -1, 3, p[8:12]...)
	first := decoded(t, head, setup, page(-1))
	whole := decoded(t, head, setup, page(int64(len(first))), end)
	early := decoded(t, head, setup, page(int64(len(first)-300)), end)
	if len(early) != len(whole)-300 || !equal(early, whole[300:]) {
		t.Errorf("%d samples, want %d", len(early), len(whole)-300)
	}
	if got := decoded(t, head, setup, page(0), end); len(got) != len(whole)-len(first) {
		t.Errorf("all of the first page is early: %d samples, want %d", len(got), len(whole)-len(first))
	}
}

func equal(a, b []int16) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestTagsOfMP3AreNoAudio(t *testing.T) {
	t.Parallel()
	data := readFile(t, "tone.mp3")
	plain, _, err := clip.Decode("mp3", 0, data, minute)
	if err != nil {
		t.Fatal(err)
	}
	id3 := append([]byte("ID3\x04\x00\x00\x00\x00\x07\x68"), bytes.Repeat([]byte{0xff, 0xfb, 0x90, 0x64}, 250)...) // 1000 bytes like frames
	id1 := append([]byte("TAG"), bytes.Repeat([]byte{0xff}, 125)...)
	for name, d := range map[string][]byte{
		"ID3v2":     append(bytes.Clone(id3), data...),
		"ID3v2 x 2": append(append(bytes.Clone(id3), id3...), data...),
		"ID3v1":     append(bytes.Clone(data), id1...),
		"junk":      append(bytes.Repeat([]byte{0xff, 0xe0, 0}, 500), data...),
	} {
		pcm, _, err := clip.Decode("mp3", 0, d, minute)
		if err != nil || !equal(pcm, plain) {
			t.Errorf("%s: %d samples, want %d; %v", name, len(pcm), len(plain), err)
		}
	}
	// A tag that says it is longer than the file.
	if _, _, err := clip.Decode("mp3", 0, append([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), data...), minute); err == nil {
		t.Error("a tag without an end was passed")
	}
}
