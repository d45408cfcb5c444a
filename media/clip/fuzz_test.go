package clip_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"rms/media/clip"
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
func FuzzWAV(f *testing.F)  { fuzz(f, "wav", readFile(f, "tone.wav")) }
func FuzzMP3(f *testing.F)  { fuzz(f, "mp3", readFile(f, "tone.mp3"), mp3Frames(0xf3, 0x18, 36)) }

// FuzzOgg takes files whose checksums the fuzzer cannot get right: they are set
// right before they are decoded.
func FuzzOgg(f *testing.F) {
	for _, name := range []string{"tone_vorbis.ogg", "tone_silk.ogg", "tone_celt.ogg"} {
		f.Add(readFile(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm, _, err := clip.Decode("ogg", 0, checksums(data), few)
		if err != nil && pcm != nil || len(pcm) > few {
			t.Fatalf("%d samples, %v", len(pcm), err)
		}
	})
}

// checksums sets the checksum of every page right.
func checksums(data []byte) []byte {
	data = bytes.Clone(data)
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("OggS"))
		if i < 0 {
			return data
		}
		at += i
		p := data[at:]
		if len(p) < 27 || len(p) < 27+int(p[26]) {
			return data
		}
		size := 27 + int(p[26])
		for _, n := range p[27:size] {
			size += int(n)
		}
		if size > len(p) {
			return data
		}
		clear(p[22:26])
		binary.LittleEndian.PutUint32(p[22:], sumOf(p[:size]))
		at += size
	}
}
