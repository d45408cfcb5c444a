// Package wavtest writes WAV files with tones for tests, in every encoding and
// format that prompts come in. It builds the headers itself, so that the reader is
// not tested against its own writer.
//
//	wavtest.Write("440.wav", wavtest.Tone{Rate: 44100, Channels: 2, Encoding: "pcm16", Hz: 440, Duration: time.Second})
package wavtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"rms/media"
)

// Encodings are the names for Tone.Encoding. Those with the word raw have no header.
var Encodings = []string{"pcm8", "pcm16", "pcm24", "pcm32", "float32", "float64", "ulaw", "alaw", "raw-ulaw", "raw-alaw", "raw-pcm16"}

// Tone describes a file. The zero value of a field takes the default.
type Tone struct {
	Rate       int           // default 8000 Hz
	Channels   int           // default 1; all carry the same tone unless HzOther is set
	Encoding   string        // default pcm16; see Encodings
	Hz         float64       // default 440; negative for silence
	HzOther    float64       // tone of the channels after the first, when set
	Level      float64       // peak, 1 is full scale; default 0.5
	Duration   time.Duration // default one second
	Extensible bool          // WAVE_FORMAT_EXTENSIBLE header
	Streamed   bool          // sizes 0xFFFFFFFF, as a writer to a pipe leaves them
	RF64       bool          // RF64 with a ds64 chunk
}

// Write makes the file.
func Write(name string, t Tone) error {
	b, err := Bytes(t)
	if err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o644)
}

// Bytes makes the contents of the file.
func Bytes(t Tone) ([]byte, error) {
	if t.Encoding == "" {
		t.Encoding = "pcm16"
	}
	if !slices.Contains(Encodings, t.Encoding) {
		return nil, fmt.Errorf("encoding %q; known are %s", t.Encoding, strings.Join(Encodings, ", "))
	}
	t.Rate, t.Channels = max(t.Rate, 0), max(t.Channels, 1)
	if t.Rate == 0 {
		t.Rate = 8000
	}
	if t.Hz == 0 {
		t.Hz = 440
	}
	if t.Level == 0 {
		t.Level = 0.5
	}
	if t.Duration == 0 {
		t.Duration = time.Second
	}
	name, raw := strings.CutPrefix(t.Encoding, "raw-")
	samples := t.samples(name)
	if raw {
		return samples, nil
	}
	return t.file(name, samples), nil
}

// samples makes the encoded, interleaved audio.
func (t Tone) samples(encoding string) []byte {
	n := int(int64(t.Rate) * int64(t.Duration) / int64(time.Second))
	out := make([]byte, 0, n*t.Channels*8)
	for i := range n {
		for c := range t.Channels {
			hz := t.Hz
			if c > 0 && t.HzOther != 0 {
				hz = t.HzOther
			}
			out = appendSample(out, encoding, t.Level*math.Sin(2*math.Pi*max(hz, 0)*float64(i)/float64(t.Rate)))
		}
	}
	return out
}

// appendSample encodes one sample of -1 to 1.
func appendSample(out []byte, encoding string, v float64) []byte {
	le := binary.LittleEndian
	whole := func(bits int) int64 {
		scale := float64(int64(1) << (bits - 1))
		return int64(max(-scale, min(scale-1, math.Round(v*scale))))
	}
	switch encoding {
	case "pcm8":
		return append(out, byte(whole(8)+128))
	case "pcm24":
		n := whole(24)
		return append(out, byte(n), byte(n>>8), byte(n>>16))
	case "pcm32":
		return le.AppendUint32(out, uint32(whole(32)))
	case "float32":
		return le.AppendUint32(out, math.Float32bits(float32(v)))
	case "float64":
		return le.AppendUint64(out, math.Float64bits(v))
	case "ulaw":
		return append(out, media.LinearToMulaw(int16(whole(16))))
	case "alaw":
		return append(out, media.LinearToAlaw(int16(whole(16))))
	}
	return le.AppendUint16(out, uint16(whole(16)))
}
