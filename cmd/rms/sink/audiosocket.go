package sink

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"time"

	"rms/media"
	"rms/media/wire/audiosocket"
)

// asServer takes calls from Asterisk.
type asServer struct {
	board  *board
	quit   chan struct{} // closed: every stream ends
	once   sync.Once
	server *audiosocket.Server
}

func startAudioSocket(b *board) (*asServer, error) {
	a := &asServer{board: b, quit: make(chan struct{})}
	var err error
	a.server, err = audiosocket.Listen(audiosocket.ServerOptions{
		Listen: b.o.Listen, Dialect: b.o.AS.Dialect, MaxConns: b.o.MaxStreams + spare, PerSource: b.o.MaxStreams + spare,
		Refused: func(from netip.AddrPort, why error) { b.refuse(asCounter(why), from.String(), why.Error()) },
	}, a.serve)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// asCounter names why a connection became no stream.
func asCounter(why error) string {
	switch {
	case errors.Is(why, audiosocket.ErrFull), errors.Is(why, audiosocket.ErrFullSource), errors.Is(why, errFull):
		return "full"
	case errors.Is(why, audiosocket.ErrNotID):
		return "as_not_uuid"
	case errors.Is(why, audiosocket.ErrNoID):
		return "as_no_uuid"
	case errors.Is(why, audiosocket.ErrLive):
		return "as_uuid_live"
	}
	return "as_refused"
}

func (a *asServer) addr() netip.AddrPort { return a.server.Addr() }

// close hangs every stream up, gives the peers a moment to hear it, and then closes
// their connections.
func (a *asServer) close(ctx context.Context) error {
	a.once.Do(func() { close(a.quit) })
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for begun := time.Now(); a.server.Stats().Open > 0 && time.Since(begun) < closingMost && ctx.Err() == nil; {
		<-t.C
	}
	return a.server.Close(ctx)
}

// asStream is one call of an AudioSocket sink.
type asStream struct {
	*stream
	server *asServer
	peer   *audiosocket.Peer
	lane   *lane
	pcm    []int16
	trap   bool // every frame so far had 160 bytes of type 0x10

	rate  chan int // the first that is heard
	echo  chan heard
	local chan struct{} // closed when our side ends the stream
	done  chan struct{} // closed when nothing more is read
	wg    sync.WaitGroup
}

// heard is audio that goes back as it came.
type heard struct {
	pcm  []int16
	rate int
}

// serve reads a call until it ends from either side.
func (a *asServer) serve(p *audiosocket.Peer) {
	st, err := a.board.begin(p.ID, p.Remote().String(), time.Now())
	if err != nil {
		a.board.refuse("full", p.Remote().String(), err.Error())
		_ = p.Hangup()
		return
	}
	s := &asStream{stream: st, server: a, peer: p, trap: true}
	s.lane = s.newLane("", "", true)
	s.rate, s.local, s.done = make(chan int, 1), make(chan struct{}), make(chan struct{})
	a.board.start(st, Event{})
	s.startBack()
	cause, why, err := s.read()
	close(s.done)
	s.wg.Wait()
	if n := p.Ignored(); n > 0 {
		s.drop(n)
	}
	switch {
	case isClosed(s.local):
		cause, why = causeLocal, ""
	case errors.Is(err, audiosocket.ErrStalled):
		cause, why = causeTimeout, err.Error()
	case errors.Is(err, io.EOF):
		cause = causeRemote
	case err != nil:
		cause, why = causeError, err.Error()
	}
	s.end(cause, why, 0)
}

// read takes messages until the peer's goodbye.
func (s *asStream) read() (cause, why string, err error) {
	stall := newStall(s.board.o, s.started)
	for {
		stall.wait(s.local)
		m, err := s.peer.Next()
		if err != nil {
			return "", "", err
		}
		switch what := audiosocket.Interpret(m, true, s.peer.Dialect()); what.What {
		case audiosocket.Audio:
			s.take(m)
		case audiosocket.Key:
			if !what.Begin {
				s.digit(what.Digit, what.Duration)
			}
		case audiosocket.Hangup:
			return causeRemote, "hang-up", nil
		case audiosocket.Failure:
			return causeRemote, "error " + audiosocket.Kind(what.Code).String(), nil
		}
	}
}

// take measures and keeps a message of audio.
func (s *asStream) take(m audiosocket.Message) {
	rate := m.Kind.Rate()
	s.pcm = s.decode(s.pcm[:0], m)
	s.arrive(s.lane, time.Now(), len(m.Payload))
	if s.audio(s.lane, s.pcm, media.Format{Rate: rate, Channels: 1}, "slin"); s.trap {
		s.warn(m)
	}
	select {
	case s.rate <- rate:
	default:
	}
	if s.echo == nil || !s.admit(2*len(s.pcm)) {
		return
	}
	select {
	case s.echo <- heard{append([]int16(nil), s.pcm...), rate}:
	default:
		s.echoed(2 * len(s.pcm))
		s.drop(1)
	}
}

func (s *asStream) decode(pcm []int16, m audiosocket.Message) []int16 {
	law := &media.MulawToLinear
	switch {
	case m.Kind != audiosocket.Slin8 || s.board.o.AS.Slin8 == "slin":
		return audiosocket.PCM(pcm, m.Payload)
	case s.board.o.AS.Slin8 == "pcma":
		law = &media.AlawToLinear
	}
	for _, b := range m.Payload {
		pcm = append(pcm, law[b])
	}
	return pcm
}

// trapFrames is how many messages of 160 bytes make a warning.
const trapFrames = 50

// warn says once that the audio looks like that of Asterisk's channel driver without
// a codec: frames of 160 bytes are 10 ms of linear audio, or 20 ms of G.711. Nothing
// is guessed from the content.
func (s *asStream) warn(m audiosocket.Message) {
	s.trap = m.Kind == audiosocket.Slin8 && len(m.Payload) == 160 && s.board.o.AS.Slin8 == "slin"
	if s.trap && s.lane.frames == trapFrames {
		s.trap = false
		s.problem("every message holds 160 bytes: if this is noise, Asterisk sends G.711 as type 0x10; dial with c(slin), or use --slin8 pcmu or pcma")
	}
}
