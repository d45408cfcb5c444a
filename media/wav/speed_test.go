package wav_test

import (
	"testing"

	"rms/media/wav"
)

// BenchmarkAppendSamples writes 400 ms of stereo.
func BenchmarkAppendSamples(b *testing.B) {
	pcm := make([]int16, 6400)
	for i := range pcm {
		pcm[i] = int16(i * 37)
	}
	for _, e := range []wav.Encoding{wav.PCM, wav.Mulaw, wav.Alaw} {
		b.Run(e.String(), func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = wav.AppendSamples(dst[:0], e, pcm)
			}
		})
	}
}

func TestAppendSamplesOfAnyLengthKeepsEach(t *testing.T) {
	pcm := []int16{0, 1, -1, 32767, -32768, 258, -259, 4660, 7}
	for n := range len(pcm) + 1 {
		b := wav.AppendSamples([]byte{9}, wav.PCM, pcm[:n])
		if len(b) != 1+2*n || b[0] != 9 {
			t.Fatalf("%d samples became %d bytes", n, len(b)-1)
		}
		for i, s := range pcm[:n] {
			if got := int16(uint16(b[1+2*i]) | uint16(b[2+2*i])<<8); got != s {
				t.Errorf("sample %d of %d is %d, want %d", i, n, got, s)
			}
		}
	}
}
