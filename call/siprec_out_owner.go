package call

import (
	"strings"
	"time"

	"rms/sip"
)

// siprecOwner is the face that a recording session shows its dialog: it posts and
// returns.
type siprecOwner struct {
	s   *siprecOut
	try int
}

var _ sip.Owner = (*siprecOwner)(nil)

// post runs op in the mailbox while the dialog is the one in use.
func (o *siprecOwner) post(op func(s *siprecOut)) error {
	return o.s.call.box.must(func() {
		if !o.s.over && o.s.try == o.try {
			op(o.s)
		}
	})
}

// Request takes what the recorder asks: BYE, hold by re-INVITE or UPDATE, all there is
// to know.
func (o *siprecOwner) Request(r *sip.Request) {
	if r.Method() != "INVITE" && r.Method() != "UPDATE" {
		r.Default()
		return
	}
	err := o.s.call.box.must(func() {
		if o.s.over || o.s.try != o.try {
			r.Default()
			return
		}
		o.s.asked(r)
	})
	if err != nil {
		r.Default()
	}
}

// Acked takes the answer to what we offered in the 200 to a re-INVITE without SDP.
func (o *siprecOwner) Acked(body []byte) {
	if len(body) == 0 {
		return
	}
	_ = o.post(func(s *siprecOut) { s.settle(body) })
}

// Response takes the answers to the INVITE.
func (o *siprecOwner) Response(r *sip.Response) {
	if r.Code() < 200 {
		return
	}
	_ = o.post(func(s *siprecOut) { s.answered(r) })
}

// Ended takes the end of the dialog.
func (o *siprecOwner) Ended(cause sip.Cause) {
	_ = o.post(func(s *siprecOut) {
		switch {
		case !s.recording: // the response told
			s.fail(cause.Code, cause.Text, cause.By)
		case cause.By == sip.ByUs: // the server stops
			s.stop(cause.By, cause.Code, cause.Text)
		case cause.By == sip.ByCaller:
			text := cause.Reason
			if text == "" {
				text = "the recorder hung up"
			}
			s.stop(cause.By, cause.Code, text)
		default:
			s.fail(cause.Code, cause.Text, cause.By)
		}
	})
}

// answered takes the final answer to the INVITE.
func (s *siprecOut) answered(r *sip.Response) {
	switch code := r.Code(); {
	case code < 300:
		s.accepted(r.SDP())
	case code < 400:
		s.next = append(s.next, contacts(r.Header("Contact"))...)
		s.unreached(code, "redirected, and nobody there: "+r.Reason(), sip.ByCaller)
	case r.Local() && code == 408:
		s.unreached(code, "no answer", sip.ByTimeout)
	case r.Local():
		s.unreached(code, r.Reason(), sip.ByError)
	default:
		s.unreached(code, r.Reason(), sip.ByCaller)
	}
}

// contacts lists the URIs of Contact header fields.
func contacts(values []string) []string {
	var out []string
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if a, err := sip.ParseAddress(part); err == nil {
				out = append(out, a.URI)
			}
		}
	}
	return out[:min(len(out), maxRecorders)]
}

// accepted begins to send, as the recorder's answer says.
func (s *siprecOut) accepted(answer []byte) {
	if err := s.agree(answer); err != nil {
		s.fail(488, err.Error(), sip.ByError)
		return
	}
	s.recording, s.began = true, time.Now()
	s.limit.Stop()
	s.fit()
	s.started()
	if s.again || s.stale() { // the call changed meanwhile
		s.changed()
	}
}

// fit makes the audio of both sides what is agreed.
func (s *siprecOut) fit() {
	for _, side := range s.sides {
		side.fit(s.call, s.paused)
	}
	s.call.resettle()
}

// settle takes an answer to a later offer of ours.
func (s *siprecOut) settle(answer []byte) {
	if err := s.agree(answer); err != nil {
		s.fail(488, err.Error(), sip.ByError)
		return
	}
	s.fit()
}

// stale tells whether the recorder was told of other directions, or another codec, than
// the call has now.
func (s *siprecOut) stale() bool {
	codecs := s.codecs()
	for _, side := range s.sides {
		if side.refused {
			continue
		}
		if side.caps.Direction != s.direction(side) || len(codecs) > 0 && !codecs[0].Same(side.caps.Codecs[0]) {
			return true
		}
	}
	return false
}

// changed follows the call: another codec makes the sides encode until the recorder has
// taken it, and a hold makes them inactive.
func (s *siprecOut) changed() {
	switch {
	case s.over || !s.call.leg.live():
		return
	case !s.recording:
		s.again = true
		return
	case s.changing:
		s.again = true
		s.fit() // a pause waits for nobody
		return
	}
	s.again = false
	s.fit()
	if s.stale() {
		s.renew()
	}
}

// renew sends a re-INVITE with all that there is to say.
func (s *siprecOut) renew() {
	offer, err := s.offer()
	if err != nil {
		s.failed(500, err.Error())
		return
	}
	kind, body := s.words.body(offer, s.sides)
	o := &siprecOwner{s: s, try: s.try}
	err = s.dialog.Renew(sip.Change{SDP: offer, Body: body, ContentType: kind, Headers: []sip.Header{requireSiprec}},
		func(r *sip.Response) { _ = o.post(func(s *siprecOut) { s.renewed(r) }) })
	if err == nil {
		s.changing, s.retries = true, 0
		return
	}
	if s.retries++; s.retries > maxRecorders {
		s.failed(491, err.Error())
		return
	}
	time.AfterFunc(renewRetry, func() {
		_ = o.post(func(s *siprecOut) {
			if !s.changing {
				s.renew()
			}
		})
	})
}

// renewRetry is how long a change waits for one of the recorder's to be over.
const renewRetry = 500 * time.Millisecond

// renewed takes the answer to a re-INVITE. A refusal leaves all as it was.
func (s *siprecOut) renewed(r *sip.Response) {
	s.changing = false
	if code := r.Code(); code >= 300 {
		s.failed(code, "re-INVITE: "+r.Reason())
	} else {
		s.settle(r.SDP())
	}
	if s.again {
		s.changed()
	}
}

// asked answers a re-INVITE or UPDATE of the recorder's.
func (s *siprecOut) asked(r *sip.Request) {
	offer := r.SDP()
	wants := strings.Contains(r.ContentType(), "rs-metadata-request") || strings.Contains(string(r.Body()), "rs-metadata-request")
	switch {
	case len(offer) == 0 || !s.recording:
		r.Default()
	default:
		text, err := s.answer(offer)
		if err != nil {
			s.call.warn().Err(err).Str("siprec", s.name).Msg("offer of the recorder refused")
			no := refuse(err)
			if no.code == 500 {
				no.code, no.reason = 488, ""
			}
			_ = r.Reply(no.code, no.reason, sip.ReplyOptions{Headers: no.header})
			return
		}
		if err := r.Reply(200, "", sip.ReplyOptions{SDP: text}); err != nil {
			s.call.debug().Err(err).Msg("request was answered before")
			return
		}
		s.fit()
	}
	if wants && !s.changing {
		s.renew() // a full description: RFC 7866 section 7.1.2
	}
}
