package call

import (
	"errors"
	"strings"

	"rms/sip"
	"rms/sip/sdp"
	"rms/sip/siprec"
)

// renegotiate answers a re-INVITE or UPDATE of the recording client: new metadata, new,
// changed, paused or removed streams, or nothing new. What is refused leaves the
// session as it was.
func (s *siprecIn) renegotiate(r *sip.Request) {
	c := s.call
	body, err := siprec.Parse(r.ContentType(), r.Body())
	if err != nil {
		s.refuse(r, siprecRefusal(err))
		return
	}
	by := strings.ToLower(r.Method())
	if by == "invite" {
		by = "re-invite"
	}
	switch {
	case c.pending(r):
		return
	case c.leg == nil:
		r.Default()
		return
	case len(body.SDP) > 0:
		if err := s.reoffered(r, body.SDP); err != nil {
			s.refuse(r, refuse(err))
			return
		}
	case r.Method() == "UPDATE":
		r.Default()
	default: // our offer goes into the 200, RFC 3261 section 14.2
		if err := r.Reply(200, "OK", sip.ReplyOptions{SDP: s.line.local.SDP}); err != nil {
			c.debug().Err(err).Msg("request was answered before")
			return
		}
		s.line.offered = true
	}
	s.metadata = s.metadata.Update(body.Metadata)
	_ = s.recordStreams() // the call ends when it must
	if len(body.SDP) > 0 || body.Metadata != nil {
		s.updated(by, body.Metadata)
	}
}

var errAnswered = errors.New("the request was answered before")

// reoffered answers another offer.
func (s *siprecIn) reoffered(r *sip.Request, offer []byte) error {
	o, err := sdp.ReadStreams(offer, s.line.caps, true)
	if err != nil {
		return err
	}
	p := s.line.plan(o)
	if err := p.bind(); err != nil {
		return err
	}
	if err := o.Answer(s.line.local); err != nil {
		p.undo()
		return err
	}
	if err := r.Reply(200, "OK", sip.ReplyOptions{SDP: o.Local.SDP}); err != nil {
		p.undo()
		return errors.Join(errAnswered, err)
	}
	s.line.local = o.Local
	p.apply()
	return nil
}

func (s *siprecIn) refuse(r *sip.Request, no *refusal) {
	s.call.warn().Err(no.err).Int("code", no.code).Str("method", r.Method()).Msg("change of the recording session refused")
	_ = r.Reply(no.code, no.reason, sip.ReplyOptions{Headers: no.header}) // it may be answered
}

// answered takes the answer in an ACK to our offer, which named the streams that there
// are. One that cannot be read changes nothing, nor does one that is missing: a client
// that sends metadata alone wants its streams as they were (RFC 3261 section 14.1).
func (s *siprecIn) answered(body []byte) {
	if s.line == nil || !s.line.offered {
		return
	}
	s.line.offered = false
	if len(body) == 0 {
		s.call.debug().Msg("the recording client did not answer our offer, its streams stay as they were")
		return
	}
	o, err := sdp.ReadStreams(body, s.line.caps, true)
	if err != nil {
		s.call.warn().Err(err).Msg("answer of the recording client not used")
		return
	}
	p := s.line.plan(o)
	p.undo()
	for i, st := range p.of {
		if st != nil && (st.mline != i || st.pair == nil) {
			p.of[i] = nil // an answer adds no stream
		}
	}
	p.extra = nil
	p.apply()
	s.updated("ack", nil)
}
