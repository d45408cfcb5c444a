package call

import (
	"errors"
	"slices"

	"rms/media"
	"rms/media/filter"
	"rms/rtp"
)

// siprecWire is what the clock's thread has of a stream to a recorder.
type siprecWire struct {
	session *rtp.Session
	relay   *rtp.Relay
	ours    bool
	poll    media.Pin
	chain   []media.Pin // what makes packets, the sender last
	tap     *tap        // nil while packets are made anew
}

// join begins to send and receive reports.
func (w *siprecWire) join(l *leg) error {
	var err error
	w.poll, err = l.graph.Add(w.session.Poll(), 0)
	return err
}

// pass has the packets of the call go on as they are, with the payload types that the
// recorder has for audio and, when it is not 0, for comfort noise.
func (w *siprecWire) pass(l *leg, pt, cn uint8) error {
	from := l.rtp.session.Config()
	w.relay.Pause()
	w.tap = &tap{packet: func(p *rtp.Packet) {
		switch {
		case p.PayloadType == from.PayloadType:
			w.relay.Send(p, pt)
		case cn != 0 && p.PayloadType == from.CNType:
			w.relay.Send(p, cn)
		default: // keys are not for the recorder
			w.relay.Leave(p)
		}
	}}
	if w.ours {
		l.rtp.tapOut(w.tap)
	} else {
		l.rtp.tapIn(w.tap)
	}
	pin, err := l.graph.Add(w.session.Sender(), 0)
	w.chain = append(w.chain, pin)
	return err
}

// encode decodes the audio and encodes it anew.
func (w *siprecWire) encode(l *leg, cd media.Codec) error {
	from := l.hears
	if w.ours {
		from = l.mixer
	}
	var errs []error
	add := func(x media.Filter, outs int, from ...media.Pin) media.Pin {
		pin, err := l.graph.Add(x, outs, from...)
		if err == nil {
			w.chain = append(w.chain, pin)
		}
		errs = append(errs, err)
		return pin
	}
	mono := add(filter.NewSides(filter.Mono, cd.Rate), 1, from)
	encoder := add(filter.NewEncoder(cd, cd.NewEncoder()), 1, mono)
	add(w.session.Sender(), 0, encoder)
	return errors.Join(errs...)
}

// unchain takes away what makes packets.
func (w *siprecWire) unchain(l *leg) {
	if w.tap != nil {
		l.rtp.untap(w.tap)
		w.tap = nil
	}
	for _, pin := range slices.Backward(w.chain) {
		l.graph.Remove(pin)
	}
	w.chain = nil
}

// leave takes the stream out of the graph and says goodbye by RTCP.
func (w *siprecWire) leave(l *leg) {
	w.unchain(l)
	l.graph.Remove(w.poll)
	w.session.Close()
}
