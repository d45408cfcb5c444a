package media_test

import (
	"testing"

	"rms/media"
)

// Codes and values of G.711 tables 1 and 2, at each segment's ends.
func TestG711KnownValues(t *testing.T) {
	t.Parallel()
	mulaw := map[byte]int16{
		0xFF: 0, 0xFE: 8, 0xF0: 120, 0xEF: 132, 0xE0: 372, 0xDF: 396, 0xD0: 876, 0xCF: 924,
		0xC0: 1884, 0xBF: 1980, 0xB0: 3900, 0xAF: 4092, 0xA0: 7932, 0x9F: 8316, 0x90: 15996,
		0x8F: 16764, 0x80: 32124, 0x7F: 0, 0x7E: -8, 0x00: -32124,
	}
	for code, want := range mulaw {
		if got := media.MulawToLinear[code]; got != want {
			t.Errorf("mu-law %#02x = %d, want %d", code, got, want)
		}
	}
	alaw := map[byte]int16{
		0xD5: 8, 0xD4: 24, 0xDA: 248, 0xC5: 264, 0xCA: 504, 0xF5: 528, 0xFA: 1008, 0xAA: 32256,
		0xA5: 16896, 0x55: -8, 0x2A: -32256,
	}
	for code, want := range alaw {
		if got := media.AlawToLinear[code]; got != want {
			t.Errorf("A-law %#02x = %d, want %d", code, got, want)
		}
	}
}

func TestG711EveryCodeSurvivesARoundTrip(t *testing.T) {
	t.Parallel()
	for i := range 256 {
		code := byte(i)
		want := code
		if code == 0x7F {
			want = 0xFF // minus zero
		}
		if got := media.LinearToMulaw(media.MulawToLinear[code]); got != want {
			t.Errorf("mu-law %#02x came back as %#02x", code, got)
		}
		if got := media.LinearToAlaw(media.AlawToLinear[code]); got != code {
			t.Errorf("A-law %#02x came back as %#02x", code, got)
		}
	}
}

// Segments begin at the decision values of G.711 tables 1 and 2, which are not
// midway between the two values around them.
func TestG711SegmentsBeginAtTheDecisionValues(t *testing.T) {
	t.Parallel()
	for i, first := range []int{31, 95, 223, 479, 991, 2015, 4063} {
		below, at := media.LinearToMulaw(int16(first*4-1)), media.LinearToMulaw(int16(first*4))
		if ^below>>4 != byte(i) || ^at>>4 != byte(i+1) {
			t.Errorf("mu-law %d: codes %#02x below, %#02x at", first, below, at)
		}
		if neg := media.LinearToMulaw(int16(-first*4 - 1)); neg != at&0x7F {
			t.Errorf("mu-law -%d: code %#02x, want %#02x", first, neg, at&0x7F)
		}
	}
	for i, first := range []int{256, 512, 1024, 2048, 4096, 8192, 16384} {
		below, at := media.LinearToAlaw(int16(first-1))^0x55, media.LinearToAlaw(int16(first))^0x55
		if below != 0x8F|byte(i)<<4 || at != 0x80|byte(i+1)<<4 {
			t.Errorf("A-law %d: codes %#02x below, %#02x at", first, below, at)
		}
		if neg := media.LinearToAlaw(int16(-first-1)) ^ 0x55; neg != at&0x7F {
			t.Errorf("A-law -%d: code %#02x, want %#02x", first, neg, at&0x7F)
		}
	}
}

// Within a segment a code's value is the middle of what is coded so: the error
// is half a step at most, and a louder sample never gets a quieter code.
func TestG711ErrorStaysBelowHalfAStep(t *testing.T) {
	t.Parallel()
	check := func(name string, table *[256]int16, compress func(int16) byte, overload int) {
		last := -32768
		for s := -32768; s <= 32767; s++ {
			v := int(table[compress(int16(s))])
			if v < last {
				t.Fatalf("%s: %d is coded as %d, one less as %d", name, s, v, last)
			}
			last = v
			loud := max(s, -s)
			if loud < overload && max(v-s, s-v) > (loud+132)/32+8 {
				t.Fatalf("%s: %d is coded as %d", name, s, v)
			}
		}
	}
	check("mu-law", &media.MulawToLinear, media.LinearToMulaw, 32636)
	check("A-law", &media.AlawToLinear, media.LinearToAlaw, 32768)
}

func TestG711DoesNotAllocate(t *testing.T) {
	pcm, code := make([]int16, 160), make([]byte, 160)
	if n := testing.AllocsPerRun(100, func() {
		for i, s := range pcm {
			code[i] = media.LinearToMulaw(s) ^ media.LinearToAlaw(s)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkG711MulawEncode(b *testing.B) {
	pcm, code := make([]int16, 160), make([]byte, 160)
	for i := range pcm {
		pcm[i] = int16(i * 400)
	}
	for b.Loop() {
		for i, s := range pcm {
			code[i] = media.LinearToMulaw(s)
		}
	}
}
