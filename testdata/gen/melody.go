package main

import "math"

// note is the frequency in Hz of a number of half tones above A4.
func note(halfTones int) float64 { return 440 * math.Pow(2, float64(halfTones)/12) }

// Half tones above A4 of the notes that are used.
const (
	g3, a3, c4, f4, g4, a4 = -14, -12, -9, -4, -2, 0
	b4, c5, d5, e5, g5, c6 = 2, 3, 5, 7, 10, 15
)

// partial is one overtone of an instrument: ratio to the note, level, and the time
// in seconds after which it has fallen to a third.
type partial struct{ ratio, level, fall float64 }

var (
	bell  = []partial{{1, 1, 0.55}, {2, 0.35, 0.35}, {3, 0.12, 0.2}, {4.2, 0.08, 0.1}}
	pluck = []partial{{1, 1, 0.35}, {2, 0.4, 0.2}, {3, 0.2, 0.12}, {4, 0.1, 0.08}}
	bass  = []partial{{1, 1, 0.8}, {2, 0.5, 0.5}, {3, 0.15, 0.2}}
)

// strike adds a note to audio, from a time in seconds on. What does not fit goes
// on at the beginning when round is set, so that a loop has no seam.
func strike(audio []float64, instrument []partial, at, hz, level float64, round bool) {
	const attack = 0.004 // seconds; shorter clicks
	first := int(at * rate)
	for i := range int(3 * rate) {
		k := first + i
		if k >= len(audio) {
			if !round {
				return
			}
			k %= len(audio)
		}
		t := float64(i) / rate
		v := 0.0
		for _, p := range instrument {
			if hz*p.ratio < 3400 {
				v += p.level * math.Exp(-t/p.fall) * math.Sin(2*math.Pi*hz*p.ratio*t)
			}
		}
		audio[k] += level * v * min(1, t/attack)
	}
}

// fade brings the last seconds down to silence.
func fade(audio []float64, seconds float64) {
	n := int(seconds * rate)
	for i := range n {
		audio[len(audio)-1-i] *= float64(i) / float64(n)
	}
}

// welcome is a rising chime of 1.9 seconds.
func welcome() []float64 {
	audio := make([]float64, rate*19/10)
	for i, n := range []int{c5, e5, g5, c6} {
		strike(audio, bell, 0.05+0.22*float64(i), note(n), 0.3, false)
	}
	fade(audio, 0.4)
	return audio
}

// music is four bars of plucked chords over a bass, 6.4 seconds, for a loop.
func music() []float64 {
	const beat = 0.2
	bars := []struct {
		root  int
		chord [4]int
	}{
		{c4, [4]int{c5, e5, g5, e5}}, {a3, [4]int{a4, c5, e5, c5}}, {f4 - 12, [4]int{a4, c5, f4, c5}}, {g3, [4]int{b4, d5, g4, d5}},
	}
	audio := make([]float64, int(32*beat*rate))
	for bar, b := range bars {
		start := float64(bar) * 8 * beat
		strike(audio, bass, start, note(b.root), 0.2, true)
		strike(audio, bass, start+4*beat, note(b.root), 0.15, true)
		for i := range 8 {
			strike(audio, pluck, start+float64(i)*beat, note(b.chord[i%4]), 0.14, true)
		}
	}
	return audio
}

// beep is 0.3 seconds of 1000 Hz.
func beep() []float64 {
	audio := make([]float64, rate*3/10)
	for i := range audio {
		audio[i] = 0.35 * math.Sin(2*math.Pi*1000*float64(i)/rate) * min(1, float64(i)/40)
	}
	fade(audio, 0.01)
	return audio
}
