package load

import (
	"strings"

	registry "rms/media/codec"
)

const (
	pulseEvery  = 25    // packets of 20 ms, in time: half a second
	pulseLoop   = 10    // pulses before the places in their packets repeat
	pulseLong   = 8     // samples
	pulseHeight = 20000 // of full scale 32767
	pulseSeen   = 8000  // a sample beyond this is a pulse; all else is silence
)

// pulses is what the callers of probed streams send: silence with a short pulse each
// half second, at another place in its packet each time.
type pulses struct {
	audio []byte
	at    []int // where pulses begin, in bytes of audio
}

func newPulses(c codec) pulses {
	name, _, _ := strings.Cut(c.name, "/")
	found, ok := registry.Lookup(name, c.clockRate, 1)
	if !ok {
		return pulses{audio: make([]byte, c.payloadSize(1e9))}
	}
	tick := found.Rate / 50
	pcm := make([]int16, pulseLoop*pulseEvery*tick)
	var p pulses
	for n := range pulseLoop {
		at := n*pulseEvery*tick + n*(tick-pulseLong)/pulseLoop
		for i := range pulseLong {
			pcm[at+i] = pulseHeight
		}
		p.at = append(p.at, at)
	}
	p.audio = found.NewEncoder().Encode(nil, pcm)
	for i, at := range p.at {
		p.at[i] = at * len(p.audio) / len(pcm)
	}
	return p
}

// begins tells whether a pulse begins in a part of the audio.
func (p *pulses) begins(from, to int) bool {
	for _, at := range p.at {
		if at >= from && at < to {
			return true
		}
	}
	return false
}

// pulseIn looks for a pulse in signed 16-bit little-endian audio, of either channel.
func pulseIn(audio []byte) bool {
	for i := 1; i < len(audio); i += 2 {
		if v := int16(uint16(audio[i-1]) | uint16(audio[i])<<8); v > pulseSeen || v < -pulseSeen {
			return true
		}
	}
	return false
}
