package codec_test

import (
	"math"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
)

func TestLookupFindsByRtpmap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		clock, channels int
		want            string
	}{
		{"PCMU", 8000, 1, "PCMU/8000"},
		{"pcma", 8000, 0, "PCMA/8000"},
		{"g722", 8000, 1, "G722/8000"},
		{"L16", 16000, 1, "L16/16000"},
		{"L16", 8000, 1, "L16/8000"},
		{"L16", 44100, 1, ""},
		{"PCMU", 16000, 1, ""},
		{"PCMU", 8000, 2, ""},
		{"opus", 48000, 2, ""},
	} {
		got, ok := codec.Lookup(c.name, c.clock, c.channels)
		if ok != (c.want != "") || ok && got.Encoding() != c.want {
			t.Errorf("%s/%d/%d: %q, %v", c.name, c.clock, c.channels, got.Encoding(), ok)
		}
	}
}

func TestAllIsInAFixedOrder(t *testing.T) {
	t.Parallel()
	var names []string
	for _, c := range codec.All() {
		names = append(names, c.Encoding())
	}
	want := []string{"PCMU/8000", "PCMA/8000", "G722/8000", "L16/8000", "L16/16000"}
	if len(names) != len(want) {
		t.Fatalf("%v, want %v", names, want)
	}
	for i := range want {
		if names[i] != want[i] {
			t.Fatalf("%v, want %v", names, want)
		}
	}
}

func TestStaticPayloadTypes(t *testing.T) {
	t.Parallel()
	for pt, want := range map[uint8]string{0: "PCMU", 8: "PCMA", 9: "G722"} {
		if c, ok := codec.Static(pt); !ok || c.Name != want {
			t.Errorf("payload type %d is %q", pt, c.Name)
		}
	}
	if _, ok := codec.Static(255); ok {
		t.Error("a dynamic codec has a static payload type")
	}
}

func TestRegisterRefusesMistakes(t *testing.T) {
	t.Parallel()
	pcmu, _ := codec.Static(0)
	for name, c := range map[string]media.Codec{"twice": pcmu, "incomplete": {Name: "X", ClockRate: 8000}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: registered", name)
				}
			}()
			codec.Register(c)
		}()
	}
}

// Every codec must bring a tone through with its level and little noise, and use
// as many bits as it says.
func TestEveryCodecKeepsATone(t *testing.T) {
	t.Parallel()
	least := map[string]float64{"PCMU/8000": 35, "PCMA/8000": 35, "G722/8000": 35, "L16/8000": 85, "L16/16000": 85}
	for _, c := range codec.All() {
		pcm := audiotest.Tone(c.Rate, 1004, -10, time.Second)
		payload := c.NewEncoder().Encode(nil, pcm)
		if want := c.ClockRate * c.Channels * c.Bits / 8; len(payload) != want {
			t.Errorf("%s: %d bytes a second, want %d", c.Encoding(), len(payload), want)
		}
		out := c.NewDecoder().Decode(nil, payload)
		if len(out) != len(pcm) {
			t.Fatalf("%s: %d samples of %d", c.Encoding(), len(out), len(pcm))
		}
		freq, level := audiotest.Find(out, c.Rate)
		snr := audiotest.SNR(out[c.Rate/10:], c.Rate, 1004)
		if math.Abs(freq-1004) > 0.5 || math.Abs(level+10) > 0.1 || snr < least[c.Encoding()] {
			t.Errorf("%s: %.1f Hz, %.2f dBFS, SNR %.1f dB", c.Encoding(), freq, level, snr)
		}
	}
}

func TestCodecsAppendAndDoNotAllocate(t *testing.T) {
	for _, c := range codec.All() {
		enc, dec := c.NewEncoder(), c.NewDecoder()
		pcm := audiotest.Voice(c.Rate, -6, 20*time.Millisecond)
		payload := enc.Encode(nil, pcm)
		if got := enc.Encode([]byte{1, 2, 3}, pcm); len(got) != 3+len(payload) || got[0] != 1 || got[2] != 3 {
			t.Errorf("%s: Encode does not append", c.Encoding())
		}
		if got := dec.Decode([]int16{1, 2, 3}, payload); len(got) != 3+len(pcm) || got[0] != 1 || got[2] != 3 {
			t.Errorf("%s: Decode does not append", c.Encoding())
		}
		if got := dec.Conceal([]int16{1, 2, 3}, 100); len(got) != 103 || got[0] != 1 || got[2] != 3 {
			t.Errorf("%s: Conceal does not append", c.Encoding())
		}
		code, out := make([]byte, 0, len(payload)), make([]int16, 0, 2*len(pcm))
		for name, f := range map[string]func(){
			"Encode":  func() { code = enc.Encode(code[:0], pcm) },
			"Decode":  func() { out = dec.Decode(out[:0], payload) },
			"Conceal": func() { out = dec.Decode(dec.Conceal(out[:0], len(pcm)), payload) },
			"Reset":   func() { dec.Reset(); enc.Reset() },
		} {
			if n := testing.AllocsPerRun(100, f); n != 0 {
				t.Errorf("%s: %s makes %v allocations", c.Encoding(), name, n)
			}
		}
	}
}

func FuzzDecodersTakeAnyPayload(f *testing.F) {
	f.Add([]byte{0, 255, 127}, uint16(160))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, payload []byte, lost uint16) {
		for _, c := range codec.All() {
			dec := c.NewDecoder()
			out := dec.Decode(nil, payload)
			if want := len(payload) * 8 / c.Bits * c.Rate / c.ClockRate; len(out) != want {
				t.Fatalf("%s: %d bytes gave %d samples, want %d", c.Encoding(), len(payload), len(out), want)
			}
			if n := len(dec.Conceal(nil, int(lost))); n != int(lost) {
				t.Fatalf("%s: %d samples concealed, want %d", c.Encoding(), n, lost)
			}
			dec.Decode(nil, payload)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	for _, c := range codec.All() {
		enc, dec := c.NewEncoder(), c.NewDecoder()
		pcm := audiotest.Voice(c.Rate, -6, 20*time.Millisecond)
		payload := enc.Encode(nil, pcm)
		out := make([]int16, 0, len(pcm))
		b.Run(c.Name+"/encode", func(b *testing.B) {
			for b.Loop() {
				payload = enc.Encode(payload[:0], pcm)
			}
		})
		b.Run(c.Name+"/decode", func(b *testing.B) {
			for b.Loop() {
				out = dec.Decode(out[:0], payload)
			}
		})
	}
}
