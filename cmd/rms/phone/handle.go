package phone

import (
	"errors"
	"strings"
	"time"

	"rms/cmd/rms/ladder"
	"rms/sip"
	"rms/sip/sdp"
)

// handle takes one event on the call's own goroutine.
func (ph *phone) handle(e event) {
	switch {
	case e.trace != nil:
		if ph.dialog == nil || e.trace.CallID == "" || e.trace.CallID == ph.dialog.CallID() {
			ph.ladder.Message(*e.trace)
			ph.settle(e.trace)
			ph.alive = ph.alive || !e.trace.Sent
		}
	case e.response != nil:
		ph.response(e.response, e.at)
	case e.request != nil:
		ph.request(e.request)
	case e.ended != nil:
		ph.finish(*e.ended, e.at)
	case e.digit != 0:
		ph.result.DigitsHeard += string(e.digit)
		ph.ladder.Note(e.at, "the far end pressed %c", e.digit)
	case e.latched != "":
		ph.ladder.Note(e.at, "RTP comes from %s", e.latched)
	case e.rtpBye:
		ph.ladder.Note(e.at, "the far end's RTP stream ended")
	case e.spoken:
		ph.ladder.Note(e.at, "the file to speak is over")
	}
	if e.failed != nil {
		ph.result.Problem = firstOf(ph.result.Problem, e.failed.Error())
	}
}

// settle notes the answer to our BYE: the call is over when that has come and
// the dialog has ended.
func (ph *phone) settle(t *sip.TraceLine) {
	if !t.Sent && strings.HasPrefix(t.First, "SIP/2.0 ") && !strings.HasPrefix(t.First, "SIP/2.0 1") && ladder.MethodOf(t.Text) == "BYE" {
		ph.owed = false
		ph.over = ph.over || ph.gone
	}
}

func (ph *phone) response(r *sip.Response, at time.Time) {
	switch code := r.Code(); {
	case code < 200:
		ph.result.Rang = ph.result.Rang || code == 180
		if body := r.SDP(); body != nil && ph.answered.IsZero() {
			ph.media(body, "early media")
		}
	case code < 300:
		ph.answer(r, at)
	default:
		ph.result.Code, ph.result.Reason = code, ladder.Clean(r.Reason())
		ph.result.Silent = r.Local() && code == 408
		ph.result.Warning = ladder.Clean(firstOf(r.Header("Warning")...))
	}
}

func (ph *phone) answer(r *sip.Response, at time.Time) {
	if !ph.answered.IsZero() {
		return
	}
	ph.answered = at
	ph.result.Code, ph.result.Reason, ph.result.Answered = r.Code(), ladder.Clean(r.Reason()), true
	ph.result.SetupMs = ph.ladder.Since(at)
	body := r.SDP()
	if body == nil && ph.leg.graph == nil {
		ph.leave("the answer holds no SDP")
		return
	}
	if body != nil && !ph.media(body, "audio") {
		return
	}
	talk := ph.plan.For
	if ph.plan.Digits != "" {
		ph.digits.Reset(digitsAfter)
		need := digitsAfter + time.Duration(len(ph.plan.Digits)+1)*(digitLength+digitGap)
		if talk >= 0 {
			talk = max(talk, need)
		}
	}
	if talk >= 0 {
		ph.hang.Reset(talk)
	}
}

// media puts the far end's SDP into effect; what it cannot use ends the call.
func (ph *phone) media(body []byte, what string) bool {
	agreed, err := sdp.AcceptAnswer(ph.offer, body, ph.leg.caps)
	if err == nil {
		err = ph.leg.agree(agreed)
	}
	if err != nil {
		ph.leave(err.Error())
		return false
	}
	ph.ladder.Note(time.Now(), "%s: %s, %d ms, %s with %s", what, agreed.Codec, agreed.Ptime.Milliseconds(), agreed.Direction, agreed.Remote)
	return true
}

// request answers what the far end asks in the dialog.
func (ph *phone) request(r *sip.Request) {
	switch r.Method() {
	case "INVITE", "UPDATE":
		if r.SDP() != nil && ph.leg.graph != nil {
			ph.reoffer(r)
			return
		}
		r.Default()
	default:
		r.Default()
	}
}

// reoffer answers a new offer: hold, resume, another address or codec.
func (ph *phone) reoffer(r *sip.Request) {
	answer, err := sdp.Answer(r.SDP(), ph.leg.caps, ph.offer)
	if err == nil {
		err = ph.leg.agree(answer.Media)
	}
	var no *sdp.Refusal
	switch {
	case errors.As(err, &no):
		o := sip.ReplyOptions{}
		if no.Warning != "" {
			o.Headers = []sip.Header{{Name: "Warning", Value: no.Warning}}
		}
		_ = r.Reply(no.Code, no.Reason, o)
	case err != nil:
		_ = r.Reply(500, "Server Internal Error", sip.ReplyOptions{})
	default:
		ph.offer = answer.Local
		_ = r.Reply(200, "OK", sip.ReplyOptions{SDP: answer.SDP})
		ph.ladder.Note(time.Now(), "now %s, %s with %s", answer.Media.Codec, answer.Media.Direction, answer.Media.Remote)
	}
}

func (ph *phone) finish(c sip.Cause, at time.Time) {
	ph.gone = true
	ph.over = !ph.owed
	if ph.ended.IsZero() {
		ph.ended = at
	}
	ph.result.EndedBy, ph.result.Cause = c.By, ladder.Clean(c.Text)
	if c.By == sip.ByCaller {
		ph.result.EndedBy = "the far end" // in our call it is the callee
	}
	ph.result.Cause = firstOf(ladder.Clean(c.Reason), ph.result.Cause)
	if ph.result.Code == 0 {
		ph.result.Code, ph.result.Reason = c.Code, ladder.Clean(c.Text)
	}
}
