package call

import (
	"errors"

	"rms/sip"
)

// owner is the face that a Call shows its dialog: it posts and returns.
type owner Call

var _ sip.Owner = (*owner)(nil)

// Request takes a request inside the dialog.
func (o *owner) Request(r *sip.Request) {
	c := (*Call)(o)
	put := c.box.post
	if r.Method() == "BYE" || r.Method() == "CANCEL" {
		put = c.box.urgent
	}
	err := put(func() { c.request(r) })
	switch {
	case err == nil || r.Answered():
	case errors.Is(err, ErrBusy) && r.Method() != "BYE":
		c.warn().Str("method", r.Method()).Err(err).Msg("request refused")
		_ = r.Reply(503, "Call Busy", sip.ReplyOptions{Headers: []sip.Header{{Name: "Retry-After", Value: "1"}}})
	default:
		r.Default()
	}
}

// Acked takes the ACK of a 2xx, with the answer to our offer when there was one.
func (o *owner) Acked(body []byte) {
	c := (*Call)(o)
	_ = c.box.must(func() { c.confirmed(body) })
}

// Response is for client dialogs, which calls do not have yet.
func (o *owner) Response(*sip.Response) {}

// Ended takes the end of the dialog.
func (o *owner) Ended(cause sip.Cause) {
	c := (*Call)(o)
	_ = c.box.must(func() { c.ended(cause) })
}
