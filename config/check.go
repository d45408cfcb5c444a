package config

import "fmt"

// check compares keys with each other.
func (c *Config) check() []error {
	var bad []error
	if c.SIP.SessionExpires < c.SIP.MinSE {
		bad = append(bad, &Problem{
			Where: c.origins["sip.session_expires"], Key: "sip.session_expires",
			What: fmt.Sprintf("%s is shorter than sip.min_se (%s, from %s); make it at least as long",
				formatDuration(c.SIP.SessionExpires), formatDuration(c.SIP.MinSE), c.origins["sip.min_se"]),
		})
	}
	if n := c.RTP.Ports.Pairs(); n < c.SIP.MaxCalls {
		c.Warnings = append(c.Warnings, fmt.Sprintf("rtp.ports %s holds %d calls, fewer than sip.max_calls (%d): calls beyond it get 503",
			c.RTP.Ports, n, c.SIP.MaxCalls))
	}
	if c.RST.Ports.overlaps(c.RTP.Ports) {
		c.Warnings = append(c.Warnings, fmt.Sprintf("rst.ports %s overlaps rtp.ports %s: streams of RST generation 2 and calls take ports from each other",
			c.RST.Ports, c.RTP.Ports))
	}
	bad = append(bad, c.HTTP.check(c.origins)...)
	bad = append(bad, c.ESL.check(c.origins)...)
	bad = append(bad, c.Webhook.check(c)...)
	bad = append(bad, c.Record.check(c)...)
	bad = append(bad, c.Upload.check(c)...)
	return append(bad, c.Stream.check(c.origins)...)
}
