package call

import (
	"rms/sip"
	"rms/sip/sdp"
)

// renegotiate answers a re-INVITE or UPDATE: a new address, hold, resume, another
// codec, or nothing new at all (a session refresh). What is refused leaves the call
// as it was.
func (c *Call) renegotiate(r *sip.Request) {
	if c.siprecIn != nil {
		c.siprecIn.renegotiate(r)
		return
	}
	offer := r.SDP()
	switch {
	case c.pending(r):
		return
	case c.leg == nil:
		r.Default()
		return
	case len(offer) == 0:
		c.refreshed(r)
		return
	}
	l := c.leg.rtp
	res, err := sdp.Answer(offer, l.caps, l.local)
	if err != nil {
		c.notAccepted(r, err)
		return
	}
	cd, err := codecOf(&res.Media)
	if err != nil {
		c.notAccepted(r, err)
		return
	}
	if err := r.Reply(200, "OK", sip.ReplyOptions{SDP: res.SDP}); err != nil {
		c.debug().Err(err).Msg("request was answered before")
		return
	}
	l.local = res.Local
	l.update(res.Media, cd)
	c.updated()
}

// notAccepted refuses the offer of a re-INVITE or UPDATE.
func (c *Call) notAccepted(r *sip.Request, err error) {
	no := refuse(err)
	c.warn().Err(err).Int("code", no.code).Str("method", r.Method()).Msg("offer refused")
	_ = r.Reply(no.code, no.reason, sip.ReplyOptions{Headers: no.header})
}

// refreshed answers a request without an offer: a 200 to UPDATE, our offer in the
// 200 to a re-INVITE (RFC 3261 section 14.2).
func (c *Call) refreshed(r *sip.Request) {
	if r.Method() == "UPDATE" {
		r.Default()
		return
	}
	local, err := sdp.Offer(c.leg.rtp.caps, c.leg.rtp.local)
	if err != nil {
		c.notAccepted(r, err)
		return
	}
	if err := r.Reply(200, "OK", sip.ReplyOptions{SDP: local.SDP}); err != nil {
		c.debug().Err(err).Msg("request was answered before")
		return
	}
	c.leg.rtp.local, c.leg.rtp.offered = local, true
}

func (c *Call) updated() {
	hold := c.leg.rtp.media.Hold
	c.siprecChanged()
	codec, remote, direction := c.leg.line.describe()
	c.info().Str("codec", codec).Str("direction", direction).Str("remote", remote).Bool("hold", hold).Msg("call updated")
	c.emit(&Event{Name: EventUpdate, Fields: []Field{
		{"codec", codec}, {"direction", direction}, {"remote", remote}, {"hold", hold},
	}})
}
