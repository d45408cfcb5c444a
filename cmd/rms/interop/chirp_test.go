//go:build linux

package interop_test

import (
	"math"
	"os"
	"testing"

	"rms/media"
	"rms/media/wav"
)

// A pulse is a chirp at the beginning of each second: it is found to a fraction of a
// sample, also when a packet of it is missing.
const (
	chirpLength = 0.06 // s
	chirpLow    = 500  // Hz
	chirpHigh   = 3000
)

// rising chirps each second of a clock, and falling the other way round.
func rising(clock float64) float64  { return chirp(clock-math.Floor(clock), chirpLow, chirpHigh) }
func falling(clock float64) float64 { return chirp(clock-math.Floor(clock), chirpHigh, chirpLow) }

func chirp(s, from, to float64) float64 {
	if s >= chirpLength {
		return 0
	}
	window := 0.5 - 0.5*math.Cos(2*math.Pi*s/chirpLength)
	return 0.5 * window * math.Sin(2*math.Pi*(from*s+(to-from)/chirpLength/2*s*s))
}

// pulse is a chirp that was found.
type pulse struct {
	at    float64 // s from the beginning of the audio
	alike float64 // 1 is the very chirp, 0.7 about half of it
}

const alikeEnough = 0.6

// chirps finds all pulses of a kind in audio.
func chirps(pcm []int16, rate int, kind func(float64) float64) (list []pulse) {
	ref := make([]float64, int(chirpLength*float64(rate)))
	power := 0.0
	for i := range ref {
		ref[i] = 32767 * kind(float64(i)/float64(rate))
		power += ref[i] * ref[i]
	}
	if len(pcm) < len(ref)+2 {
		return nil
	}
	score := make([]float64, len(pcm)-len(ref))
	energy := 0.0
	for _, v := range pcm[:len(ref)] {
		energy += float64(v) * float64(v)
	}
	for at := range score {
		if energy > power/50 {
			sum := 0.0
			for i, r := range ref {
				sum += r * float64(pcm[at+i])
			}
			score[at] = sum / math.Sqrt(power*energy)
		}
		energy += float64(pcm[at+len(ref)])*float64(pcm[at+len(ref)]) - float64(pcm[at])*float64(pcm[at])
	}
	for at := 1; at < len(score)-1; at++ {
		if score[at] < alikeEnough {
			continue
		}
		best := at
		for i := at; i < min(at+rate/4, len(score)-1); i++ {
			if score[i] > score[best] {
				best = i
			}
		}
		a, b, c := score[best-1], score[best], score[best+1]
		list = append(list, pulse{at: (float64(best) + 0.5*(a-c)/(a-2*b+c)) / float64(rate), alike: b})
		at = best + rate/2
	}
	return list
}

// codecDelay is by how much a codec moves a pulse, in s.
func codecDelay(t *testing.T, c media.Codec) float64 {
	t.Helper()
	encoder, decoder := c.NewEncoder(), c.NewDecoder()
	var pcm []int16
	for i := range 75 {
		pcm = decoder.Decode(pcm, encoder.Encode(nil, sampled(rising, c, float64(i)*packetTime.Seconds())))
	}
	list := chirps(pcm, c.Rate, rising)
	if len(list) == 0 {
		t.Fatalf("%s: no pulse", c.Name)
	}
	last := list[len(list)-1].at
	return last - math.Floor(last+0.5)
}

// writeChirps makes a WAV file with a pulse each second.
func writeChirps(t *testing.T, path string, rate, seconds int) {
	t.Helper()
	second := make([]int16, rate)
	for i := range second {
		second[i] = int16(math.Round(32767 * falling(float64(i)/float64(rate))))
	}
	format := media.Format{Rate: rate, Channels: 1}
	data := wav.AppendHeader(nil, format, wav.PCM, uint64(2*rate*seconds))
	for range seconds {
		data = wav.AppendSamples(data, wav.PCM, second)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
