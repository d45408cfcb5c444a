package audiosocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/wire/audiosocket"
)

func TestServerHandsOverAPeerWithItsUUIDAndItsMessages(t *testing.T) {
	t.Parallel()
	ids := make(chan string, 1)
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		ids <- p.ID + " " + p.Remote().String()
		m, err := p.Next()
		if err != nil || m.Kind != audiosocket.Slin8 || len(m.Payload) != 4 {
			t.Errorf("%s, %v", m.Kind, err)
		}
		if m, err = p.Next(); err != nil || m.Kind != audiosocket.Terminate {
			t.Errorf("%s, %v", m.Kind, err)
		}
		if _, err = p.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the hang-up: %v", err)
		}
	})
	a := dial(t, s)
	a.say(append(hello(t, strings.ToUpper(uuid)), unhex(t, "10 00 04 01 00 02 00 00 00 00 10 00 02 00 00")...))
	if got, want := <-ids, uuid+" "+a.LocalAddr().String(); got != want {
		t.Errorf("peer %s, want %s", got, want)
	}
	a.ends(false)
	await(t, "the end", func() bool { return s.Stats().Open == 0 })
	if got, want := s.Stats(), (audiosocket.ServerStats{Accepted: 1, Served: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestServerIgnoresASecondUUIDAndNeverBindsItAgain(t *testing.T) {
	t.Parallel()
	const other = "11111111-2222-3333-4444-555555555555"
	ids := make(chan string, 1)
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		for m, err := p.Next(); err == nil; m, err = p.Next() {
			if m.Kind == audiosocket.ID {
				t.Error("the second UUID came through")
			}
		}
		ids <- fmt.Sprint(p.ID, p.Ignored())
	})
	a := dial(t, s)
	a.say(append(hello(t, uuid), hello(t, other)...))
	a.finish()
	if got, want := <-ids, uuid+"1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestServerWaitsForEverBetweenMessages(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{IDTimeout: 2 * time.Second, Stall: 2 * time.Second}, nil)
	a := dial(t, s)
	a.say(hello(t, uuid))
	for range 125 { // 2.5 s of silence
		if _, err := a.in.Next(); err != nil {
			t.Fatal(err)
		}
	}
	a.say(unhex(t, "10 00 02 01 00"))
	a.finish()
	if got := s.hears(t); len(got) != 1 || got[0].What != audiosocket.Audio {
		t.Errorf("%+v", got)
	}
}

func TestServerLearnsForkFromADigitOfSixBytes(t *testing.T) {
	t.Parallel()
	asked, told := make(chan string), make(chan struct{})
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		for {
			if m, err := p.Next(); err != nil || m.Kind == audiosocket.Terminate {
				return
			}
			if err := errors.Join(p.Digit('7', 100*time.Millisecond), p.Signal(audiosocket.SignalAnswer)); err != nil {
				t.Error(err)
			}
			asked <- p.Dialect().String()
			<-told
		}
	})
	a := dial(t, s)
	a.say(hello(t, uuid))
	for _, step := range []struct{ message, dialect string }{
		{"10 00 02 00 00", "upstream"},
		{"02 00 01 35", "upstream"},
		{"02 00 06 00 45 a0 00 00 00", "upstream"}, // no digit
		{"03 00 01 35", "upstream"},
		{"02 00 06 01 35 00 00 00 00", "fork"},
	} {
		a.say(unhex(t, step.message))
		if got := <-asked; got != step.dialect {
			t.Errorf("after %s the peer is %s, want %s", step.message, got, step.dialect)
		}
		told <- struct{}{}
	}
	var got []string
	for range 3 {
		m, _, err := a.next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %x", m.Kind, m.Payload))
	}
	if want := []string{"0x02 013700000000", "0x02 003764000000", "0x03 04"}; !cmp.Equal(got, want) {
		t.Errorf("the fork got %q, want %q", got, want)
	}
}

func TestServerSpeaksForkFromTheStartWhenConfigured(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{Dialect: audiosocket.Fork}, func(p *audiosocket.Peer) {
		if err := p.Signal(audiosocket.SignalAnswer); err != nil {
			t.Error(err)
		}
		if err := p.Write(make([]int16, 320), 16000); !errors.Is(err, audiosocket.ErrRate) {
			t.Errorf("16 kHz to a fork: %v", err)
		}
	})
	a := dial(t, s)
	a.say(hello(t, uuid))
	if m, _, err := a.next(); err != nil || m.Kind != audiosocket.Control || m.Payload[0] != 4 {
		t.Errorf("%s %x, %v", m.Kind, m.Payload, err)
	}
	a.ends(false)
}

