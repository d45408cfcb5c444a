package load

import (
	"math"
	"strings"

	registry "rms/media/codec"
)

// toneOf is one second of 400 Hz at -16 dBFS in the codec's own bytes.
func toneOf(c codec) []byte {
	name, _, _ := strings.Cut(c.name, "/")
	found, ok := registry.Lookup(name, c.clockRate, 1)
	if !ok {
		return make([]byte, c.payloadSize(1e9)) // not built in: silence of the right size
	}
	pcm := make([]int16, found.Rate)
	for n := range pcm {
		pcm[n] = int16(5200 * math.Sin(2*math.Pi*400*float64(n)/float64(found.Rate)))
	}
	return found.NewEncoder().Encode(nil, pcm)
}
