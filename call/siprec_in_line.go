package call

import (
	"errors"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/rtp"
	"rms/sip/sdp"
)

// maxSiprecStreams bounds the streams of one recording session, each of which has its
// own pair of ports.
const maxSiprecStreams = 8

// siprecLine is the line of a leg that a recording client sends to: an RTP session for
// each voice, and nothing to send. The first stream is what the leg hears, the second
// is in the place of what it would send, so that streams and recordings see a caller
// and a callee.
//
//	stream 1: session.Poll, decoder = leg.hears
//	stream 2: session.Poll, decoder --> mixer
//	more:     session.Poll, decoder; recorded alone
type siprecLine struct {
	*rtpLine // stream 1

	session *siprecIn
	at      place // of all sockets
	streams []*siprecStream
	offered bool // our 200 had the offer
}

// siprecStream is one stream of a recording session. It belongs to the mailbox, but for
// what the clock's thread uses of its rtpLine.
type siprecStream struct {
	*rtpLine

	index int // 0 and 1 are the sides
	mline int // -1: no m-line describes it now
	label string
	codec media.Codec
	pin   media.Pin // of the decoder; belongs to the clock's thread

	recorded bool // alone

	quiet bool   // its time ran out
	heard uint64 // packets by then
}

func newSiprecLine(s *siprecIn, l *leg, at place) *siprecLine {
	l.rtp.caps.Direction = sdp.RecvOnly
	line := &siprecLine{rtpLine: l.rtp, session: s, at: at}
	line.streams = []*siprecStream{{rtpLine: l.rtp, index: sideCaller, mline: -1}}
	line.add() // the second side is there before its stream: recordings ask for it
	return line
}

// add makes room for one more stream, without a port.
func (s *siprecLine) add() *siprecStream {
	index := s.streams[len(s.streams)-1].index + 1 // one that went leaves its number unused
	st := &siprecStream{rtpLine: &rtpLine{leg: s.leg, caps: s.caps, early: s.early}, index: index, mline: -1}
	s.streams = append(s.streams, st)
	return st
}

// open lists the streams that an m-line describes now.
func (s *siprecLine) open() []*siprecStream {
	var out []*siprecStream
	for _, st := range s.streams {
		if st.mline >= 0 {
			out = append(out, st)
		}
	}
	return out
}

// bind gives a stream its ports.
func (s *siprecLine) bind(st *siprecStream) error {
	if st.pair != nil {
		return nil
	}
	m := s.leg.call.manager
	pair, err := m.opts.Ports.Get(s.at.bind)
	if err != nil {
		return err
	}
	m.usePort(pair.Port(), s.at)
	st.pair = pair
	return nil
}

// hear adds the first stream.
func (s *siprecLine) hear(l *leg) (media.Pin, error) {
	pin, err := s.rtpLine.hear(l)
	s.streams[sideCaller].pin = pin
	return pin, err
}

// send adds the other streams; what is mixed goes nowhere.
func (s *siprecLine) send(l *leg, _ media.Pin) error {
	var errs []error
	for _, st := range s.streams[1:] {
		errs = append(errs, st.join(l))
	}
	return errors.Join(errs...)
}

// join adds a stream to the graph; one without a session waits for its m-line.
func (st *siprecStream) join(l *leg) error {
	if st.rtpLine.session == nil || l.closing.Load() {
		return nil
	}
	if _, err := l.graph.Add(st.rtpLine.session.Poll(), 0); err != nil {
		return err
	}
	var err error
	st.decoder = st.newDecoder(st.codec, st.media.CNType)
	if st.pin, err = l.graph.Add(st.decoder, 1); err != nil {
		return err
	}
	if st.index == sideCallee {
		return l.graph.Connect(st.pin, l.mixer)
	}
	return nil
}

// record gives a feed both sides.
func (s *siprecLine) record(f *feed) (err error) {
	for side := range 2 {
		if st := s.streams[side]; st.rtpLine.session != nil {
			f.hearApart(st.rtpLine, side)
		}
	}
	f.pin, err = f.leg.graph.Add(f, 0)
	return err
}

// record gives a feed this stream alone.
func (st *siprecStream) record(f *feed) (err error) {
	f.hearApart(st.rtpLine, sideCaller)
	f.pin, err = f.leg.graph.Add(f, 0)
	return err
}

func (s *siprecLine) plain() bool { return true }

var errSiprecDigits = errors.New("a recording session takes no keys: nothing is sent to its client")

func (s *siprecLine) digits(string, time.Duration, time.Duration) error { return errSiprecDigits }

func (s *siprecLine) tail() time.Duration { return 0 }

// shut ends all sessions and gives the ports back.
func (s *siprecLine) shut(stats *legStats) {
	for _, st := range s.streams {
		if st.pair == nil {
			continue
		}
		var one legStats
		st.rtpLine.shut(&one)
		if st.index > sideCaller {
			one.codec = ""
		}
		stats.add(&one)
	}
}

// quit takes a stream away for good, and its recording with it.
func (s *siprecLine) quit(st *siprecStream) {
	l := s.leg
	c := l.call
	for _, r := range c.recordings {
		if r.stream == st {
			r.stop(ReasonStopped)
		}
	}
	s.streams = without(s.streams, st)
	if st.pair == nil {
		return
	}
	c.manager.usePort(st.pair.Port(), place{})
	l.do(func() {
		l.graph.Remove(st.pin)
		st.rtpLine.session.Close()
		st.pair.Close()
	})
}

// siprecEvents is the face that a stream shows its RTP session.
type siprecEvents struct {
	*rtpEvents

	line   *siprecLine
	stream *siprecStream
}

// Timeout takes the silence of one stream: the call ends when all are silent.
func (e *siprecEvents) Timeout() {
	_ = e.line.leg.call.box.must(func() { e.line.fellSilent(e.stream, e.rtpEvents) })
}

func (s *siprecLine) fellSilent(st *siprecStream, ev *rtpEvents) {
	st.quiet, st.heard = true, st.rtpLine.session.Stats().PacketsIn
	for _, o := range s.open() {
		if o.media.Direction.Receives() && (!o.quiet || o.rtpLine.session.Stats().PacketsIn != o.heard) {
			s.watchAgain(st)
			return
		}
	}
	ev.Timeout()
}

// answered ends the time of early media of the streams that are not the leg's own.
func (s *siprecLine) answered() {
	for _, st := range s.streams[1:] {
		if st.early = false; st.rtpLine.session == nil {
			continue
		}
		cfg := st.config(st.media, st.codec)
		s.leg.do(func() { st.configure(&cfg) })
	}
}

// watchAgain begins the time of silence of a stream anew.
func (s *siprecLine) watchAgain(st *siprecStream) {
	cfg := st.config(st.media, st.codec)
	off := cfg
	off.Timeout = 0
	s.leg.do(func() {
		st.configure(&off)
		st.configure(&cfg)
	})
}

// recode puts other filters in the place of those of a stream after a change of codec,
// on the thread of the clock.
func (st *siprecStream) recode(old, cd media.Codec, noise uint8) {
	l := st.leg
	st.decoder = st.newDecoder(cd, noise)
	errs := []error{l.graph.Replace(st.pin, st.decoder)}
	if st.index == sideCaller {
		errs = append(errs, l.graph.Replace(l.mixer, filter.NewMixer(cd.Format())))
	}
	l.swap("codec "+old.Encoding()+" to "+cd.Encoding(), errs...)
}

var _ rtp.Events = (*siprecEvents)(nil)
