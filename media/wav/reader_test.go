package wav_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	goaudio "github.com/go-audio/wav"

	"rms/media/wav"
	"rms/media/wav/wavtest"
)

func tone(t testing.TB, spec wavtest.Tone) []byte {
	t.Helper()
	b, err := wavtest.Bytes(spec)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, b []byte) *wav.Reader {
	t.Helper()
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryEncodingRateAndChannelCountIsReadInTune(t *testing.T) {
	t.Parallel()
	for _, encoding := range wavtest.Encodings[:8] {
		for _, rate := range []int{8000, 11025, 16000, 44100, 48000} {
			for _, form := range []string{"plain", "extensible", "streamed", "rf64"} {
				spec := wavtest.Tone{
					Rate: rate, Channels: 1 + rate%7%3, Encoding: encoding, Hz: 1000, Duration: 50 * time.Millisecond,
					Extensible: form == "extensible", Streamed: form == "streamed", RF64: form == "rf64",
				}
				r := open(t, tone(t, spec))
				pcm := readAll(t, r)
				want := rate / 20 * spec.Channels
				if len(pcm) != want || r.Info().Frames != int64(rate/20) {
					t.Errorf("%+v: %d samples, want %d; info %+v", spec, len(pcm), want, r.Info())
					continue
				}
				if hz := crossings(pcm, r.Info().Format); math.Abs(hz-1000) > 20 {
					t.Errorf("%+v: %v Hz", spec, hz)
				}
				peak := 0
				for _, s := range pcm {
					peak = max(peak, int(s))
				}
				if peak < 15800 || peak > 16900 {
					t.Errorf("%+v: peak %d, want 16384", spec, peak)
				}
			}
		}
	}
}

func TestIntegersAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"pcm8", "pcm16", "pcm24", "pcm32"} {
		b := tone(t, wavtest.Tone{Encoding: encoding, Channels: 2, HzOther: 1250, Level: 1})
		d := goaudio.NewDecoder(bytes.NewReader(b))
		want, err := d.FullPCMBuffer()
		if err != nil {
			t.Fatal(err)
		}
		pcm := readAll(t, open(t, b))
		if len(pcm) != len(want.Data) {
			t.Fatalf("%s: %d samples, the oracle has %d", encoding, len(pcm), len(want.Data))
		}
		for i, s := range pcm {
			v := float64(want.Data[i])
			switch encoding {
			case "pcm8":
				v = (v - 128) * 256
			case "pcm24":
				v /= 256
			case "pcm32":
				v /= 65536
			}
			if math.Abs(float64(s)-v) > 0.5 && s != math.MaxInt16 {
				t.Fatalf("%s: sample %d is %d, the oracle says %v", encoding, i, s, v)
			}
		}
	}
}

func TestWideContainersKeepTheirTopBits(t *testing.T) {
	t.Parallel()
	b := tone(t, wavtest.Tone{Encoding: "pcm32"})
	want := readAll(t, open(t, b))
	binary.LittleEndian.PutUint16(b[34:], 24) // 24 valid bits in blocks of 4 bytes
	if got := readAll(t, open(t, b)); got[100] != want[100] || len(got) != len(want) {
		t.Errorf("%d, want %d; %d of %d", got[100], want[100], len(got), len(want))
	}
	b = tone(t, wavtest.Tone{Encoding: "pcm24"})
	want = readAll(t, open(t, b))
	binary.LittleEndian.PutUint16(b[34:], 20)
	if got := readAll(t, open(t, b)); got[100] != want[100] {
		t.Errorf("20 bits: %d, want %d", got[100], want[100])
	}
}

func TestFloatsBeyondFullScaleAreClippedAndNaNIsSilence(t *testing.T) {
	t.Parallel()
	b := tone(t, wavtest.Tone{Encoding: "float32", Duration: time.Millisecond})
	data := b[len(b)-32:]
	for i, v := range []float64{2, -2, math.NaN(), math.Inf(1), math.Inf(-1), 0.5, -1, 1e-9} {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(float32(v)))
	}
	got := readAll(t, open(t, b))
	for i, want := range []int16{32767, -32768, 0, 32767, -32768, 16384, -32768, 0} {
		if got[i] != want {
			t.Errorf("sample %d = %d, want %d", i, got[i], want)
		}
	}
}

