package sink

import (
	"slices"
	"time"

	"rms/media"
	"rms/media/wire/audiosocket"
)

// asQuiet is how long an echo may say nothing before silence is sent: Asterisk gives up
// after 2 s without audio either way.
const asQuiet = 100 * time.Millisecond

// startBack starts what is sent to the peer: echo or clip, and our hang-up.
func (s *asStream) startBack() {
	run := func(f func()) {
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			f()
		}()
	}
	run(s.closing)
	if s.board.o.Echo {
		s.echo = make(chan heard, echoMost)
		run(s.echoing)
	}
	if s.board.clip != nil {
		run(s.playing)
	}
}

// closing hangs up when the time of the stream has come or the sink closes.
func (s *asStream) closing() {
	var after <-chan time.Time
	if d := s.board.o.CloseAfter; d > 0 {
		t := time.NewTimer(time.Until(s.started.Add(d)))
		defer t.Stop()
		after = t.C
	}
	select {
	case <-s.done:
		return
	case <-after:
	case <-s.server.quit:
	}
	close(s.local)
	// After the goodbye is out what still comes is read until the peer closes, or for a
	// moment.
	breaker := time.AfterFunc(closingMost/2, s.peer.Close)
	defer breaker.Stop()
	if s.peer.Hangup() != nil {
		s.peer.Close()
	}
	<-s.done
}

// echoing sends each message back when it comes, and silence while none does.
func (s *asStream) echoing() {
	last, quiet := time.Now(), time.NewTicker(frameTime)
	defer quiet.Stop()
	rate := 8000
	for {
		select {
		case <-s.done:
			return
		case <-s.local:
			return
		case h := <-s.echo:
			s.echoed(2 * len(h.pcm))
			last, rate = time.Now(), h.rate
			if s.speak(h.pcm, h.rate) != nil {
				return
			}
		case <-quiet.C:
			if time.Since(last) > asQuiet && s.hush(rate) != nil {
				return
			}
		}
	}
}

// speak sends one message of audio.
func (s *asStream) speak(pcm []int16, rate int) error {
	if err := s.peer.Write(pcm, rate); err != nil {
		return err
	}
	s.spoke(media.Format{Rate: rate, Channels: 1}.Duration(len(pcm)))
	return nil
}

func (s *asStream) hush(rate int) error {
	return s.peer.Write(make([]int16, media.Format{Rate: rate, Channels: 1}.Samples(frameTime)), rate)
}

// playing sends the clip at the rate that is heard first, paced, and silence after it.
func (s *asStream) playing() {
	rate := 8000
	t := time.NewTimer(playPatience)
	defer t.Stop()
	select {
	case <-s.done:
		return
	case <-s.local:
		return
	case rate = <-s.rate:
	case <-t.C: // the server's own silence has kept the peer content
	}
	if k, ok := audiosocket.KindOf(rate); !ok || !s.peer.Dialect().Carries(k) {
		rate = 8000
	}
	pcm, err := s.board.clip.at(rate)
	if err != nil {
		s.problem("play: " + err.Error())
		return
	}
	clock := newPacer()
	defer clock.close()
	for part := range slices.Chunk(pcm, media.Format{Rate: rate, Channels: 1}.Samples(frameTime)) {
		if !clock.wait(s.local) || isClosed(s.done) || s.speak(part, rate) != nil {
			return
		}
	}
	for clock.wait(s.local) && !isClosed(s.done) && s.hush(rate) == nil { //nolint:revive // the condition is the work
	}
}
