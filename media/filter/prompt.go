package filter

import (
	"fmt"
	"math"

	"rms/media"
)

// Prompt is audio in memory that any number of players share: nobody writes to it.
// It is there encoded, as PCM or both.
type Prompt struct {
	// Encoding and Payload are the whole audio in a leg's codec, from the reset
	// state of its encoder. Where silence is not one byte repeated (G.722), Payload
	// goes on with encoded silence up to a whole number of ticks.
	Encoding string
	Payload  []byte
	// ByteRate is how many bytes of Payload are a second: Codec.ClockRate *
	// Codec.Channels * Codec.Bits / 8. 0 takes it from the lengths.
	ByteRate int
	// PCM is the decoded audio in Format.
	PCM []int16
	// Format is that of the decoded audio, also when there is no PCM.
	Format media.Format
	// Samples is the true length in samples per channel of Format, without what
	// pads the Payload; 0 takes it from PCM.
	Samples int
}

// check returns the length in samples per channel, or what is wrong.
func (p *Prompt) check() (int, error) {
	if err := p.Format.Check(); err != nil {
		return 0, fmt.Errorf("prompt: %w", err)
	}
	n := p.Samples
	if n <= 0 {
		n = len(p.PCM) / p.Format.Channels
	}
	switch {
	case len(p.PCM) > 0 && len(p.PCM) < n*p.Format.Channels:
		return 0, fmt.Errorf("prompt: %d int16 of PCM for %d samples of %s", len(p.PCM), n, p.Format)
	case len(p.Payload) > 0 && clockRate(p.Encoding) == 0:
		return 0, fmt.Errorf("prompt: encoding %q has no clock rate, as in \"PCMU/8000\"", p.Encoding)
	case len(p.Payload) > 0 && n == 0:
		return 0, fmt.Errorf("prompt: Samples is not set for a payload of %d bytes", len(p.Payload))
	}
	return n, nil
}

// byteRate returns how many bytes of payload are a second. From the lengths it is
// the power of two of bits a sample that is nearest, since padding adds a little.
func (p *Prompt) byteRate(samples int) int {
	if p.ByteRate > 0 || samples == 0 {
		return p.ByteRate
	}
	bits := math.Log2(8 * float64(len(p.Payload)) / float64(samples))
	return p.Format.Rate * (1 << max(0, int(math.Round(bits)))) / 8
}

// silenceByte returns the byte that is silence in an encoding; 0 in linear ones.
func silenceByte(encoding string) byte {
	switch encoding {
	case "PCMU/8000":
		return 0xFF
	case "PCMA/8000":
		return 0xD5
	}
	return 0
}
