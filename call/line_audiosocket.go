package call

import (
	"errors"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/wire/audiosocket"
)

// What a caller by AudioSocket says waits this long before it is heard, because
// Asterisk sends it as it comes, and this long at most, so that it never lags behind.
const (
	socketPrebuffer = 40 * time.Millisecond
	socketLatency   = 300 * time.Millisecond
)

// socketLine is the line of a leg that is one connection of AudioSocket.
//
//	Peer.Next --> heard --> ... mixer --> link ~> ring ~> goroutine --> Peer.Write
type socketLine struct {
	peer *audiosocket.Peer
	rate int // of both directions on the wire, in Hz

	heard           *filter.Playout
	keys            socketKeys
	framesIn, taken atomic.Uint64
}

func newSocketLine(c *Call, p *audiosocket.Peer, rate int) *socketLine {
	return &socketLine{peer: p, rate: rate, keys: socketKeys{manager: c.manager}, heard: filter.NewPlayout(filter.PlayoutOptions{
		Format: media.Format{Rate: rate, Channels: 1}, Limit: socketLatency, DropOldest: true, Prebuffer: socketPrebuffer,
	})}
}

func (s *socketLine) hear(l *leg) (media.Pin, error) { return l.graph.Add(s.heard, 1) }

func (s *socketLine) send(l *leg, from media.Pin) error {
	_, err := l.graph.Spawn(from, (*socketSink)(s), media.LinkOptions{
		Size: socketLatency, Full: media.DropOldest, Name: "audiosocket", Silence: true,
		Format: media.Format{Rate: s.rate, Channels: 1},
	})
	return err
}

func (s *socketLine) plain() bool { return true }

var errSocketDigits = errors.New("AudioSocket has no message for keys to Asterisk, only its fork has")

func (s *socketLine) digits(digits string, duration, gap time.Duration) error {
	if s.peer.Dialect() != audiosocket.Fork {
		return errSocketDigits
	}
	if duration == 0 {
		duration = 160 * time.Millisecond
	}
	for i := range len(digits) {
		if _, ok := key(digits[i : i+1]); !ok {
			return errors.New("keys are 0-9, *, # and A-D")
		}
	}
	_ = gap // the peer plays one key after the other
	return s.keys.put(func() error {
		var errs []error
		for i := range len(digits) {
			errs = append(errs, s.peer.Digit(digits[i], duration))
		}
		return errors.Join(errs...)
	})
}

func (s *socketLine) tail() time.Duration { return 30 * time.Millisecond }

func (s *socketLine) describe() (codec, remote, direction string) {
	return "L16/" + rateText(s.rate), s.peer.Remote().String(), "sendrecv"
}

func (s *socketLine) shut(st *legStats) {
	*st = legStats{packetsIn: s.framesIn.Load(), packetsOut: s.taken.Load(), codec: "L16/" + rateText(s.rate)}
}

// socketSink writes what we say. The clock of the call paces it: one message a tick,
// silence too. Its end says goodbye.
type socketSink socketLine

// Write sends one tick.
func (s *socketSink) Write(f *media.Frame) error {
	if f.Lost {
		return nil
	}
	s.peer.Take()
	s.taken.Add(1)
	if s.peer.Write(f.PCM, s.rate) != nil {
		s.peer.Close() // whoever reads ends the call
	}
	return nil
}

// Close hangs up.
func (s *socketSink) Close() error {
	s.keys.drain()
	if s.peer.Hangup() != nil {
		s.peer.Close()
	}
	return nil
}
