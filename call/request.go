package call

import (
	"strings"

	"rms/sip"
)

// builtin answers what the script left alone.
func (c *Call) builtin(r *sip.Request) {
	if r.Answered() {
		return
	}
	if c.isInvite(r) {
		if c.state != invited || c.lent || c.held != nil {
			return // rung, answered, or handed to an application: a verb decides
		}
		if err := c.answer(EventStart); err != nil {
			c.refused(err)
		}
		return
	}
	switch r.Method() {
	case "INVITE", "UPDATE":
		c.renegotiate(r)
	case "BYE":
		_ = c.mediaStop(r)
	case "INFO":
		c.takeInfo(r)
	default:
		r.Default()
	}
}

// mediaStop is what follows a BYE: 200, and the media is freed.
func (c *Call) mediaStop(r *sip.Request) error {
	if r != nil && r.Method() == "BYE" && !r.Answered() {
		if err := r.Reply(200, "OK", sip.ReplyOptions{}); err != nil {
			return err
		}
		c.gone(strings.Join(r.Header("Reason"), ", "))
	}
	c.stopMedia()
	return nil
}

// gone notes that the caller hung up, and the Reason that they gave.
func (c *Call) gone(reason string) {
	if c.state < leaving {
		c.leaves(sip.Cause{By: sip.ByCaller, Code: 200, Text: "hung up", Reason: reason})
	}
}

// takeInfo answers an INFO and reads the key that it may carry.
func (c *Call) takeInfo(r *sip.Request) {
	digit, ms, ok := infoDigit(r.ContentType(), r.Body())
	r.Default()
	if ok && c.state < leaving {
		c.digit(digit, ms, "info")
	}
}
