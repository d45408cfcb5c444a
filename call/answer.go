package call

import (
	"errors"
	"fmt"
	"time"

	"rms/rtp"
	"rms/sip"
	"rms/sip/sdp"
)

// errState is the reason that a verb gives when the call is past it.
func (c *Call) errState(want string) error {
	return fmt.Errorf("the call is %s: %s", c.state, want)
}

// refusal is how an INVITE is turned down, and why.
type refusal struct {
	code   int
	reason string
	header []sip.Header
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// refuse turns an error of offer/answer or of the port pool into the SIP code
// that fits.
func refuse(err error) *refusal {
	var no *sdp.Refusal
	switch {
	case errors.As(err, &no):
		r := &refusal{code: no.Code, reason: no.Reason, err: err}
		if no.Warning != "" {
			r.header = []sip.Header{{Name: "Warning", Value: no.Warning}}
		}
		return r
	case errors.Is(err, rtp.ErrNoPort):
		return &refusal{code: 503, reason: "No RTP Port Free", header: []sip.Header{{Name: "Retry-After", Value: "5"}}, err: err}
	}
	return &refusal{code: 500, reason: "Server Internal Error", err: err}
}

// prepare gives the call its leg and the SDP of our side, without sending
// anything. With early media that SDP is already there.
func (c *Call) prepare() error {
	if c.leg != nil {
		return nil
	}
	l, err := c.newLeg(sdp.SendRecv)
	if err != nil {
		return err
	}
	if err := c.negotiate(l); err != nil {
		l.release()
		return err
	}
	c.leg = l
	return nil
}

func (c *Call) negotiate(l *leg) error {
	offer := c.dialog.Invite().SDP()
	if len(offer) == 0 {
		local, err := sdp.Offer(l.caps, nil)
		l.local, l.offered = local, true
		return err
	}
	res, err := sdp.Answer(offer, l.caps, nil)
	if err != nil {
		return err
	}
	l.local = res.Local
	return l.run(res.Media)
}

// answer sends the 200 and starts the media. A failure rejects nothing: the
// script, or the built-in answer, decides what the caller hears.
func (c *Call) answer(route string) error {
	if c.state != invited && c.state != early {
		return c.errState("rms_answer is for a call that is not answered yet")
	}
	if err := c.prepare(); err != nil {
		return refuse(err)
	}
	if err := c.dialog.Answer(c.leg.local.SDP); err != nil {
		return err
	}
	c.state, c.route, c.answeredAt = answered, route, time.Now()
	c.manager.answered.Add(1)
	c.limit = time.AfterFunc(c.manager.opts.MaxDuration, func() {
		_ = c.box.must(func() {
			c.hangup(sip.Cause{By: sip.ByTimeout, Text: "call.max_duration reached"})
		})
	})
	if c.leg.session != nil {
		c.start()
	}
	return nil
}

// start tells the script that the media runs.
func (c *Call) start() {
	c.started = true
	c.log.Info().Str("codec", c.leg.codec.Encoding()).Str("remote", address(c.leg.media.Remote)).
		Str("direction", c.leg.media.Direction.String()).Dur("setup", c.answeredAt.Sub(c.began)).Msg("call answered")
	c.emit(&Event{Name: c.route, Fields: []Field{
		{"codec", c.leg.codec.Encoding()}, {"remote", address(c.leg.media.Remote)}, {"direction", c.leg.media.Direction.String()},
	}})
}

// ring sends a provisional response, with SDP (early media) or without.
func (c *Call) ring(code int, reason string, media bool) error {
	if c.state != invited && c.state != early {
		return c.errState("a provisional response is for a call that is not answered yet")
	}
	var body []byte
	if media {
		if err := c.prepare(); err != nil {
			return refuse(err)
		}
		body = c.leg.local.SDP
	}
	if err := c.dialog.Ring(code, reason, body); err != nil {
		return err
	}
	c.state = early
	return nil
}

// reply is how a route answers the INVITE with a code of its own.
func (c *Call) reply(code int, reason string) error {
	if code < 200 {
		return c.ring(code, reason, false)
	}
	return c.reject(code, reason)
}

// reject refuses the call.
func (c *Call) reject(code int, reason string, h ...sip.Header) error {
	if c.state != invited && c.state != early {
		return c.errState("it can be hung up, not rejected")
	}
	if err := c.dialog.Reject(code, reason, h...); err != nil {
		return err
	}
	c.leave(sip.Cause{By: sip.ByUs, Code: code, Text: reason})
	return nil
}

// refused rejects the call for an error of answer.
func (c *Call) refused(err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = refuse(err)
	}
	c.log.Warn().Err(err).Int("code", r.code).Msg("call refused")
	if err := c.reject(r.code, r.reason, r.header...); err != nil {
		c.log.Debug().Err(err).Msg("call not rejected")
	}
}

// acked takes the ACK; when our 200 had the offer, the ACK has the answer.
func (c *Call) acked(body []byte) {
	if c.leg != nil && c.leg.offered && c.state == answered {
		if !c.takeAnswer(body) {
			return
		}
	}
	c.emit(&Event{Name: EventAck})
}

func (c *Call) takeAnswer(body []byte) bool {
	l := c.leg
	l.offered = false
	m, err := l.accept(body)
	if err == nil && l.session == nil {
		err = l.run(m)
	} else if err == nil {
		err = l.update(m)
	}
	if err != nil {
		c.log.Warn().Err(err).Msg("answer in the ACK refused")
		c.hangup(sip.Cause{By: sip.ByError, Code: 488, Text: "no usable answer in the ACK"})
		return false
	}
	if !c.started {
		c.start()
		return true
	}
	c.updated()
	return true
}

func (l *leg) accept(body []byte) (sdp.Media, error) {
	if len(body) == 0 {
		return sdp.Media{}, errors.New("the ACK has no answer to our offer")
	}
	return sdp.AcceptAnswer(l.local, body, l.caps)
}
