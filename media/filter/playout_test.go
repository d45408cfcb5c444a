package filter_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

const ms = time.Millisecond

// stage is a playout with the notes of what it said.
type stage struct {
	*filter.Playout
	marks []string
	empty int
	heard []int16
	tick  int // samples
}

func newStage(rate int, tick time.Duration, o filter.PlayoutOptions) *stage {
	s := &stage{}
	o.Format = media.Format{Rate: rate, Channels: 1}
	o.OnMark = func(m filter.MarkEvent) {
		end := ""
		if m.Cleared {
			end = " cleared"
		}
		s.marks = append(s.marks, fmt.Sprintf("%s@%d %v%s", m.Name, m.Offset, m.Played, end))
	}
	o.OnEmpty = func() { s.empty++ }
	s.Playout = filter.NewPlayout(o)
	s.Prepare(tick)
	s.tick = o.Format.Samples(tick)
	return s
}

// turn runs a tick and returns its audio, nil for none.
func (s *stage) turn() []int16 {
	var out [1]*media.Frame
	s.Process(nil, out[:])
	if out[0] == nil {
		s.heard = append(s.heard, make([]int16, s.tick)...)
		return nil
	}
	s.heard = append(s.heard, out[0].PCM...)
	return out[0].PCM
}

func (s *stage) write(t *testing.T, pcm []int16) {
	t.Helper()
	if err := s.Write(pcm, nil); err != nil {
		t.Fatal(err)
	}
}

func TestPlayoutPlaysEverySampleOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		for _, tick := range []time.Duration{10 * ms, 20 * ms} {
			s := newStage(rate, tick, filter.PlayoutOptions{})
			want := audiotest.Tone(rate, 440, -10, 900*ms)
			for rest, n := want, 1; len(rest) > 0; n = n*7%1999 + 1 {
				k := min(n, len(rest))
				s.write(t, rest[:k])
				rest = rest[k:]
			}
			for range int(900*ms/tick) + 2 {
				s.turn()
			}
			if diff := cmp.Diff(want, s.heard[:len(want)]); diff != "" {
				t.Errorf("%d Hz, %v: %s", rate, tick, diff)
			}
			if st := s.Stats(); st.Played != 900*ms || st.Queued != 0 || st.Dropped != 0 || st.Starved != 1 || s.Held() != 0 {
				t.Errorf("%d Hz, %v: %+v, %d blocks held", rate, tick, st, s.Held())
			}
			if s.empty != 1 {
				t.Errorf("%d Hz, %v: told %d times that it is empty", rate, tick, s.empty)
			}
		}
	}
}

func TestPlayoutHasNoFrameWhenThereIsNothingToPlay(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{})
	if s.turn() != nil {
		t.Error("audio from an empty queue")
	}
	s.write(t, make([]int16, 160))
	if s.turn() == nil || s.turn() != nil {
		t.Error("one tick of zeros is one frame")
	}
	if s.empty != 1 {
		t.Errorf("empty %d times", s.empty)
	}
}

func TestPlayoutWaitsForThePrebufferAgainAfterItRanDry(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Prebuffer: 60 * ms})
	tick := audiotest.Tone(8000, 1000, -10, 20*ms)
	var begun []int
	for i := range 12 {
		if i < 4 || i > 6 {
			s.write(t, tick)
		}
		if pcm := s.turn(); pcm != nil && audiotest.Peak(pcm[100:]) > 5000 {
			begun = append(begun, i)
		}
	}
	// Three frames wait before the first is played, and again after the hole of 60 ms.
	if diff := cmp.Diff([]int{2, 3, 4, 5, 9, 10, 11}, begun); diff != "" {
		t.Error(diff)
	}
}

func TestPlayoutPlaysLessThanThePrebufferAfterThatTime(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Prebuffer: 60 * ms})
	s.write(t, audiotest.Tone(8000, 1000, -10, 20*ms))
	if err := s.Mark("end"); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if pcm := s.turn(); (pcm != nil && audiotest.Peak(pcm[100:]) > 5000) != (i == 3) {
			t.Errorf("tick %d: a peak of %d", i, audiotest.Peak(pcm))
		}
	}
	if diff := cmp.Diff([]string{"end@160 20ms"}, s.marks); diff != "" {
		t.Error(diff)
	}
}

func TestPlayoutMarkFiresInTheTickOfTheLastSampleBefore(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{})
	mark := func(name string) {
		if err := s.Mark(name); err != nil {
			t.Fatal(err)
		}
	}
	mark("none")
	s.turn()
	s.write(t, make([]int16, 100))
	mark("a")
	s.write(t, make([]int16, 60))
	mark("b")
	s.write(t, make([]int16, 1))
	mark("c")
	mark("d")
	s.turn()
	if diff := cmp.Diff([]string{"none@0 0s", "a@100 12.5ms", "b@160 7.5ms"}, s.marks); diff != "" {
		t.Error(diff)
	}
	s.turn()
	mark("e")
	s.turn()
	if diff := cmp.Diff([]string{"c@1 125µs", "d@1 0s", "e@0 0s"}, s.marks[3:]); diff != "" {
		t.Error(diff)
	}
	if n := s.Stats().Marks; n != 0 {
		t.Errorf("%d marks left", n)
	}
}

