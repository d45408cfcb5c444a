package call

import (
	"errors"
	"fmt"
	"time"

	"rms/media"
	"rms/rtp"
	"rms/sip"
	"rms/sip/sdp"
)

// errState is the reason that a verb gives when the call is past it.
func (c *Call) errState(want string) error {
	if c.state >= leaving {
		return ErrGone
	}
	return &StateError{State: c.state.String(), Text: fmt.Sprintf("the call is %s: %s", c.state, want)}
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
		return &refusal{code: 503, reason: "No RTP Port Free", header: retryAfter, err: err}
	}
	return &refusal{code: 500, reason: "Server Internal Error", err: err}
}

// prepare gives the call its leg and the SDP of our side, without sending
// anything. After early media that SDP is already there.
func (c *Call) prepare(early bool) error {
	if c.leg != nil {
		return nil
	}
	offer := c.dialog.Invite().SDP()
	l, err := c.newLeg(offer)
	if err != nil {
		return err
	}
	taken := false
	defer func() {
		if !taken { // an error, or a panic on the way
			c.closing++
			c.closeLeg(l)
		}
	}()
	l.rtp.early = early
	if err := c.agree(l, offer); err != nil {
		return err
	}
	c.leg, taken = l, true
	if err := c.resumeRecordings(); err != nil {
		return err
	}
	if err := c.siprecIn.recordStreams(); err != nil {
		return err
	}
	if c.unopened() == nil {
		c.resumeStreams()
	}
	return nil
}

// unprepared is why a call has no media: it was refused already when it must be
// recorded and cannot be.
func (c *Call) unprepared(err error) error {
	if c.state >= leaving {
		return err
	}
	return refuse(err)
}

// agree works out what the streams of a leg are.
func (c *Call) agree(l *leg, offer []byte) error {
	if c.siprecIn != nil {
		return c.siprecIn.begin(l, offer)
	}
	return l.rtp.negotiate(offer)
}

func (r *rtpLine) negotiate(offer []byte) error {
	if len(offer) == 0 {
		local, err := sdp.Offer(r.caps, nil)
		r.local, r.offered = local, true
		return err
	}
	res, err := sdp.Answer(offer, r.caps, nil)
	if err != nil {
		return err
	}
	r.local = res.Local
	return r.run(res.Media)
}

// answer sends the 200 and starts the media, at once or when a recording that has to be
// there is open. A failure rejects nothing: the
// script, or the built-in answer, decides what the caller hears.
func (c *Call) answer(route string) error {
	if c.state != invited && c.state != early {
		return c.errState("rms_answer is for a call that is not answered yet")
	}
	if err := c.withheld(); err != nil {
		return err
	}
	fresh := c.leg == nil
	if err := c.prepare(c.unopened() != nil); err != nil {
		return c.unprepared(err)
	}
	return c.whenRecorded(fresh, true, func() error { return c.accept(route) })
}

// accept sends the 200.
func (c *Call) accept(route string) error {
	if err := c.dialog.Answer(c.leg.rtp.local.SDP); err != nil {
		return err
	}
	c.state, c.route, c.answeredAt = answered, route, time.Now()
	c.manager.answered.Add(1)
	c.leg.rtp.answered()
	c.limitDuration()
	if c.leg.live() {
		c.start()
	}
	return nil
}

// limitDuration ends the call when it has lasted long enough.
func (c *Call) limitDuration() {
	c.limit = time.AfterFunc(c.manager.opts.MaxDuration, func() {
		_ = c.box.must(func() {
			c.hangup(sip.Cause{By: sip.ByTimeout, Text: "call.max_duration reached"})
		})
	})
}

// start tells the script that the media runs.
func (c *Call) start() {
	c.started = true
	if c.siprecIn != nil {
		c.siprecIn.start()
		return
	}
	codec, remote, direction := c.leg.line.describe()
	c.info().Str("codec", codec).Str("remote", remote).Str("direction", direction).
		Dur("setup", c.answeredAt.Sub(c.began)).Msg("call answered")
	c.emit(&Event{Name: c.route, Kind: EventStart, Fields: []Field{{"codec", codec}, {"remote", remote}, {"direction", direction}}})
}

// ring sends a provisional response, with SDP (early media) or without.
func (c *Call) ring(code int, reason string, withSDP bool) error {
	if c.state != invited && c.state != early {
		return c.errState("a provisional response is for a call that is not answered yet")
	}
	if err := c.withheld(); err != nil {
		return err
	}
	if withSDP {
		if len(c.dialog.Invite().SDP()) == 0 {
			return errors.New("early media needs an offer in the INVITE: rms_ring or rms_answer")
		}
		fresh := c.leg == nil
		if err := c.prepare(true); err != nil {
			return c.unprepared(err)
		}
		return c.whenRecorded(fresh, false, func() error { return c.progress(code, reason, c.leg.rtp.local.SDP) })
	}
	return c.progress(code, reason, nil)
}

// progress sends a provisional response.
func (c *Call) progress(code int, reason string, body []byte) error {
	if err := c.dialog.Ring(code, reason, body); err != nil {
		return err
	}
	c.state = early
	c.watch(&Event{Name: EventProgress, Fields: []Field{{"code", int64(code)}, {"media", body != nil}}})
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
	if err := c.far.Reject(code, reason, h...); err != nil {
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
	c.warn().Err(err).Int("code", r.code).Msg("call refused")
	if err := c.reject(r.code, r.reason, r.header...); err != nil {
		c.debug().Err(err).Msg("call not rejected")
	}
}

// confirmed takes the ACK of a 200 of ours, of the call or of a re-INVITE; when that
// 200 had the offer, the ACK has the answer.
func (c *Call) confirmed(body []byte) {
	if c.state == over {
		return
	}
	if c.siprecIn != nil && c.leg != nil {
		c.siprecIn.answered(body)
	}
	if c.leg != nil && c.leg.rtp.offered && c.state == answered && !c.takeAnswer(body) {
		return
	}
	if !c.acked {
		c.acked = true
		c.emit(&Event{Name: EventAck})
	}
}

// takeAnswer takes the answer to our offer; without a good one the call ends.
func (c *Call) takeAnswer(body []byte) bool {
	r := c.leg.rtp
	r.offered = false
	m, cd, err := r.accept(body)
	switch {
	case err != nil:
	case r.session == nil:
		if err = r.run(m); err != nil {
			break
		}
		if c.resumeRecordings() != nil {
			return false
		}
		c.resumeStreams()
	default:
		r.update(m, cd)
	}
	if err != nil {
		c.warn().Err(err).Msg("answer in the ACK refused")
		c.hangup(sip.Cause{By: sip.ByError, Code: 488, Text: "no usable answer in the ACK"})
		return false
	}
	if c.started {
		c.updated()
		return true
	}
	c.start()
	c.advance() // what was told to play before
	return true
}

func (r *rtpLine) accept(body []byte) (sdp.Media, media.Codec, error) {
	if len(body) == 0 {
		return sdp.Media{}, media.Codec{}, errors.New("the ACK has no answer to our offer")
	}
	m, err := sdp.AcceptAnswer(r.local, body, r.caps)
	if err != nil {
		return m, media.Codec{}, err
	}
	cd, err := codecOf(&m)
	return m, cd, err
}
