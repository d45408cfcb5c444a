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
		if c.state != invited {
			return // rung, or answered: a verb decides
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
		c.info(r)
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
	}
	c.stopMedia()
	return nil
}

// info answers an INFO and reads the key that it may carry.
func (c *Call) info(r *sip.Request) {
	digit, ms, ok := infoDigit(r.ContentType(), r.Body())
	r.Default()
	if ok && c.state == answered {
		c.digit(digit, ms, "info")
	}
}

// digit tells the script of one key.
func (c *Call) digit(digit byte, ms int, source string) {
	ev := c.log.Info().Str("source", source).Int("duration_ms", ms)
	if !c.manager.opts.MaskDigits {
		ev = ev.Str("digit", string(digit))
	}
	ev.Msg("key pressed")
	c.emit(&Event{Name: EventDTMF, Fields: []Field{
		{"digit", string(digit)}, {"duration_ms", int64(ms)}, {"source", source},
	}})
}

// infoDigit reads the two bodies that carry a key in an INFO: "Signal=5" and
// "Duration=160" on lines of their own (application/dtmf-relay), or just the key
// (application/dtmf).
func infoDigit(contentType string, body []byte) (digit byte, ms int, ok bool) {
	kind, _, _ := strings.Cut(contentType, ";")
	text := string(body[:min(len(body), 256)])
	ms = 160
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/dtmf":
		return key(text, ms)
	case "application/dtmf-relay":
		signal := ""
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(line, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				ms = millis(value)
			}
		}
		return key(signal, ms)
	}
	return 0, 0, false
}

func millis(s string) int {
	n := 0
	for _, d := range strings.TrimSpace(s) {
		if d < '0' || d > '9' || n > 1_000_000 {
			return 160
		}
		n = 10*n + int(d-'0')
	}
	return n
}

// key reads one key, also as its event number 10 to 15.
func key(s string, ms int) (byte, int, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5' {
		return "*#ABCD"[s[1]-'0'], ms, true
	}
	if len(s) == 1 && strings.Contains("0123456789*#ABCD", s) {
		return s[0], ms, true
	}
	return 0, 0, false
}
