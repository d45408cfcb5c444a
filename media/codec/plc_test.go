package codec_test

import (
	"math"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
)

// lose runs pcm through a codec in packets of 20 ms, without those that lost
// names, and returns what the decoder gives.
func lose(c media.Codec, pcm []int16, lost func(packet int) bool) []int16 {
	enc, dec := c.NewEncoder(), c.NewDecoder()
	n := c.Rate / 50
	var out []int16
	for i := 0; (i+1)*n <= len(pcm); i++ {
		payload := enc.Encode(nil, pcm[i*n:(i+1)*n])
		if lost(i) {
			out = dec.Conceal(out, n)
			continue
		}
		out = dec.Decode(out, payload)
	}
	return out
}

func span(first, last int) func(int) bool {
	return func(i int) bool { return i >= first && i <= last }
}

func TestConcealmentOfOnePacketIsNotHeard(t *testing.T) {
	t.Parallel()
	for _, c := range codec.All() {
		for name, pcm := range map[string][]int16{
			"voice":      audiotest.Voice(c.Rate, -3, time.Second),
			"440 Hz":     audiotest.Tone(c.Rate, 440, -10, time.Second),
			"1004 Hz":    audiotest.Tone(c.Rate, 1004, -10, time.Second),
			"2600 Hz":    audiotest.Tone(c.Rate, 2600, -10, time.Second),
			"DTMF":       audiotest.Tones(c.Rate, time.Second, -10, 697, 1209),
			"dial tone":  audiotest.Tones(c.Rate, time.Second, -13, 350, 440),
			"white":      audiotest.Noise(c.Rate, -25, 1),
			"background": audiotest.Noise(c.Rate, -60, 1),
		} {
			whole := lose(c, pcm, func(int) bool { return false })
			n := c.Rate / 50
			for packet := 5; packet < 40; packet += 7 {
				out := lose(c, pcm[:(packet+4)*n], span(packet, packet))
				near, same := out[(packet-2)*n:], whole[(packet-2)*n:(packet+4)*n]
				if at := audiotest.Clicks(near, c.Rate); len(at) > len(audiotest.Clicks(same, c.Rate)) {
					t.Errorf("%s, %s, packet %d: clicks at %v", c.Encoding(), name, packet, at)
				}
				gap, was := audiotest.RMS(out[packet*n:(packet+1)*n]), audiotest.RMS(whole[packet*n:(packet+1)*n])
				if math.Abs(gap-was) > 5 {
					t.Errorf("%s, %s, packet %d: gap has %.1f dBFS instead of %.1f", c.Encoding(), name, packet, gap, was)
				}
			}
		}
	}
}

func TestConcealmentGoesOnWithATone(t *testing.T) {
	t.Parallel()
	for _, c := range codec.All() {
		for _, freq := range []float64{300, 440, 1004, 1633, 2600} {
			pcm := audiotest.Tone(c.Rate, freq, -10, 400*time.Millisecond)
			out := lose(c, pcm, span(10, 10))
			n := c.Rate / 50
			got, _ := audiotest.Find(out[10*n:11*n], c.Rate)
			if math.Abs(got-freq) > 15 {
				t.Errorf("%s: %.0f Hz goes on with %.1f", c.Encoding(), freq, got)
			}
		}
	}
}

func TestConcealmentFadesToSilenceAndBack(t *testing.T) {
	t.Parallel()
	for _, c := range codec.All() {
		pcm := audiotest.Voice(c.Rate, -3, time.Second)
		for i := range pcm { // steady, so that the fade is all that changes
			pcm[i] = pcm[i%(c.Rate/25)+c.Rate/8]
		}
		out := lose(c, pcm, span(10, 19))
		n := c.Rate / 50
		levels := make([]float64, 0, 5)
		for i := 9; i < 14; i++ {
			levels = append(levels, audiotest.RMS(out[i*n:(i+1)*n]))
		}
		for i := 1; i < 4; i++ {
			if levels[i] > levels[i-1]+1 {
				t.Errorf("%s: level rises in the gap: %.1f", c.Encoding(), levels)
			}
		}
		if levels[3] > levels[0]-10 || audiotest.Peak(out[13*n:20*n]) != 0 {
			t.Errorf("%s: no silence after 60 ms: %.1f", c.Encoding(), levels)
		}
		whole := lose(c, pcm, func(int) bool { return false })
		if at := audiotest.Clicks(out[8*n:24*n], c.Rate); len(at) > len(audiotest.Clicks(whole[8*n:24*n], c.Rate)) {
			t.Errorf("%s: clicks at %v", c.Encoding(), at)
		}
		for i := 20; i < 24; i++ {
			got, want := audiotest.Peak(out[i*n:(i+1)*n]), audiotest.Peak(whole[i*n:(i+1)*n])
			if float64(got) > 1.3*float64(want) {
				t.Errorf("%s: packet %d comes back with a peak of %d, not %d", c.Encoding(), i, got, want)
			}
		}
		if got, want := audiotest.RMS(out[25*n:]), audiotest.RMS(whole[25*n:]); math.Abs(got-want) > 0.3 {
			t.Errorf("%s: level %.1f after the gap, want %.1f", c.Encoding(), got, want)
		}
	}
}

func TestConcealmentBeforeAnyPacketIsSilence(t *testing.T) {
	t.Parallel()
	for _, c := range codec.All() {
		if p := audiotest.Peak(c.NewDecoder().Conceal(nil, 1000)); p != 0 {
			t.Errorf("%s: peak %d", c.Encoding(), p)
		}
	}
}

// A tenth of all packets lost: the audio must stay what it was, roughly.
func TestConcealmentOfATenth(t *testing.T) {
	t.Parallel()
	for _, c := range codec.All() {
		pcm := audiotest.Voice(c.Rate, -3, 4*time.Second)
		every := lose(c, pcm, func(i int) bool { return i%10 == 7 })
		whole := lose(c, pcm, func(int) bool { return false })
		snr := audiotest.Difference(every, whole)
		t.Logf("%s: %.1f dB", c.Encoding(), snr)
		if snr < 10 {
			t.Errorf("%s: %.1f dB", c.Encoding(), snr)
		}
	}
}

func BenchmarkConceal(b *testing.B) {
	for _, c := range codec.All() {
		b.Run(c.Encoding(), func(b *testing.B) {
			dec := c.NewDecoder()
			payload := c.NewEncoder().Encode(nil, audiotest.Voice(c.Rate, -6, 100*time.Millisecond))
			out := dec.Decode(nil, payload)
			n := len(payload) / 5
			for b.Loop() {
				out = dec.Conceal(out[:0], c.Rate/50)
				out = dec.Decode(out[:0], payload[:n])
			}
		})
	}
}
