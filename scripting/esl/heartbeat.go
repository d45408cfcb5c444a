package esl

import (
	"strconv"
	"time"
)

// count notes a call.
func (r *rate) count(at time.Time) {
	second := at.Unix()
	if second != r.at {
		r.last = 0
		if second == r.at+1 {
			r.last = r.calls
		}
		r.at, r.calls = second, 0
	}
	r.calls++
	r.peak = max(r.peak, r.calls)
}

// heartbeat tells that the server is there, and how it does.
func (b *bus) heartbeat() {
	s := b.server
	up := time.Since(b.began)
	live := s.opts.Manager.Len()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.emitLocked(occasion{name: nameHeartbeat, where: "heartbeat"}, func(e *event) {
		e.add("Event-Info", "System Ready")
		e.add("Up-Time", upFor(up))
		e.add("FreeSWITCH-Version", "rms "+s.opts.Version)
		e.add("Uptime-msec", number(up.Milliseconds()))
		e.add("Session-Count", strconv.Itoa(live))
		e.add("Max-Sessions", strconv.Itoa(s.opts.MaxCalls))
		e.add("Session-Per-Sec", strconv.Itoa(b.seconds.calls))
		e.add("Session-Per-Sec-Last", strconv.Itoa(b.seconds.last))
		e.add("Session-Per-Sec-Max", strconv.Itoa(b.seconds.peak))
		e.add("Session-Since-Startup", strconv.Itoa(b.total))
		e.add("Heartbeat-Interval", strconv.Itoa(int(s.opts.Heartbeat/time.Second)))
	})
}

// upFor writes a duration as HEARTBEAT does.
func upFor(d time.Duration) string {
	const day = 24 * time.Hour
	out := ""
	for i, p := range []struct {
		n    int64
		unit string
	}{
		{int64(d / (365 * day)), "year"}, {int64(d % (365 * day) / day), "day"}, {int64(d % day / time.Hour), "hour"},
		{int64(d % time.Hour / time.Minute), "minute"}, {int64(d % time.Minute / time.Second), "second"},
		{int64(d % time.Second / time.Millisecond), "millisecond"}, {int64(d % time.Millisecond / time.Microsecond), "microsecond"},
	} {
		if i > 0 {
			out += ", "
		}
		out += number(p.n) + " " + p.unit
		if p.n != 1 {
			out += "s"
		}
	}
	return out
}
