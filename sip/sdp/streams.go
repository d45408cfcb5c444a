package sdp

import (
	"strings"

	pion "github.com/pion/sdp/v3"
)

// Streams is an offer of several audio streams, each judged by itself: a recording
// session has one for each voice (RFC 7866 section 7). Who answers it binds ports for
// those that it takes, and then calls Answer.
type Streams struct {
	// List has an element for each m-line, in its order.
	List []Stream
	// Local is our description after Answer.
	Local *Local

	caps   Caps
	timing pion.Timing
}

// Stream is one m-line of an offer.
type Stream struct {
	// Label is the value of a=label (RFC 4574), empty without one.
	Label string
	// Media is what would be agreed.
	Media Media
	// Closed is true for an m-line with port 0, Refused says why another one is none
	// for us.
	Closed  bool
	Refused error
	// Port and RTCPPort are ours; the m-line of a stream without is refused. RTCPPort 0
	// means Port+1.
	Port, RTCPPort int

	section *section
}

// Open is true for a stream that can be taken.
func (s *Stream) Open() bool { return !s.Closed && s.Refused == nil }

// ReadStreams reads an offer with any number of audio streams. Port and RTCPPort of
// caps do not count. An error is a *Refusal: the text cannot be read, or there is no
// stream for us and the first one with a reason gives it. In an offer that closes all
// streams none is open, which is no error with changes set: the offer then is one
// within a call.
func ReadStreams(offer []byte, caps Caps, changes bool) (*Streams, error) {
	d, err := parse(offer)
	if err != nil {
		return nil, err
	}
	s := &Streams{caps: caps, timing: d.TimeDescriptions[0].Timing, List: make([]Stream, len(d.sections))}
	open, closed, why := 0, 0, error(nil)
	for i := range d.sections {
		st := &s.List[i]
		st.judge(d, &d.sections[i], caps)
		switch {
		case st.Open():
			open++
		case st.Closed:
			closed++
		case why == nil && st.section.isAudio():
			why = st.Refused
		}
	}
	switch {
	case open > 0 || changes && why == nil && closed > 0:
		return s, nil
	case why != nil:
		return nil, why
	case closed > 0:
		return nil, notAcceptable(warnMediaType, "the audio has port 0")
	}
	return nil, noAudio(d)
}

// judge works out what a section means for us.
func (st *Stream) judge(d *session, m *section, caps Caps) {
	st.section = m
	st.Label = strings.Clone(m.last("label"))
	if st.Closed = m.closed(); st.Closed {
		return
	}
	st.Media, st.Refused = d.agree(m, caps, nil)
}

// Answer writes our answer, with the ports of the streams; m-lines keep their order,
// and labels are repeated. prev is our last description in this call, or nil.
func (s *Streams) Answer(prev *Local) error {
	l := prev.next()
	l.timing, l.slots = s.timing, make([]*pion.MediaDescription, len(s.List))
	for i := range s.List {
		l.slots[i] = s.List[i].describe(s.caps)
	}
	if err := l.write(s.caps, stream{}); err != nil {
		return err
	}
	s.Local = l
	return nil
}

// describe is the m-line of a stream in our answer.
func (st *Stream) describe(caps Caps) *pion.MediaDescription {
	if !st.Open() || st.Port == 0 {
		return st.section.refused()
	}
	caps.Port, caps.RTCPPort = st.Port, st.RTCPPort
	d := st.Media.stream().describe(strings.ToUpper(strings.Clone(st.section.transport())), caps)
	if label := token(st.Label, ""); label != "" {
		d.WithValueAttribute("label", label)
	}
	return d
}
