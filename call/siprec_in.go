package call

import (
	"errors"
	"fmt"
	"strings"

	"rms/sip"
	"rms/sip/siprec"
)

// siprecIn is the recording session of a call that a recording client placed (RFC 7866,
// the recording server): who is in it, and what the client told when. It belongs to
// the call's mailbox.
type siprecIn struct {
	call     *Call
	line     *siprecLine // nil before there is media
	metadata *siprec.Metadata
	updates  []siprecChange
	started  bool // rms:siprec_start was sent
	recorded bool // the recording that comes by itself was begun, or is not wanted
}

// recordsFor tells whether an INVITE begins a recording session: its body has
// metadata, or it says so (RFC 7866 sections 6.1.1 and 6.1.2).
func recordsFor(r *sip.Request, s *siprec.Session) bool {
	if s.XML != nil {
		return true
	}
	for _, v := range r.Header("Require") {
		for option := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(option), siprec.Option) {
				return true
			}
		}
	}
	for _, v := range r.Header("Contact") {
		if strings.Contains(strings.ToLower(v), siprecSource) {
			return true
		}
	}
	return false
}

// siprecSource is the feature tag of a recording client's Contact; ours is siprecServer.
const (
	siprecSource = "+sip.src"
	siprecServer = "+sip.srs"
)

// takeSiprec makes the call a recording session when its INVITE asks for one. The error
// is a *refusal: the metadata cannot be read, or there is no offer.
func (c *Call) takeSiprec() error {
	r := c.dialog.Invite()
	s, err := siprec.Parse(r.ContentType(), r.Body())
	if !recordsFor(r, &s) {
		return nil
	}
	switch {
	case err != nil:
		return siprecRefusal(err)
	case len(s.SDP) == 0:
		return warned(488, "Not Acceptable Here", errNoOffer)
	}
	c.siprecIn = &siprecIn{call: c, metadata: s.Metadata}
	c.siprecIn.note("invite", s.Metadata)
	c.dialog.SetFeature(siprecServer)
	return nil
}

var errNoOffer = errors.New("a recording session needs an SDP offer in its INVITE")

// siprecRefusal turns an error of package siprec into an answer.
func siprecRefusal(err error) *refusal {
	code, reason := 400, "Bad Recording Metadata"
	if e, ok := errors.AsType[*siprec.Error](err); ok && e.Code == 413 {
		code, reason = 413, "Request Entity Too Large"
	}
	return warned(code, reason, err)
}

// warned is a refusal whose error is told in a Warning header (RFC 3261 section 20.43).
func warned(code int, reason string, err error) *refusal {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, cut(err.Error(), 200))
	h := []sip.Header{{Name: "Warning", Value: fmt.Sprintf("399 rms %q", text)}}
	return &refusal{code: code, reason: reason, header: h, err: err}
}

// begin gives the leg a line with a stream for each voice.
func (s *siprecIn) begin(l *leg, offer []byte) error {
	line := newSiprecLine(s, l, s.call.place(offer))
	s.line, l.line = line, line
	if err := line.begin(offer); err != nil {
		return err
	}
	s.setVariables()
	return nil
}

// start tells the script that the session runs, and records it.
func (s *siprecIn) start() {
	c := s.call
	s.started = true
	s.line.answered()
	if c.route == EventStart {
		c.route = EventSiprecStart
	}
	codec, remote, direction := c.leg.line.describe()
	c.info().Str("codec", codec).Str("remote", remote).Str("direction", direction).Int("streams", len(s.line.open())).
		Dur("setup", c.answeredAt.Sub(c.began)).Msg("recording session began")
	fields := append([]Field{{"role", "server"}, {"codec", codec}, {"remote", remote}, {"direction", direction}}, s.fields()...)
	c.emit(&Event{Name: c.route, Kind: EventSiprecStart, Fields: fields})
}

// updated tells of a change of streams or metadata.
func (s *siprecIn) updated(what string, update *siprec.Metadata) {
	s.note(what, update)
	s.setVariables()
	c := s.call
	c.annotateSiprec()
	if !s.started {
		return
	}
	partial := update != nil && update.Partial
	c.info().Str("by", what).Int("streams", len(s.line.open())).Bool("metadata", update != nil).Msg("recording session changed")
	c.emit(&Event{Name: EventSiprecUpdate, Fields: append([]Field{{"role", "server"}, {"metadata", update != nil}, {"partial", partial}}, s.fields()...)})
}
