package sink

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Sink receives streams until it is closed.
type Sink struct {
	o      *Options
	board  *board
	server server
}

// server is what speaks one of the protocols.
type server interface {
	addr() netip.AddrPort
	// close ends every stream and waits for its goroutines, or for ctx.
	close(ctx context.Context) error
}

// Start opens the files and sockets and begins to receive.
func Start(o Options) (*Sink, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	b, err := newBoard(&o)
	if err != nil {
		return nil, err
	}
	s := &Sink{o: &o, board: b}
	switch o.Kind {
	case Websocket:
		s.server, err = startWS(b)
	case AudioSocket:
		s.server, err = startAudioSocket(b)
	default:
		s.server, err = startRST(b)
	}
	if err != nil {
		return nil, errors.Join(err, b.dir.close())
	}
	o.Report(Event{Event: EventListen, Time: time.Now(), Sink: o.Kind, Address: s.URL()})
	return s, nil
}

// Addr returns the address that the sink receives on.
func (s *Sink) Addr() netip.AddrPort { return s.server.addr() }

// URL returns what a stream is pointed at.
func (s *Sink) URL() string {
	a := s.Addr()
	if a.Addr().IsUnspecified() {
		a = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	switch {
	case s.o.Kind == Websocket && s.o.WS.TLSCert != "":
		return "wss://" + a.String() + "/"
	case s.o.Kind == Websocket:
		return "ws://" + a.String() + "/"
	}
	return s.o.Kind + "://" + a.String()
}

// Summary returns the figures of the streams that have ended, and the counters.
func (s *Sink) Summary() Event { return s.board.summary() }

// Close ends every stream as its protocol has it, ends the files, and waits for all
// goroutines, or until ctx ends.
func (s *Sink) Close(ctx context.Context) error {
	err := s.server.close(ctx)
	s.o.Report(s.board.summary())
	return errors.Join(err, s.board.dir.close())
}
