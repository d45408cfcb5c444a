package call

import (
	"net/netip"
	"time"

	"rms/sip"
)

// rtpEvents is the face that a Call shows its RTP session: called on a clock
// shard, it posts and returns.
type rtpEvents Call

// Digit takes one key (RFC 4733).
func (e *rtpEvents) Digit(digit byte, d time.Duration, source string) {
	c := (*Call)(e)
	_ = c.box.post(func() {
		if c.state < leaving {
			c.digit(digit, int(d.Milliseconds()), source)
		}
	})
}

// Timeout takes the silence of the far end: no RTP and no RTCP.
func (e *rtpEvents) Timeout() {
	c := (*Call)(e)
	_ = c.box.must(func() {
		if c.state >= leaving {
			return
		}
		ms := c.manager.opts.RTPTimeout.Milliseconds()
		ev := &Event{Name: EventMediaTimeout, Fields: []Field{{"timeout_ms", ms}}}
		c.warn().Int64("timeout_ms", ms).Msg("media timed out")
		c.emitThen(ev, nil, func(error) {
			c.hangup(sip.Cause{By: sip.ByTimeout, Code: 408, Text: "no RTP and no RTCP (rtp.timeout)"})
		})
	})
}

// Latched takes the address that RTP really comes from.
func (e *rtpEvents) Latched(addr netip.AddrPort) {
	c := (*Call)(e)
	_ = c.box.post(func() { c.debug().Str("remote", addr.String()).Msg("rtp latched") })
}

// Bye takes an RTCP BYE, which ends a source and not the call.
func (e *rtpEvents) Bye() {}

// filterFailed takes the panic of a filter: the call is over, the server is not.
func (c *Call) filterFailed(where string, err error) {
	_ = c.box.must(func() {
		if c.state >= leaving {
			return
		}
		c.failure().Err(err).Str("where", where).Msg("filter failed")
		ev := &Event{Name: EventMediaError, Fields: []Field{{"where", where}, {"error", err.Error()}}}
		c.emitThen(ev, nil, func(error) {
			c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "media error"})
		})
	})
}