func TestRawFilesAreKnownByTheirEnding(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		encoding string
		rate     int
	}{
		"a.ulaw": {"raw-ulaw", 8000}, "a.UL": {"raw-ulaw", 8000}, "x/a.alaw": {"raw-alaw", 8000}, "a.al": {"raw-alaw", 8000},
		"a.sln": {"raw-pcm16", 8000}, "a.raw": {"raw-pcm16", 8000}, "a.sln16": {"raw-pcm16", 16000}, "a.sln44": {"raw-pcm16", 44100}, "a.sln192": {"raw-pcm16", 192000},
		"a.wav": {"pcm24", 22050}, "a.WAVE": {"ulaw", 8000}, "misnamed.ulaw": {"pcm16", 8000},
	} {
		b := tone(t, wavtest.Tone{Encoding: want.encoding, Rate: want.rate, Hz: 700, Duration: 100 * time.Millisecond})
		r, err := wav.OpenNamed(bytes.NewReader(b), int64(len(b)), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pcm := readAll(t, r)
		if r.Info().Format.Rate != want.rate || len(pcm) != want.rate/10 || r.Info().Frames != int64(want.rate/10) {
			t.Errorf("%s: %+v, %d samples", name, r.Info(), len(pcm))
		}
		if hz := dominant(pcm, r.Info().Format); math.Abs(hz-700) > 20 {
			t.Errorf("%s: %v Hz", name, hz)
		}
	}
	for _, name := range []string{"a.mp3", "a", "wav", ""} {
		if _, err := wav.OpenNamed(strings.NewReader("x"), 1, name); err == nil || !strings.Contains(err.Error(), ".wav, .ulaw") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestShortReadsChangeNothing(t *testing.T) {
	t.Parallel()
	b := tone(t, wavtest.Tone{Encoding: "pcm24", Channels: 2})
	want := readAll(t, open(t, b))
	for name, src := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(b)),
		"half":     iotest.HalfReader(bytes.NewReader(b)),
		"late end": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		r, err := wav.Open(src, -1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := readAll(t, r)
		if len(got) != len(want) || got[1234] != want[1234] {
			t.Errorf("%s: %d samples, want %d", name, len(got), len(want))
		}
	}
}

func TestHonestEmptyFileHasNoAudio(t *testing.T) {
	t.Parallel()
	b := tone(t, wavtest.Tone{Duration: time.Nanosecond})
	b = append(b, "LIST\x04\x00\x00\x00abcd"...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	if pcm := readAll(t, open(t, b)); len(pcm) != 0 {
		t.Errorf("%d samples", len(pcm))
	}
}

func TestRewindStartsAgain(t *testing.T) {
	t.Parallel()
	r := open(t, tone(t, wavtest.Tone{Encoding: "ulaw"}))
	first := readAll(t, r)
	if err := r.Rewind(); err != nil {
		t.Fatal(err)
	}
	if second := readAll(t, r); len(second) != len(first) || second[77] != first[77] {
		t.Errorf("%d samples, then %d", len(first), len(second))
	}
	b := tone(t, wavtest.Tone{})
	if r, err := wav.Open(iotest.HalfReader(bytes.NewReader(b)), -1); err != nil || r.Rewind() == nil {
		t.Errorf("a source that cannot seek was rewound (%v)", err)
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	for _, encoding := range wavtest.Encodings[:8] {
		b := tone(t, wavtest.Tone{Encoding: encoding, Channels: 2, Duration: 5 * time.Second})
		r := open(t, b)
		pcm := make([]int16, 320)
		if n := testing.AllocsPerRun(200, func() {
			if _, err := r.ReadSamples(pcm); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations per read", encoding, n)
		}
	}
}

func BenchmarkRead20ms(b *testing.B) {
	for _, encoding := range wavtest.Encodings[:8] {
		b.Run(encoding, func(b *testing.B) {
			r := open(b, tone(b, wavtest.Tone{Encoding: encoding, Duration: 10 * time.Second}))
			pcm := make([]int16, 160)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.ReadSamples(pcm); err != nil {
					if err = r.Rewind(); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkRead20msByGoAudio reads the same files with the library of others, to
// its own integers.
func BenchmarkRead20msByGoAudio(b *testing.B) {
	for _, encoding := range []string{"pcm16", "pcm24"} {
		b.Run(encoding, func(b *testing.B) {
			file := tone(b, wavtest.Tone{Encoding: encoding, Duration: 10 * time.Second})
			buffer, err := goaudio.NewDecoder(bytes.NewReader(file)).FullPCMBuffer()
			if err != nil {
				b.Fatal(err)
			}
			buffer.Data = make([]int, 160)
			d := goaudio.NewDecoder(bytes.NewReader(file))
			b.ReportAllocs()
			for b.Loop() {
				if n, err := d.PCMBuffer(buffer); n == 0 || err != nil {
					d = goaudio.NewDecoder(bytes.NewReader(file))
				}
			}
		})
	}
}
