package waveform

import (
	"math"
	"time"
)

// Talk is who spoke for how long. What was paused is not looked at.
type Talk struct {
	Sides   []time.Duration // while the side spoke, alone or not
	Alone   []time.Duration // while it alone spoke
	Both    time.Duration   // while two or more spoke at once
	Silence time.Duration   // while nobody did
	Paused  time.Duration
}

// Heard is the time that was looked at.
func (t *Talk) Heard() time.Duration {
	sum := t.Both + t.Silence
	for _, d := range t.Alone {
		sum += d
	}
	return sum
}

// Share is the part of the time that a side spoke, from 0 to 1.
func (t *Talk) Share(side int) float64 {
	if heard := t.Heard(); heard > 0 && side < len(t.Sides) {
		return float64(t.Sides[side]) / float64(heard)
	}
	return 0
}

// A side speaks when blocks of 10 ms are this much louder than its own noise. The noise
// is believed within bounds: silence of a codec is no noise, and steady speech is none.
const (
	onset    = 3     // blocks in a row that begin speech
	hangover = 24    // blocks that do not end it
	above    = 10    // power over the noise: 10 dB
	fall     = 0.3   // how fast the noise follows downwards, each block
	rise     = 1.002 // and upwards: 0.9 dB a second
)

// Bounds of what counts as loud, in power of samples.
var (
	quietest = powerOf(-48)
	loudest  = powerOf(-32)
)

func powerOf(dBFS float64) float32 { return float32(32768 * 32768 * math.Pow(10, dBFS/10)) }

// voice tells whether one side speaks.
type voice struct {
	noise float32
	loud  int // blocks in a row
	hang  int // blocks for which it still speaks
}

func (v *voice) speaks(power float32) bool {
	if v.noise == 0 {
		v.noise = powerOf(-60)
	}
	if power < v.noise {
		v.noise += (max(power, 1) - v.noise) * fall
	} else {
		v.noise *= rise
	}
	if power < min(max(v.noise*above, quietest), loudest) {
		v.loud = 0
		v.hang = max(v.hang-1, 0)
		return v.hang > 0
	}
	if v.loud++; v.loud >= onset {
		v.hang = hangover
	}
	return v.hang > 0
}

// talkers listens to all sides.
type talkers struct {
	talk   Talk
	voices []voice
}

func newTalkers(channels int) *talkers {
	return &talkers{talk: Talk{Sides: make([]time.Duration, channels), Alone: make([]time.Duration, channels)}, voices: make([]voice, channels)}
}

// block is what all sides hold for a time.
func (t *talkers) block(sides []Bin, long time.Duration, paused bool) {
	if paused {
		t.talk.Paused += long
		return
	}
	speaking, who := 0, 0
	for c := range sides {
		if t.voices[c].speaks(sides[c].Power) {
			t.talk.Sides[c] += long
			speaking++
			who = c
		}
	}
	switch speaking {
	case 0:
		t.talk.Silence += long
	case 1:
		t.talk.Alone[who] += long
	default:
		t.talk.Both += long
	}
}
