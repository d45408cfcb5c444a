package call_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
)

// onKeys has each key do something in the script.
func (h *house) onKeys(do map[string]func(x *call.Exec) error) {
	h.on("rms:dtmf", func(x *call.Exec) error {
		digit, _ := x.Event.Get("digit").(string)
		if f := do[digit]; f != nil {
			return f(x)
		}
		return nil
	})
}

func verb(name string, args ...any) func(x *call.Exec) error {
	return func(x *call.Exec) error {
		_, err := do(x, name, args...)
		return err
	}
}

func TestPauseLeavesOutToTheSampleAndKeepsTheTimeLine(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav"}, tone400))
	s.onKeys(map[string]func(x *call.Exec) error{"1": verb("record_pause"), "2": verb("record_resume")})
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, time.Second)
	press(c, "1")
	paused := s.wait("rms:record_pause")
	s.talk(e, 1000, time.Second)
	press(c, "2")
	resumed := s.wait("rms:record_resume")
	s.talk(e, 1000, time.Second)
	s.bye(c)
	got, _ := s.recorded()
	from, to := int(paused.Get("at_ms").(int64))*8, int(resumed.Get("at_ms").(int64))*8
	if to-from < 7900 || to-from > 8500 { // and what waits in the jitter buffer
		t.Errorf("paused from %d to %d", from, to)
	}
	for i, pcm := range got.sides {
		for k := from; k < to; k++ {
			if pcm[k] != 0 {
				t.Fatalf("side %d: sample %d of the pause %d-%d is %d", i, k, from, to, pcm[k])
			}
		}
		loud := func(at int) bool { return audiotest.Peak(pcm[at:at+40]) > 3000 }
		if !loud(from-40) || !loud(to) {
			t.Errorf("side %d: the sound beside the pause is missing", i)
		}
	}
	if len(got.sides[0]) < 23000 {
		t.Errorf("%d samples of 3 s: the time line did not go on", len(got.sides[0]))
	}
	p := got.told.Pauses
	if len(p) != 1 || int(p[0].AtMS*8) != from || int(p[0].LengthMS*8) != to-from || !p[0].Masked {
		t.Errorf("sidecar: %+v", p)
	}
}

// The last word of a pause waits in the jitter buffer when the recording goes on.
func TestWhatWasSaidInAPauseIsNotHeardBehindIt(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav"}))
	s.onKeys(map[string]func(x *call.Exec) error{"1": verb("record_pause"), "2": verb("record_resume")})
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, time.Second)
	press(c, "1")
	s.wait("rms:record_pause")
	s.talk(e, 1000, time.Second)
	press(c, "2")
	resumed := s.wait("rms:record_resume")
	s.talk(e, 300, time.Second)
	s.bye(c)
	got, _ := s.recorded()
	to := int(resumed.Get("at_ms").(int64)) * 8
	if l := audiotest.LevelAt(got.sides[0][to:to+320], 8000, 1000); l > -40 {
		t.Errorf("what was said in the pause is at %.1f dBFS behind it", l)
	}
	s.levels("what was said then", got.sides[0][to+800:to+4800], 8000, 300)
	if to < 16000 || to > 16000+8*150 {
		t.Errorf("the recording goes on at sample %d", to)
	}
}

func TestKeysAreHiddenWhileARecordingIsPaused(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	s := newStudio(t, nil, nil, logTo(&log))
	script := make(chan string, 8)
	s.runs(records(map[string]any{"file": "a.wav"}))
	s.on("rms:dtmf", func(x *call.Exec) error {
		digit, _ := x.Event.Get("digit").(string)
		script <- digit
		switch digit {
		case "1":
			return verb("record_pause")(x)
		case "2":
			return verb("record_resume")(x)
		}
		return nil
	})
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	for _, key := range []string{"1", "7", "2", "8"} {
		press(c, key)
		if got := <-script; got != key {
			t.Errorf("the script gets %q, want %q", got, key)
		}
		s.run(100*time.Millisecond, e)
	}
	s.bye(c)
	var shown []string
	for _, ev := range s.seen("rms:dtmf") {
		shown = append(shown, ev.Get("digit").(string))
	}
	if got := strings.Join(shown, ""); got != "1**8" {
		t.Errorf("others see %q, want the keys of the pause hidden", got)
	}
	if text := log.String(); strings.Contains(text, `"digit":"7"`) || !strings.Contains(text, `"digit":"8"`) {
		t.Error("the log shows the key of the pause, or hides another")
	}
	got, _ := s.recorded()
	if len(got.told.Pauses) != 1 {
		t.Errorf("%+v", got.told)
	}
}

