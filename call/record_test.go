package call_test

import (
	"fmt"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
)

func TestRecordingHasBothSidesOfACall(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "calls/a.wav"}, tone400))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.talk(e, 1000, 2*time.Second)
	s.bye(c)
	got, ev := s.recorded()
	if got.info.Format.Channels != 2 || got.info.Format.Rate != 8000 {
		t.Errorf("%+v", got.info)
	}
	left, right := got.sides[0], got.sides[1]
	if n := len(left); n < 15200 || n > 16800 {
		t.Errorf("%d samples of 2 s", n)
	}
	middle := func(pcm []int16) []int16 { return pcm[4000:14000] }
	s.levels("caller", middle(left), 8000, 1000)
	s.levels("callee", middle(right), 8000, 400)
	if l := audiotest.LevelAt(middle(left), 8000, 1000); l < -10.5 || l > -9.5 {
		t.Errorf("the caller speaks at %.1f dBFS, want -10", l)
	}
	if l := audiotest.LevelAt(middle(left), 8000, 400); l > -50 {
		t.Errorf("the callee is on the caller's channel at %.1f dBFS", l)
	}
	if l := audiotest.LevelAt(middle(right), 8000, 1000); l > -50 {
		t.Errorf("the caller is on the callee's channel at %.1f dBFS", l)
	}
	if clicks := audiotest.Clicks(middle(left), 8000); len(clicks) > 0 {
		t.Errorf("clicks at %v", clicks)
	}
	if ev.Get("reason") != call.ReasonHangup || ev.Get("file") != "calls/a.wav" || len(ev.Get("sha256").(string)) != 64 {
		t.Errorf("%v", ev.Fields)
	}
	if d := ev.Get("duration_ms").(int64); d != int64(len(left)/8) {
		t.Errorf("%d ms told of %d samples", d, len(left))
	}
}

// An echo is in the same tick as what it repeats: so it is in the file, to the sample,
// with packets of any length and ticks of 10 or 20 ms.
func TestRecordedSidesAreInStepToTheSample(t *testing.T) {
	t.Parallel()
	for _, ptime := range []int{10, 20, 30, 40} {
		t.Run(fmt.Sprint(ptime, " ms"), func(t *testing.T) {
			t.Parallel()
			s := newStudio(t, nil, nil)
			s.runs(records(map[string]any{"file": "a.wav"}, func(x *call.Exec) error {
				_, err := do(x, "echo")
				return err
			}))
			e := newEar(t)
			c := s.dial(e, e.offer("0", fmt.Sprintf("ptime:%d", ptime)))
			s.wait("rms:record_start")
			s.run(100*time.Millisecond, e)
			n := 8 * ptime
			pcm := audiotest.Voice(8000, -12, 3*time.Second)
			for i := 0; i+n <= len(pcm); i += n {
				e.say(0, encodeMulaw(pcm[i:i+n]), uint32(n), i == 0)
				s.run(time.Duration(ptime)*time.Millisecond, e)
			}
			s.bye(c)
			got, _ := s.recorded()
			left, right := got.sides[0], got.sides[1]
			if d, alike := audiotest.Delay(left, right, 400); d != 0 || alike < 0.99 {
				t.Errorf("the echo is %d samples behind, likeness %.4f", d, alike)
			}
			if d, alike := audiotest.Delay(pcm, left, 2000); alike < 0.98 {
				t.Errorf("the caller is %d samples behind what he said, likeness %.4f", d, alike)
			}
		})
	}
}

func TestRecordingBegunBeforeTheAnswerHasEarlyMedia(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(script{"rms:invite": func(x *call.Exec) error {
		file, err := named(x, "record_start", map[string]any{"file": "early.wav"})
		if err != nil || file != "early.wav" {
			t.Errorf("%v %v", file, err)
		}
		if _, err := do(x, "progress"); err != nil {
			return err
		}
		return tone400(x)
	}, "route": func(x *call.Exec) error { return nil }, "rms:dtmf": func(x *call.Exec) error {
		_, err := do(x, "answer")
		return err
	}})
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	e.aim(c.Expect(183).Body)
	s.wait("rms:record_start")
	s.talk(e, 1000, time.Second)
	c.Cancel()
	c.Expect(200)
	c.Expect(487)
	c.AckRefusal()
	s.wait("rms:end")
	got, _ := s.recorded()
	s.levels("caller", got.sides[0][2000:], 8000, 1000)
	s.levels("callee", got.sides[1][2000:], 8000, 400)
}

func TestNothingSaidBeforeTheHangUpIsMissing(t *testing.T) {
	t.Parallel()
	s := newStudio(t, nil, nil)
	s.runs(records(map[string]any{"file": "a.wav", "sides": "caller"}))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:record_start")
	s.run(100*time.Millisecond, e)
	said := audiotest.Voice(8000, -10, time.Second)
	s.speak(e, said[:7680])
	e.say(0, encodeMulaw(said[7680:7840]), 160, false) // comes together, and is not heard any more
	e.say(0, encodeMulaw(said[7840:8000]), 160, false)
	s.run(20*time.Millisecond, e)
	s.bye(c)
	got, _ := s.recorded()
	want := through(said)
	lag, _ := audiotest.Delay(want[:7000], got.pcm, 2000)
	if n := len(got.pcm) - lag; n < len(want) || n > len(want)+400 {
		t.Fatalf("%d samples from where the caller spoke, of %d", n, len(want))
	}
	for i, v := range want {
		if got.pcm[lag+i] != v {
			t.Fatalf("sample %d of %d is %d, want %d", i, len(want), got.pcm[lag+i], v)
		}
	}
}