func TestPlayoutHasThirtyMarksAtMost(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{})
	s.write(t, make([]int16, 800))
	for i := range filter.MaxMarks {
		if err := s.Mark(fmt.Sprint(i)); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := s.Mark("one more"); !errors.Is(err, filter.ErrMarks) {
		t.Errorf("mark 31: %v", err)
	}
	for range 5 {
		s.turn()
	}
	if err := s.Mark("again"); err != nil || len(s.marks) != filter.MaxMarks {
		t.Errorf("%v after %d marks", err, len(s.marks))
	}
}

func TestPlayoutClearIsHeardWithinOneTick(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 48000} {
		for _, freq := range []float64{90, 440, 1900} {
			s := newStage(rate, 20*ms, filter.PlayoutOptions{Prebuffer: 40 * ms})
			s.write(t, audiotest.Tone(rate, freq, -6, time.Second))
			_ = s.Mark("end")
			for range 7 {
				s.turn()
			}
			played, dropped := s.Clear(true)
			if played != 140*ms || dropped != 860*ms {
				t.Errorf("%d Hz: played %v, dropped %v", rate, played, dropped)
			}
			if q := s.Stats().Queued; q != 0 {
				t.Errorf("%v is still queued", q)
			}
			pcm := slices.Clone(s.turn())
			if len(pcm) == 0 || audiotest.Peak(pcm[rate/200:]) != 0 {
				t.Errorf("%d Hz: sound 5 ms after Clear", rate)
			}
			for range 3 {
				if s.turn() != nil {
					t.Errorf("%d Hz: sound a tick after Clear", rate)
				}
			}
			if at := audiotest.Clicks(s.heard, rate); len(at) > 0 {
				t.Errorf("%d Hz, tone of %v: clicks at %v", rate, freq, at)
			}
			if diff := cmp.Diff([]string{"end@0 140ms cleared"}, s.marks); diff != "" || s.empty != 1 || s.Held() != 0 {
				t.Errorf("empty %d times, %d blocks held, %s", s.empty, s.Held(), diff)
			}
		}
	}
}

func TestPlayoutClearCountsSinceTheLastClearOrBegin(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{})
	s.write(t, make([]int16, 8000))
	s.turn()
	s.turn()
	if played, dropped := s.Clear(true); played != 40*ms || dropped != 960*ms {
		t.Errorf("first: %v, %v", played, dropped)
	}
	s.write(t, make([]int16, 800))
	s.turn()
	s.Begin()
	s.turn()
	if played, dropped := s.Clear(true); played != 20*ms || dropped != 60*ms {
		t.Errorf("second: %v, %v", played, dropped)
	}
	if played, dropped := s.Clear(true); played != 0 || dropped != 0 {
		t.Errorf("third: %v, %v", played, dropped)
	}
	if st := s.Stats(); st.Played != 80*ms || st.Dropped != 1020*ms {
		t.Errorf("%+v", st)
	}
}

func TestPlayoutClearWithoutMarksLetsThemBeReached(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{})
	s.write(t, make([]int16, 800))
	_ = s.Mark("a")
	s.turn()
	s.Clear(false)
	s.write(t, make([]int16, 320))
	_ = s.Mark("b")
	s.turn()
	if diff := cmp.Diff([]string{"a@0 20ms"}, s.marks); diff != "" {
		t.Error(diff)
	}
	s.turn()
	if diff := cmp.Diff("b@160 40ms", s.marks[1]); diff != "" {
		t.Error(diff)
	}
}

func TestPlayoutDoesNotClickWhereItRunsDryAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, freq := range []float64{90, 440, 1900} {
		for _, chunk := range []int{320, 333, 1111} {
			s := newStage(16000, 20*ms, filter.PlayoutOptions{Prebuffer: 40 * ms})
			pcm := audiotest.Tone(16000, freq, -6, 2*time.Second)
			for i := 0; len(pcm) > chunk; i++ {
				if i%9 < 6 {
					s.write(t, pcm[:chunk])
					pcm = pcm[chunk:]
				}
				s.turn()
			}
			for range 100 {
				s.turn()
			}
			if at := audiotest.Clicks(s.heard, 16000); len(at) > 0 {
				t.Errorf("tone of %v Hz in pieces of %d: clicks at %v", freq, chunk, at)
			}
			if st := s.Stats(); st.Starved == 0 || int(st.Starved) != s.empty || st.Dropped != 0 {
				t.Errorf("%+v, empty %d times", st, s.empty)
			}
		}
	}
}
