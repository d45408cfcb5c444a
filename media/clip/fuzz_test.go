package clip_test

import (
	"bytes"
	"testing"

	"rms/media/clip"
	"rms/media/ogg"
)

// few is a limit that keeps a run of the fuzzer short.
const few = 20000

// fuzz decodes what the fuzzer makes of a kind's files.
func fuzz(f *testing.F, kind string, seeds ...[]byte) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm, format, err := clip.Decode(kind, 8000, data, few)
		switch {
		case err != nil && pcm != nil:
			t.Fatalf("%d samples and %v", len(pcm), err)
		case len(pcm) > few:
			t.Fatalf("%d samples, the limit is %d", len(pcm), few)
		case err == nil && (format.Channels != 1 || format.Rate < 4000):
			t.Fatalf("format %v", format)
		}
	})
}

func FuzzRaw(f *testing.F)  { fuzz(f, "raw", []byte{1, 2, 3}) }
func FuzzPCMU(f *testing.F) { fuzz(f, "pcmu", []byte{1, 2, 3}) }
func FuzzPCMA(f *testing.F) { fuzz(f, "pcma", []byte{1, 2, 3}) }
func FuzzWAV(f *testing.F)  { fuzz(f, "wav", readFile(f, "tone.wav")[:300]) }
func FuzzMP3(f *testing.F) {
	fuzz(f, "mp3", readFile(f, "tone.mp3")[:600], readFile(f, "tone_22050.mp3")[:1000], mp3Frames(0xf3, 0x18, 36))
}

// FuzzOgg changes packets of a stream, not the pages around them, whose checksums it
// would not get right.
func FuzzOgg(f *testing.F) {
	for _, name := range []string{"tone_vorbis.ogg", "tone_silk.ogg", "tone_celt.ogg"} {
		var all [5][]byte
		r := ogg.NewReader(readFile(f, name), nil)
		for i := range all {
			p, err := r.Next()
			if err != nil {
				f.Fatal(err)
			}
			all[i] = bytes.Clone(p.Data)
		}
		f.Add(all[0], all[2], all[3], all[4], int64(1000))
	}
	f.Fuzz(func(t *testing.T, head, one, two, three []byte, granule int64) {
		data := append(oggPage(2, 0, 0, head), oggPage(0, 0, 1, []byte("comments"), one)...)
		data = append(data, oggPage(0, -1, 2, two, three, two)...)
		data = append(data, oggPage(0, granule, 3, two)...)
		data = append(data, oggPage(4, granule+100, 4, three)...)
		pcm, _, err := clip.Decode("ogg", 0, data, few)
		if err != nil && pcm != nil || len(pcm) > few {
			t.Fatalf("%d samples, %v", len(pcm), err)
		}
	})
}