func TestTheKeyThatEndsAPausedRecordingIsHidden(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	script := make(chan any, 1)
	s.runs(records(map[string]any{"file": "a.wav", "terminators": "5"}, verb("record_pause")))
	s.on("rms:record_stop", func(x *call.Exec) error { script <- x.Event.Get("terminator"); return nil })
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	press(c, "5")
	if ev := s.wait("rms:record_stop"); ev.Get("reason") != "terminator" || ev.Get("terminator") != "*" {
		t.Errorf("others see %v", ev.Fields)
	}
	if got := <-script; got != "5" {
		t.Errorf("the script gets %v", got)
	}
	s.bye(c)
}

func TestACallHasSeveralRecordings(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "stereo.wav"}, func(x *call.Exec) error {
		for _, sides := range []string{"caller", "callee", "mixed"} {
			if _, err := named(x, "record_start", map[string]any{"name": sides, "file": sides + ".wav", "sides": sides, "format": "ulaw"}); err != nil {
				return err
			}
		}
		return tone400(x)
	}))
	s.onKeys(map[string]func(x *call.Exec) error{"1": verb("record_stop", "mixed")})
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	eventually(t, "four begun", func() bool { return len(s.seen("rms:record_start")) == 4 }) // no tick: it would be in the file
	s.talk(e, 1000, time.Second)
	press(c, "1")
	eventually(t, "one ended", func() bool { return len(s.seen("rms:record_stop")) == 1 })
	s.talk(e, 1000, time.Second)
	s.bye(c)
	if n := len(s.seen("rms:record_stop")); n != 4 {
		t.Errorf("%d ends told", n)
	}
	s.levels("caller", s.listen("caller.wav").pcm[4000:], 8000, 1000)
	s.levels("callee", s.listen("callee.wav").pcm[4000:], 8000, 400)
	mixed := s.listen("mixed.wav")
	for _, hz := range []float64{400, 1000} {
		if l := audiotest.LevelAt(mixed.pcm[3000:7000], 8000, hz); l < -20 {
			t.Errorf("mixed: %.0f Hz at %.1f dBFS", hz, l)
		}
	}
	if n := len(mixed.pcm); n > 10000 {
		t.Errorf("the recording that was stopped after a second has %d samples", n)
	}
	if a, b := s.listen("stereo.wav").sides[0], s.listen("caller.wav").pcm; len(a) != len(b) {
		t.Errorf("%d and %d samples of the same call", len(a), len(b))
	}
}

func TestRecordingGoesOnThroughHoldAndAChangeOfCodec(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "rate": int64(16000)}, tone400))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, time.Second)
	c.Request("INVITE", e.offer("0", "inactive"))
	c.Expect(200)
	c.Ack()
	s.run(time.Second, e)
	c.Request("INVITE", e.offer("9"))
	e.aim(c.Expect(200).Body)
	c.Ack()
	s.settle()
	wide := encodeG722(audiotest.Tone(16000, 3000, -10, 2*time.Second))
	for i := 0; i+160 <= len(wide); i += 160 {
		e.say(9, wide[i:i+160], 160, i == 0)
		s.run(20*time.Millisecond, e)
	}
	s.bye(c)
	got, _ := s.recorded()
	left, right := got.sides[0], got.sides[1]
	if n := len(left); got.info.Format.Rate != 16000 || n < 62000 || n > 67000 {
		t.Fatalf("%d samples at %d Hz of 4 s", n, got.info.Format.Rate)
	}
	s.levels("before, caller", left[4000:14000], 16000, 1000)
	s.levels("before, callee", right[4000:14000], 16000, 400)
	if p := audiotest.Peak(left[20000:30000]); p > 100 {
		t.Errorf("the hold is not silent: %d", p)
	}
	s.levels("after, caller", left[40000:60000], 16000, 3000)
	s.levels("after, callee", right[40000:60000], 16000, 400)
}

func TestRecordingOfACallByAudioSocket(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav"}, tone400))
	board := s.switchboard(audiosocket.ServerOptions{})
	a := s.ring(board, socketID, audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))...)
	s.until("recording", func() bool { return len(s.seen("rms:record_start")) == 1 })
	a.speak(audiosocket.Slin8, audiotest.Tone(8000, 1000, -10, 200*time.Millisecond))
	pcm := audiotest.Tone(8000, 1000, -10, time.Second)
	for i := 0; i+160 <= len(pcm); i += 160 {
		a.speak(audiosocket.Slin8, pcm[i:i+160])
		time.Sleep(time.Millisecond)
		s.run(20 * time.Millisecond)
	}
	a.say(audiosocket.AppendMessage(nil, audiosocket.Terminate, nil))
	s.wait("rms:end")
	got, _ := s.recorded()
	s.levels("caller", got.sides[0][3000:], 8000, 1000)
	s.levels("callee", got.sides[1][3000:], 8000, 400)
}

