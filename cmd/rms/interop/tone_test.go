//go:build linux

package interop_test

import (
	"math"
	"os/exec"
	"testing"
	"time"

	"rms/media/audiotest"
)

// sound writes a WAV with sox: a tone in the given form.
func sound(t *testing.T, path string, seconds, hz string, form ...string) {
	t.Helper()
	need(t, "sox")
	args := append([]string{"-R", "-n"}, form...)
	args = append(args, path, "synth", seconds, "sine", hz, "gain", "-6")
	if out, err := exec.Command("sox", args...).CombinedOutput(); err != nil {
		t.Fatalf("sox %v: %v: %s", args, err, out)
	}
}

// loud returns the part of pcm between its first and its last 5 ms above -40 dBFS.
func loud(pcm []int16, rate int) []int16 {
	window := rate / 200
	first, last := -1, -1
	for at := 0; at+window <= len(pcm); at += window {
		if audiotest.RMS(pcm[at:at+window]) > -40 {
			if first < 0 {
				first = at
			}
			last = at + window
		}
	}
	if first < 0 {
		return nil
	}
	return pcm[first:last]
}

// wantTone checks that a tone was heard whole and in tune: length to 25 ms, frequency
// to one per cent, level as sox made it, no clicks.
func wantTone(t *testing.T, pcm []int16, rate int, hz float64, length time.Duration) {
	t.Helper()
	wantToneOf(t, pcm, rate, hz, length, 25*time.Millisecond)
	if _, level := audiotest.Find(loud(pcm, rate), rate); level < -7.5 || level > -4.5 {
		t.Errorf("heard %.1f dBFS, want -6", level)
	}
	if clicks := audiotest.Clicks(pcm, rate); len(clicks) > 0 {
		t.Errorf("heard clicks at samples %v", clicks)
	}
}

// wantToneOf is wantTone for what a phone played as it came, with a hole where the machine
// was busy.
func wantToneOf(t *testing.T, pcm []int16, rate int, hz float64, length, within time.Duration) {
	t.Helper()
	tone := loud(pcm, rate)
	got := time.Duration(len(tone)) * time.Second / time.Duration(rate)
	if d := got - length; d < -within || d > within {
		t.Errorf("heard %v of sound, want %v", got, length)
	}
	f, _ := audiotest.Find(tone, rate)
	if math.Abs(f-hz) > hz/100 {
		t.Errorf("heard %.1f Hz, want %.0f Hz", f, hz)
	}
}