// Each of these drops the call at Asterisk.
func TestServerSendsUpstreamOnlyAudioAndHangUp(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		p.Take()
		err := errors.Join(
			p.Digit('5', time.Second), p.Signal(audiosocket.SignalHangup),
			p.Write(nil, 8000), p.Write([]int16{}, 16000),
			p.Write([]int16{1, 2}, 8000), p.Write([]int16{3, 4}, 48000), p.Write(make([]int16, 70000), 8000),
		)
		if err != nil {
			t.Error(err)
		}
		if err := p.Write([]int16{1}, 11025); !errors.Is(err, audiosocket.ErrRate) {
			t.Errorf("11025 Hz: %v", err)
		}
		if err := errors.Join(p.Hangup(), p.Hangup()); err != nil {
			t.Error(err)
		}
		if err := p.Write([]int16{1}, 8000); !errors.Is(err, audiosocket.ErrClosed) {
			t.Errorf("after the hang-up: %v", err)
		}
	})
	a := dial(t, s)
	a.say(hello(t, uuid))
	var got []string
	for {
		m, _, err := a.next()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprint(m.Kind, len(m.Payload)))
	}
	if want := []string{"0x10 4", "0x16 4", "0x10 65534", "0x10 65534", "0x10 8932", "0x00 0"}; !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestServerKeepsTheGoodbyeOfAPeerThatSpeaksOn(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		p.Take()
		_ = p.Hangup()
	})
	a := dial(t, s)
	a.say(hello(t, uuid))
	for range 50 { // unread audio would make a plain close reset the connection
		_, _ = a.Write(audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))) // it may be gone already
	}
	a.ends(true)
}

func TestServerWarnsOnceOfAPeerWhoseFramesAllHave160Bytes(t *testing.T) {
	t.Parallel()
	trap := audiosocket.AppendMessage(nil, audiosocket.Slin8, make([]byte, 160))
	good := audiosocket.AppendMessage(nil, audiosocket.Slin8, make([]byte, 320))
	wide := audiosocket.AppendMessage(nil, audiosocket.Slin16, make([]byte, 160))
	for name, c := range map[string]struct {
		first    []byte
		frames   int
		encoding audiosocket.Encoding
		want     int
	}{
		"trap": {nil, 120, audiosocket.Linear, 1}, "short": {nil, 49, audiosocket.Linear, 0},
		"one of 320": {good, 120, audiosocket.Linear, 0}, "16 kHz": {wide, 120, audiosocket.Linear, 0},
		"configured": {nil, 120, audiosocket.PCMU, 0},
	} {
		warned, done := 0, make(chan int, 1)
		o := audiosocket.ServerOptions{Encoding: c.encoding, Suspect: func(*audiosocket.Peer) { warned++ }}
		s := listen(t, o, func(p *audiosocket.Peer) {
			all, _ := listenTo(p)
			if c.encoding == audiosocket.PCMU && all[0].Code != 160 {
				t.Errorf("%s: %d samples of u-law", name, all[0].Code)
			}
			done <- warned
		})
		a := dial(t, s)
		a.say(append(hello(t, uuid), c.first...))
		for range c.frames {
			a.say(trap)
		}
		a.finish()
		if got := <-done; got != c.want {
			t.Errorf("%s: %d warnings, want %d", name, got, c.want)
		}
	}
}

func TestServerCloseEndsEveryConnectionAndWaitsForItsHandler(t *testing.T) {
	t.Parallel()
	ended := make(chan string, 10)
	s := listen(t, audiosocket.ServerOptions{Listen: "127.0.0.7:0"}, func(p *audiosocket.Peer) {
		_, err := listenTo(p)
		if err == nil {
			t.Error("no error")
		}
		ended <- p.ID
	})
	for i := range 3 {
		a := dial(t, s)
		a.say(hello(t, fmt.Sprintf("%08d%s", i, uuid[8:])))
	}
	dial(t, s) // says nothing
	await(t, "calls", func() bool { return s.Stats().Live == 3 && s.Stats().Open == 4 })
	s.close(t)
	if len(ended) != 3 || s.Stats().Open != 0 {
		t.Errorf("%d handlers returned, %+v", len(ended), s.Stats())
	}
	s.close(t)
	if c, err := net.Dial("tcp", s.Addr().String()); err == nil { // nobody else has a port there
		c.Close()
		t.Error("the server still listens")
	}
}

func TestServerCloseReturnsWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	s := listen(t, audiosocket.ServerOptions{}, func(*audiosocket.Peer) { <-stuck })
	a := dial(t, s)
	a.say(hello(t, uuid))
	await(t, "the call", func() bool { return s.Stats().Live == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(stuck)
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	if _, err := audiosocket.Listen(audiosocket.ServerOptions{Listen: "127.0.0.1:99999"}, nil); err == nil ||
		!strings.Contains(err.Error(), "listen for audiosocket") {
		t.Errorf("%v", err)
	}
}
