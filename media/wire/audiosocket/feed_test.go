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
	a := dial(t, s)
	started := time.Now()
	const frames = 40
	for i := range frames {
		m, err := a.in.Next()
		if err != nil || !isSilence(m) {
			t.Fatalf("message %d is %s of %d bytes, %v", i, m.Kind, len(m.Payload), err)
		}
	}
	// The first may have been sent before dial returned, and the last may be late;
	// none may be early.
	if took := time.Since(started); took < (frames-2)*20*time.Millisecond {
		t.Errorf("%d messages in %v: a burst", frames, took)
	}
}

// A machine that was busy for a while must not make up for it.
func TestServerFeedSendsNoMoreThanItsTime(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, nil)
	a := dial(t, s)
	started := time.Now()
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
		s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
			<-take
			takes(p)
			<-write
			_ = p.Write([]int16{1, 1}, 8000)
			_, _ = listenTo(p)
		})
		a := dial(t, s)
		a.say(hello(t, uuid))
		for range 10 {
			if m, err := a.in.Next(); err != nil || !isSilence(m) {
				t.Fatal(m.Kind, err)
			}
		}
		take <- struct{}{}
		started := time.Now()
		await(t, "a pause", func() bool { return time.Since(started) > 150*time.Millisecond })
		write <- struct{}{}
		m, silent, err := a.next()
		if name == "Write" {
			if err != nil || m.Payload[0] != 9 {
				t.Fatalf("%s: %x, %v", name, m.Payload, err)
			}
			silent = 0
			var more int
			m, more, err = a.next()
			silent += more
		}
		// One may have been under way; 150 ms would have been seven.
		if err != nil || m.Payload[0] != 1 || silent > 2 {
			t.Errorf("%s: %d messages of silence, then %x, %v", name, silent, m.Payload, err)
		}
		a.Close()
	}
}
