package call_test

import (
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
)

// On a clean call what is recorded and what a websocket hears is the same, sample by
// sample, and both sides lie the same time apart.
func TestRecordingAndStereoStreamAgreeSampleBySample(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 130 * time.Millisecond} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			agree(t, late)
		})
	}
}

// agree begins to record when the stream has run for a while.
func agree(t *testing.T, late time.Duration) {
	t.Helper()
	s := newStudio(t, nil, nil)
	u, far := s.newBooth()
	begin := func(x *call.Exec) error {
		_, err := named(x, "record_start", map[string]any{"file": "a.wav"})
		return err
	}
	s.runs(script{"rms:start": func(x *call.Exec) error {
		if late == 0 {
			if err := begin(x); err != nil {
				return err
			}
		}
		_, err := named(x, "stream_start", map[string]any{"url": u, "mix": "stereo"})
		return err
	}})
	s.onKeys(map[string]func(x *call.Exec) error{"1": begin})
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:stream_connect")
	if late > 0 {
		s.run(late, e)
		press(c, "1")
	}
	s.wait("rms:record_start")
	s.run(200*time.Millisecond, e)
	// What we play goes over the wire as G.711, so the stream's side is compared as that.
	if err := far(0).ear().Audio(audiotest.Voice(8000, -9, 4*time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	s.speak(e, audiotest.Voice(8000, -12, 4*time.Second))
	s.bye(c)
	s.wait("rms:stream_disconnect")
	got, _ := s.recorded()
	heard := far(0).heard()
	left, right := side(heard, 0), side(heard, 1)
	if n := min(len(left), len(got.sides[0])); n < 30000 {
		t.Fatalf("%d samples", n)
	}
	lags := [2]int{}
	for i, live := range [2][]int16{left, right} {
		lag, alike := audiotest.Delay(live, got.sides[i], 1600)
		if alike < 0.999 {
			t.Errorf("side %d: likeness %.4f", i, alike)
		}
		lags[i] = lag
		wire := through(live)
		differ, compared := 0, 0
		for k, want := range wire {
			at := k + lag
			if at < 0 || at >= len(got.sides[i]) {
				continue
			}
			compared++
			if got.sides[i][at] != want {
				if differ++; differ < 4 {
					t.Errorf("side %d: sample %d is %d, the stream has %d", i, at, got.sides[i][at], want)
				}
			}
		}
		if differ > 0 || compared < 30000 {
			t.Errorf("side %d: %d of %d samples differ", i, differ, compared)
		}
	}
	if lags[0] != lags[1] {
		t.Errorf("the sides lie %d and %d samples apart from the stream's", lags[0], lags[1])
	}
	if late == 0 && lags[0] != 0 || late > 0 && lags[0] >= 0 {
		t.Errorf("the recording is %d samples behind the stream", lags[0])
	}
}
