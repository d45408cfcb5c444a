package filter_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

// eventually polls until ok or the test's patience ends.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// blocked starts a Write that finds no room and returns where its error comes.
func blocked(t *testing.T, s *stage, pcm []int16, stop <-chan struct{}) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.Write(pcm, stop) }()
	eventually(t, "a full queue", func() bool { return s.Stats().Queued == 200*ms })
	select {
	case err := <-done:
		t.Fatalf("Write of more than fits returned %v", err)
	default:
	}
	return done
}

func TestPlayoutHoldsTheWriterBackWhenItIsFull(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: 200 * ms})
	tone := audiotest.Tone(8000, 440, -10, time.Second)
	done := blocked(t, s, tone, nil)
	for len(s.heard) < len(tone) {
		s.turn()
		if st := s.Stats(); st.Queued > 200*ms {
			t.Fatalf("%v wait", st.Queued)
		}
		before := len(s.heard)
		eventually(t, "more audio", func() bool {
			st := s.Stats()
			return st.Queued > 60*ms || st.Played+st.Queued == time.Second
		})
		if len(s.heard) != before {
			t.Fatal("heard without a tick")
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Played != time.Second || st.Dropped != 0 || st.Starved != 0 {
		t.Errorf("%+v", st)
	}
	if audiotest.Difference(s.heard, tone) < 90 {
		t.Error("what was heard is not what was written")
	}
}

func TestPlayoutWriteEndsWhenItIsStopped(t *testing.T) {
	t.Parallel()
	pcm := make([]int16, 8000)
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: 200 * ms})
	stop := make(chan struct{})
	done := blocked(t, s, pcm, stop)
	close(stop)
	if err := <-done; !errors.Is(err, filter.ErrStopped) {
		t.Errorf("stop closed: %v", err)
	}
	if err := s.Write(pcm[:1], stop); !errors.Is(err, filter.ErrStopped) {
		t.Errorf("stop was closed before: %v", err)
	}
	done = blocked(t, s, pcm, nil)
	s.Stop()
	s.Stop()
	if err := <-done; !errors.Is(err, filter.ErrStopped) {
		t.Errorf("Stop: %v", err)
	}
	if err := s.Write(pcm[:1], nil); !errors.Is(err, filter.ErrStopped) {
		t.Errorf("after Stop: %v", err)
	}
	if st := s.Stats(); st.Queued != 200*ms {
		t.Errorf("what waits is played after Stop: %+v", st)
	}
}

func TestPlayoutClearDropsWhatItsWriterStillHas(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: 200 * ms})
	done := blocked(t, s, make([]int16, 8000), nil)
	s.turn()
	s.Clear(true)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Queued != 0 || st.Played+st.Dropped != time.Second {
		t.Errorf("%+v", st)
	}
}

func TestPlayoutStorageIsBoundedWithoutTicks(t *testing.T) {
	t.Parallel()
	for _, oldest := range []bool{false, true} {
		s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: time.Second, DropOldest: oldest})
		most := int64(8000/filter.PlayBlockSize + 2)
		if oldest {
			most *= 2
		} else {
			go func() { _ = s.Write(make([]int16, 1e6), nil) }()
		}
		for i := range 3000 {
			if oldest {
				s.write(t, make([]int16, 160))
			} else if i%100 == 0 {
				s.Clear(true)
			}
			if st := s.Stats(); s.Held() > most || st.Queued > time.Second {
				t.Fatalf("%d blocks, at most %d, %+v", s.Held(), most, st)
			}
		}
		s.Stop()
		s.Clear(true)
		s.turn()
		if s.Held() != 0 {
			t.Errorf("%d blocks are held for nothing", s.Held())
		}
	}
}

func TestPlayoutOfALiveSourceDropsTheOldest(t *testing.T) {
	t.Parallel()
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: 200 * ms, Prebuffer: 40 * ms, DropOldest: true})
	tone := audiotest.Tone(8000, 440, -10, time.Second)
	s.write(t, tone[:480])
	s.turn()
	s.write(t, tone[480:])
	if st := s.Stats(); st.Queued != 200*ms || st.Dropped != 780*ms {
		t.Errorf("%+v", st)
	}
	for range 12 {
		s.turn()
	}
	// After 5 ms in which old and new cross, the newest 200 ms are heard.
	if audiotest.Difference(s.heard[200:1760], tone[6440:]) < 90 {
		t.Error("the newest audio is not what is heard")
	}
	if at := audiotest.Clicks(s.heard, 8000); len(at) > 0 {
		t.Errorf("clicks at %v", at)
	}
	if st := s.Stats(); st.Played != 220*ms || st.Starved != 1 {
		t.Errorf("%+v", st)
	}
}

