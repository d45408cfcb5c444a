package audiosocket_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rms/media/wire/audiosocket"
)

func TestServerClosesWhenTheFirstFrameIsNotAUUIDOf16Bytes(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{
		"audio": "10 00 02 00 00", "hang-up": "00 00 00", "15 bytes": "01 00 0f", "17 bytes": "01 00 11",
		"36 bytes of ASCII": "01 00 24 34", "272 bytes": "01 01 10 40 32 5e c2 5e fd 4b d3 80 5f 53 57 6e 58 1d 13",
		"no bytes": "01 00 00",
	} {
		s := listen(t, audiosocket.ServerOptions{}, func(*audiosocket.Peer) { t.Errorf("%s was served", name) })
		a := dial(t, s)
		a.say(unhex(t, first))
		a.ends(false)
		s.awaitRefusal(t, audiosocket.ErrNotID)
	}
}

func TestServerClosesHTTPAndTLSAtTheFirstByte(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"G", "\x16", "P", "\xff"} {
		s := listen(t, audiosocket.ServerOptions{IDTimeout: time.Hour}, nil)
		a := dial(t, s)
		a.say([]byte(first))
		a.ends(false)
		s.awaitRefusal(t, audiosocket.ErrNotID)
	}
}

func TestServerHangsUpOnAUUIDThatIsNotAccepted(t *testing.T) {
	t.Parallel()
	unknown := errors.New("not registered")
	s := listen(t, audiosocket.ServerOptions{Accept: func(id string, from netip.AddrPort) error {
		if id != uuid || !from.IsValid() {
			t.Errorf("asked for %s from %s", id, from)
		}
		return unknown
	}}, nil)
	a := dial(t, s)
	a.say(hello(t, uuid))
	a.ends(true)
	s.awaitRefusal(t, unknown)
}

func TestServerHangsUpOnAUUIDThatIsLiveAndTakesItAgainLater(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{}, nil)
	first := dial(t, s)
	first.say(hello(t, uuid))
	await(t, "the call", func() bool { return s.Stats().Live == 1 })

	second := dial(t, s)
	second.say(hello(t, strings.ToUpper(uuid)))
	second.ends(true)
	s.awaitRefusal(t, audiosocket.ErrLive)
	if live := s.Stats().Live; live != 1 {
		t.Errorf("%d live calls after the refusal", live)
	}

	first.finish()
	s.hears(t)
	await(t, "the end", func() bool { return s.Stats().Live == 0 })
	third := dial(t, s)
	third.say(hello(t, uuid))
	await(t, "the call", func() bool { return s.Stats().Live == 1 })
}

func TestServerClosesWithoutUUIDInTime(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"nothing": "", "a byte": "01", "half": "01 00 10 40 32"} {
		s := listen(t, audiosocket.ServerOptions{IDTimeout: 100 * time.Millisecond}, nil)
		a := dial(t, s)
		a.say(unhex(t, first))
		a.ends(false)
		s.awaitRefusal(t, audiosocket.ErrNoID)
		if st := s.Stats(); st.Served != 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// A byte a time must not buy more time than the UUID has in all.
func TestServerClosesWhenTheUUIDTrickles(t *testing.T) {
	t.Parallel()
	s := listen(t, audiosocket.ServerOptions{IDTimeout: 300 * time.Millisecond, Stall: time.Hour}, nil)
	a := dial(t, s)
	started := time.Now()
	for _, b := range hello(t, uuid) {
		if _, err := a.Write([]byte{b}); err != nil {
			break
		}
		if len(s.why()) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.awaitRefusal(t, audiosocket.ErrNoID)
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("after %v", took)
	}
}

func TestServerClosesWhenAMessageIsUnfinished(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]string{"header": "10", "half header": "10 01", "payload": "10 01 40 00 00"} {
		ends := make(chan error, 1)
		s := listen(t, audiosocket.ServerOptions{Stall: 100 * time.Millisecond}, func(p *audiosocket.Peer) {
			_, err := listenTo(p)
			ends <- err
		})
		a := dial(t, s)
		a.say(append(hello(t, uuid), unhex(t, rest)...))
		if err := <-ends; !errors.Is(err, audiosocket.ErrStalled) {
			t.Errorf("%s: %v", name, err)
		}
		a.ends(false)
	}
}

func TestServerCapsConnectionsInTotalAndPerAddress(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]struct {
		options audiosocket.ServerOptions
		want    error
	}{
		"total":   {audiosocket.ServerOptions{MaxConns: 3}, audiosocket.ErrFull},
		"address": {audiosocket.ServerOptions{PerSource: 3}, audiosocket.ErrFullSource},
	} {
		s := listen(t, o.options, nil)
		var kept []*asterisk
		for range 3 {
			kept = append(kept, dial(t, s))
		}
		await(t, "three connections", func() bool { return s.Stats().Open == 3 })
		dial(t, s).ends(false)
		s.awaitRefusal(t, o.want)

		kept[0].Close()
		await(t, name+": the end of one", func() bool { return s.Stats().Open == 2 })
		a := dial(t, s)
		a.say(hello(t, uuid))
		await(t, name+": a call", func() bool { return s.Stats().Live == 1 })
	}
}
