package audiosocket_test

import (
	"testing"
	"time"

	"rms/media/wire/audiosocket"
)

// Asterisk would poll for a header, and forward nothing, until something comes.
func TestServerFeedsSilenceFromAcceptOn(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, nil)
	started := time.Now()
	a := dial(t, s)
	const frames = 40
	for i := range frames {
		m, err := a.in.Next()
		if err != nil || !isSilence(m) {
			t.Fatalf("message %d is %s of %d bytes, %v", i, m.Kind, len(m.Payload), err)
		}
	}
	// The last may be late; none may be early.
	if took := time.Since(started); took < (frames-1)*20*time.Millisecond {
		t.Errorf("%d messages in %v: a burst", frames, took)
	}
}

// A machine that was busy for a while must not make up for it.
func TestServerFeedSendsNoMoreThanItsTime(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, nil)
	started := time.Now()
	a := dial(t, s)
	for n := 1; time.Since(started) < 600*time.Millisecond; n++ {
		if _, err := a.in.Next(); err != nil {
			t.Fatal(err)
		}
		if most := 2 + int(time.Since(started)/(20*time.Millisecond)); n > most {
			t.Fatalf("%d messages in %v", n, time.Since(started))
		}
	}
}

func TestServerFeedsSilenceUntilTheOwnerTakesOver(t *testing.T) {
	t.Parallel()
	take, write := make(chan struct{}), make(chan struct{})
	for name, takes := range map[string]func(p *audiosocket.Peer){
		"Take":  func(p *audiosocket.Peer) { p.Take(); p.Take() },
		"Write": func(p *audiosocket.Peer) { _ = p.Write([]int16{9, 9}, 8000) },
	} {
		taken := make(chan time.Time, 1)
		s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
			<-take
			takes(p)
			taken <- time.Now()
			<-write
			_ = p.Write([]int16{1, 1}, 8000)
			_, _ = listenTo(p)
		})
		started := time.Now()
		a := dial(t, s)
		a.say(hello(t, uuid))
		for range 10 {
			if m, err := a.in.Next(); err != nil || !isSilence(m) {
				t.Fatal(m.Kind, err)
			}
		}
		take <- struct{}{}
		at := <-taken
		await(t, "a pause", func() bool { return time.Since(at) > 150*time.Millisecond })
		write <- struct{}{}
		m, silent, err := a.next()
		most := int(at.Sub(started)/(20*time.Millisecond)) + 2 - 10 // until it was taken over; 150 ms more would be seven more
		if name == "Write" {
			if err != nil || m.Payload[0] != 9 {
				t.Fatalf("%s: %x, %v", name, m.Payload, err)
			}
			m, silent, err = a.next()
			most = 2 // one may have been under way
		}
		if err != nil || m.Payload[0] != 1 || silent > most {
			t.Errorf("%s: %d messages of silence, then %x, %v", name, silent, m.Payload, err)
		}
		a.Close()
	}
}