// TestPlayoutKeepsALiveSourceLive lets audio come as it does from a bad network:
// with jitter, in bursts, and late.
func TestPlayoutKeepsALiveSourceLive(t *testing.T) {
	t.Parallel()
	const limit = 500 * ms
	s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: limit, Prebuffer: 40 * ms, DropOldest: true})
	r := rand.New(rand.NewPCG(1, 2))
	tone := audiotest.Tone(8000, 300, -10, 60*time.Second)
	sent := 0
	send := func(n int) {
		for range n {
			s.write(t, tone[sent:sent+160])
			sent += 160
		}
	}
	late := 0 // frames that the network holds
	for i := range 2900 {
		switch late++; {
		case i > 500 && i <= 540: // nothing for 0.8 s, then all at once
		case i > 2000: // a steady source
			send(late)
			late = 0
		default:
			n := r.IntN(late + 1)
			send(n)
			late -= n
		}
		s.turn()
		if q := s.Stats().Queued; q > limit {
			t.Fatalf("tick %d: %v wait", i, q)
		}
	}
	st := s.Stats()
	if st.Dropped == 0 || st.Starved == 0 {
		t.Errorf("a burst of 0.8 s and nothing lost: %+v", st)
	}
	if st.Queued > 80*ms {
		t.Errorf("the burst still delays the audio: %+v", st)
	}
	if got := st.Played + st.Dropped + st.Queued; got != time.Duration(sent)*time.Second/8000 {
		t.Errorf("%v of %d samples are accounted for", got, sent)
	}
	if at := audiotest.Clicks(s.heard, 8000); len(at) > 0 {
		t.Errorf("clicks at %v", at)
	}
}

func TestPlayoutDoesNotAllocate(t *testing.T) {
	s := filter.NewPlayout(filter.PlayoutOptions{Format: mono8, Limit: time.Second, Prebuffer: 40 * ms, OnMark: func(filter.MarkEvent) {}})
	pcm := audiotest.Tone(8000, 440, -10, 20*ms)
	var out [1]*media.Frame
	i := 0
	turn := func() {
		i++
		switch {
		case i%50 < 40:
			_ = s.Write(pcm, nil)
			_ = s.Mark("mark")
		case i%100 == 45:
			s.Clear(true)
		}
		s.Process(nil, out[:])
	}
	for range 200 {
		turn()
	}
	if n := testing.AllocsPerRun(2000, turn); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

// TestPlayoutAccountsForAllWhenEverybodyIsBusy races writers, Clear and marks against
// the tick.
func TestPlayoutAccountsForAllWhenEverybodyIsBusy(t *testing.T) {
	t.Parallel()
	for _, oldest := range []bool{false, true} {
		t.Run(fmt.Sprint("oldest ", oldest), func(t *testing.T) {
			t.Parallel()
			s := newStage(8000, 20*ms, filter.PlayoutOptions{Limit: 300 * ms, Prebuffer: 20 * ms, DropOldest: oldest})
			const writes, size = 1200, 333
			var wait sync.WaitGroup
			done := make(chan struct{})
			set := 0
			wait.Go(func() {
				pcm := audiotest.Noise(size, -20, 1)
				for i := range writes {
					_ = s.Write(pcm, nil)
					if i%5 == 0 && s.Mark("mark") == nil {
						set++
					}
				}
				close(done)
			})
			var cleared time.Duration
			wait.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					case <-time.After(time.Millisecond):
						played, _ := s.Clear(i%3 > 0)
						cleared += played
					}
				}
			})
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
					s.turn()
					s.heard = s.heard[:0]
					runtime.Gosched()
				}
			}
			wait.Wait()
			for s.Stats().Queued > 0 || s.Held() > 0 {
				s.turn()
			}
			s.turn()
			st := s.Stats()
			if got := st.Played + st.Dropped; got.Round(ms) != (writes * size * time.Second / 8000).Round(ms) {
				t.Errorf("%v accounted for, %+v", got, st)
			}
			if played, _ := s.Clear(true); (cleared + played).Round(ms) != st.Played.Round(ms) {
				t.Errorf("Clear told of %v, %v were played", cleared+played, st.Played)
			}
			if len(s.marks) != set {
				t.Errorf("%d of %d marks were reported", len(s.marks), set)
			}
		})
	}
}

func BenchmarkPlayoutTick(b *testing.B) {
	s := filter.NewPlayout(filter.PlayoutOptions{Format: mono8})
	pcm := audiotest.Tone(8000, 440, -10, 20*ms)
	var out [1]*media.Frame
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Write(pcm, nil)
		s.Process(nil, out[:])
	}
}

func BenchmarkPlayoutIdleTick(b *testing.B) {
	s := filter.NewPlayout(filter.PlayoutOptions{Format: mono8})
	var out [1]*media.Frame
	for b.Loop() {
		s.Process(nil, out[:])
	}
}