func TestAKeyEndsARecording(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "terminators": "#*", "route": "done"}))
	s.on("done", func(*call.Exec) error { return nil })
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, 500*time.Millisecond)
	press(c, "5")
	press(c, "#")
	s.until("done", func() bool { return len(s.seen("done")) == 1 }, e)
	ev := s.wait("done")
	if ev.Get("reason") != call.ReasonTerminator || ev.Get("terminator") != "#" || ev.Kind != call.EventRecordStop {
		t.Errorf("%s %v", ev.Kind, ev.Fields)
	}
	s.bye(c)
	if n := len(s.seen("done")); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// Who asks for keys behind a recording does not get the one that ended it.
func TestAKeyThatEndedARecordingIsNotTypedAhead(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "terminators": "#", "route": "done"}))
	s.on("done", func(x *call.Exec) error {
		_, err := named(x, "collect", map[string]any{"max": int64(1), "route": "keys"})
		return err
	})
	s.on("keys", func(*call.Exec) error { return nil })
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, 500*time.Millisecond)
	press(c, "#")
	s.until("done", func() bool { return len(s.seen("done")) == 1 }, e)
	press(c, "1")
	s.until("keys", func() bool { return len(s.seen("keys")) == 1 }, e)
	if ev := s.wait("keys"); ev.Get("digits") != "1" {
		t.Errorf("%v", ev.Fields)
	}
	s.bye(c)
}

func TestRecordingEndsAfterItsTimeOrAfterSilence(t *testing.T) {
	t.Parallel()
	for reason, args := range map[string]map[string]any{
		"max":     {"file": "a.wav", "max": 1.5},
		"silence": {"file": "a.wav", "silence_stop": 1.0, "sides": "caller"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newStudio(t, nil, nil)
			s.runs(records(args))
			e := newEar(t)
			c := s.dial(e, e.offer("0"))
			s.wait("rms:record_start")
			s.talk(e, 1000, time.Second)
			s.until("end", func() bool { return len(s.seen("rms:record_stop")) == 1 }, e)
			_, ev := s.recorded()
			if ev.Get("reason") != reason {
				t.Errorf("%v", ev.Fields)
			}
			if ms := ev.Get("duration_ms").(int64); reason == "max" && ms != 1500 {
				t.Errorf("%d ms", ms)
			}
			s.bye(c)
		})
	}
}

func TestBeepIsHeardAndNotRecorded(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "beep": true}))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.until("recording", func() bool { return len(s.seen("rms:record_start")) == 1 }, e)
	heard := e.heard("PCMU", 8000, 0)
	if hz := strongest(heard, 8000); hz < 990 || hz > 1010 {
		t.Errorf("the caller hears %.0f Hz, want the beep", hz)
	}
	s.talk(e, 600, time.Second)
	s.bye(c)
	got, _ := s.recorded()
	if p := audiotest.Peak(got.sides[1]); p > 10 {
		t.Errorf("the beep is in the file, peak %d", p)
	}
	s.levels("caller", got.sides[0][2000:], 8000, 600)
}

func TestRecordingsArePlayedAndDeleted(t *testing.T) {
	t.Parallel()
	var deleted, played string
	s := newStudio(t, nil, nil, func(o *call.Options) {
		root := o.Recording.Root
		o.Recording.Delete = func(file, who string) error {
			deleted = file + " by " + who
			return os.Remove(filepath.Join(root, file))
		}
		o.Recording.Played = func(file, who string) { played = file + " to " + who }
	})
	s.runs(records(map[string]any{"file": "a.wav", "sides": "caller"}))
	s.onKeys(map[string]func(x *call.Exec) error{
		"1": verb("record_stop"), "2": verb("play", "record:a.wav", "heard"),
		"3": func(x *call.Exec) error {
			_, err := do(x, "record_delete", "a.wav")
			return err
		},
	})
	s.on("heard", func(*call.Exec) error { return nil })
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 700, time.Second)
	press(c, "1")
	s.until("recorded", func() bool { return len(s.seen("rms:record_stop")) == 1 }, e)
	e.packets = nil
	press(c, "2")
	s.until("heard", func() bool { return len(s.seen("heard")) == 1 }, e)
	if ev := s.wait("heard"); ev.Get("reason") != call.ReasonDone {
		t.Errorf("%v", ev.Fields)
	}
	pitch(t, e.heard("PCMU", 8000, 0), 8000, 700)
	press(c, "3")
	s.settle()
	s.bye(c)
	if _, err := os.Stat(filepath.Join(s.root, "a.wav")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file is there")
	}
	if !strings.HasPrefix(deleted, "a.wav by script, call ") || !strings.HasPrefix(played, "a.wav to call ") {
		t.Errorf("%q, %q", deleted, played)
	}
}
