package call

import (
	"fmt"
	"time"

	"rms/sip"
)

// hangup ends the call from our side: the media stops at once, and the BYE leaves
// now or when the ACK has come.
func (c *Call) hangup(cause sip.Cause) {
	switch c.state {
	case invited, early:
		code, text := cause.Code, cause.Text
		if code < 300 {
			code, text = 480, ""
		}
		var h []sip.Header
		if code == 503 {
			h = retryAfter
		}
		if err := c.far.Reject(code, text, h...); err != nil {
			c.debug().Err(err).Msg("call not rejected")
		}
	case answered:
		c.afterTail(func() {
			if err := c.far.Bye(reasonHeader(cause)); err != nil && !c.dialogOver {
				c.debug().Err(err).Msg("BYE not sent")
			}
		})
	case leaving, over:
		return
	}
	c.leave(cause)
}

// notBefore is the later of t and now plus d.
func notBefore(t time.Time, d time.Duration) time.Time {
	if n := time.Now().Add(d); n.After(t) {
		return n
	}
	return t
}

// afterTail does op now, or as soon as the last packet of a prompt that just ended
// was played out: a phone stops at the BYE.
func (c *Call) afterTail(op func()) {
	if wait := time.Until(c.lastHeard); wait > 0 {
		time.AfterFunc(wait, func() { _ = c.box.must(op) })
		return
	}
	op()
}

// reasonHeader is the Reason of our BYE (RFC 3326): why, when it was not an
// ordinary hang-up.
func reasonHeader(cause sip.Cause) string {
	if cause.Text == "" || cause.Code == 200 {
		return ""
	}
	code := cause.Code
	if code == 0 {
		code = 408
		if cause.By == sip.ByUs {
			code = 200
		}
	}
	return fmt.Sprintf("SIP;cause=%d;text=%q", code, cause.Text)
}

// leave notes why we go and stops the media.
func (c *Call) leave(cause sip.Cause) {
	c.leaves(cause)
	c.stopMedia()
}

// leaves begins the end of the call.
func (c *Call) leaves(cause sip.Cause) {
	c.state, c.cause = leaving, cause
	c.watch(&Event{Name: EventHangup, Fields: []Field{
		{"cause", cause.Text}, {"by", cause.By}, {"code", int64(cause.Code)}, {"reason", cause.Reason}, {"answered", !c.answeredAt.IsZero()},
	}})
}

// ended takes the end of the dialog.
func (c *Call) ended(cause sip.Cause) {
	if c.dialogOver {
		return
	}
	c.dialogOver = true
	if c.state < leaving {
		c.leaves(cause)
	}
	if c.cause.Reason == "" {
		c.cause.Reason = cause.Reason
	}
	if c.cause.Text == "" {
		c.cause.Text = cause.Text
	}
	c.stopMedia()
	c.finish()
}

// stopMedia ends the plays and frees sockets and graph.
func (c *Call) stopMedia() {
	c.dropHeld()
	c.endWaits()
	c.stopRecordings()
	c.stopPlays(ReasonStopped)
	c.stopStreams()
	c.stopForwards()
	c.stopSiprecs()
	l := c.leg
	if l == nil {
		return
	}
	c.leg = nil
	c.closing++
	c.afterTail(func() { c.closeLeg(l) })
}

// closeLeg frees a leg in a goroutine, because that may wait for a tick.
func (c *Call) closeLeg(l *leg) {
	c.manager.spawn(func() {
		var stats legStats
		defer func() {
			if p := recover(); p != nil {
				c.failure().Str("err", fmt.Sprint(p)).Msg("media not closed")
			}
			_ = c.box.must(func() {
				c.legStats.add(&stats)
				c.clearTails()
				c.closing--
				c.finish()
			})
		}()
		l.close(&stats)
	})
}

// finish sends rms:end when nothing is left that could send another event: the
// dialog, the media, streams, recordings, routes that wait or run.
func (c *Call) finish() {
	if !c.dialogOver || c.closing > 0 || c.runs > 0 || len(c.streams) > 0 || len(c.recordings) > 0 || c.state == over {
		return
	}
	c.state = over
	if c.limit != nil {
		c.limit.Stop()
	}
	if c.patience != nil {
		c.patience.Stop()
	}
	now := time.Now()
	var setup, duration time.Duration
	code := 0
	if !c.answeredAt.IsZero() {
		setup, duration = c.answeredAt.Sub(c.began), now.Sub(c.answeredAt)
	} else {
		if code = c.cause.Code; code/100 == 2 {
			code = 487 // the caller ended the early dialog: that is how its INVITE was answered
		}
		c.manager.failed.Add(1)
	}
	s := &c.legStats
	line := c.info().Str("cause", c.cause.Text).Str("by", c.cause.By).Int("code", code)
	if c.cause.Reason != "" {
		line.Str("reason", c.cause.Reason)
	}
	line.Dur("setup", setup).Dur("duration", duration).Str("codec", s.codec).Uint64("packets_in", s.packetsIn).
		Uint64("packets_out", s.packetsOut).Int64("lost", s.lost).Dur("jitter", s.jitter).Msg("call ended")
	end := &Event{Name: EventEnd, Fields: []Field{
		{"cause", c.cause.Text},
		{"by", c.cause.By},
		{"code", int64(code)},
		{"reason", c.cause.Reason},
		{"setup_ms", setup.Milliseconds()},
		{"duration_ms", duration.Milliseconds()},
		{"packets_in", int64(s.packetsIn)},
		{"packets_out", int64(s.packetsOut)},
		{"lost", s.lost},
		{"jitter_ms", float64(s.jitter) / float64(time.Millisecond)},
	}}
	c.emitThen(end, nil, func(error) { c.forget() })
}

// forget lets go of the call: nothing can be posted any more.
func (c *Call) forget() {
	c.unfollow()
	c.hideKeys(false)
	c.manager.spawn(c.files.clear)
	c.box.close()
	c.manager.remove(c)
	c.unpin()
}
