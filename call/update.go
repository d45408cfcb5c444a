package call

import (
	"errors"
	"net/netip"

	"rms/sip"
	"rms/sip/sdp"
)

// renegotiate answers a re-INVITE or UPDATE: a new address, hold, resume, another
// codec, or nothing new at all (a session refresh).
func (c *Call) renegotiate(r *sip.Request) {
	if c.leg == nil {
		r.Default()
		return
	}
	offer := r.SDP()
	if len(offer) == 0 {
		c.refreshed(r)
		return
	}
	res, err := sdp.Answer(offer, c.leg.caps, c.leg.local)
	if err != nil {
		no := refuse(err)
		c.log.Warn().Err(err).Int("code", no.code).Str("method", r.Method()).Msg("offer refused")
		_ = r.Reply(no.code, no.reason, sip.ReplyOptions{Headers: no.header})
		return
	}
	c.leg.local = res.Local
	if err := c.leg.take(res.Media); err != nil {
		c.log.Warn().Err(err).Msg("offer not taken")
		_ = r.Reply(500, "Server Internal Error", sip.ReplyOptions{})
		return
	}
	if err := r.Reply(200, "OK", sip.ReplyOptions{SDP: res.SDP}); err != nil {
		c.log.Debug().Err(err).Msg("request was answered before")
	}
	c.updated()
}

// refreshed answers a request without an offer: a 200 to UPDATE, our offer in the
// 200 to a re-INVITE (RFC 3261 section 14.2).
func (c *Call) refreshed(r *sip.Request) {
	if r.Method() == "UPDATE" {
		r.Default()
		return
	}
	local, err := sdp.Offer(c.leg.caps, c.leg.local)
	if err != nil {
		no := refuse(err)
		_ = r.Reply(no.code, no.reason, sip.ReplyOptions{Headers: no.header})
		return
	}
	c.leg.local, c.leg.offered = local, true
	_ = r.Reply(200, "OK", sip.ReplyOptions{SDP: local.SDP})
}

// take makes an agreement take effect, whether the media runs already or not.
func (l *leg) take(m sdp.Media) error {
	if l.session == nil {
		return errors.New("the call has no media yet")
	}
	return l.update(m)
}

func (c *Call) updated() {
	m := &c.leg.media
	c.log.Info().Str("codec", c.leg.codec.Encoding()).Str("direction", m.Direction.String()).
		Str("remote", address(m.Remote)).Bool("hold", m.Hold).Msg("call updated")
	c.emit(&Event{Name: EventUpdate, Fields: []Field{
		{"codec", c.leg.codec.Encoding()}, {"direction", m.Direction.String()},
		{"remote", address(m.Remote)}, {"hold", m.Hold},
	}})
}

// address writes an address, and nothing when there is none, as during a hold by
// 0.0.0.0.
func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
