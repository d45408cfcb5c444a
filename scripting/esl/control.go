package esl

import (
	"strconv"
	"strings"
	"time"

	"rms/call"
)

const notControlling = "-ERR not controlling a session"

// longestLinger bounds how long a connection outlives its call.
const longestLinger = time.Hour

// control makes the connection one of those that end with a call. The lock of the bus
// is held.
func (c *conn) control(id string) { c.session = id }

// connect describes the call that the connection controls.
func (c *conn) connect(*command, string) string {
	id := c.controls()
	if id == "" {
		return notFound
	}
	mode, control := "static", "single-channel"
	if c.async || !c.outbound {
		mode = "async"
	}
	if c.full {
		control = "full"
	}
	e := c.server.bus.describe(id)
	e.add("Content-Type", "command/reply")
	e.add("Reply-Text", "+OK\n")
	e.add("Socket-Mode", mode)
	e.add("Control", control)
	c.out.reply(appendPlain(make([]byte, 0, e.size()), e))
	c.connected()
	return ""
}

// lingerOn keeps the connection when its call ends.
func (c *conn) lingerOn(_ *command, args string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.session == "" {
		return notControlling
	}
	c.lingers, c.linger = true, 0
	if args == "" {
		return "+OK will linger"
	}
	n, _ := strconv.Atoi(args) // as in the original, what is no number is 0
	c.linger = min(max(time.Duration(n)*time.Second, time.Millisecond), longestLinger)
	return "+OK will linger " + strconv.Itoa(n) + " seconds"
}

func (c *conn) lingerOff(*command, string) string {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.session == "" {
		return notControlling
	}
	c.lingers = false
	return "+OK will not linger"
}

// over ends the connection with its call, or has it linger. The lock of the bus is held.
func (c *conn) over(ch *channel) {
	if c.ended {
		return
	}
	c.ended = true
	if !c.lingers || c.server.bus.draining {
		c.send(c.noticeOf(c.session))
		c.out.finish()
		return
	}
	told, wait := int64(-1), longestLinger
	if c.linger > 0 {
		told, wait = int64(c.linger/time.Second), c.linger
	}
	c.send("Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + c.session +
		"\nContent-Disposition: linger\nChannel-Name: " + ch.name() + "\nLinger-Time: " + number(told) + "\nContent-Length: 0\n\n")
	c.timer = time.AfterFunc(wait, func() {
		c.send(c.notice())
		c.out.finish()
	})
}

// hurry ends a connection that outlived its call.
func (c *conn) hurry() {
	b := c.server.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.ended {
		c.send(c.noticeOf(c.session))
		c.out.finish()
	}
}

// getvar returns a variable of the call. One that is not there makes it no command, as
// in the original.
func (c *conn) getvar(_ *command, args string) string {
	id := c.controls()
	if id == "" {
		return notFound
	}
	value := c.server.variable(id, args)
	if value == "" {
		return notFound
	}
	return oneLine(value)
}

// variable returns a variable of a call as text, "" when it is not there.
func (s *Server) variable(id, name string) string {
	x, err := s.opts.Manager.Door("", call.FromAPI)
	if err != nil || name == "" {
		return ""
	}
	value := x.API("uuid_getvar " + id + " " + name)
	if value == "_undef_" || strings.HasPrefix(value, "-ERR ") || strings.HasPrefix(value, "-USAGE") {
		return ""
	}
	return value
}

// resumes has the call's script go on when the connection ends.
func (c *conn) resumes(*command, string) string {
	id := c.controls()
	if id == "" {
		return notFound
	}
	c.resume = true
	if x, err := c.server.opts.Manager.Door("", call.FromAPI); err == nil {
		_ = x.API("uuid_setvar " + id + " socket_resume true") // the call may be gone
	}
	return "+OK"
}

// divert is for events that are sent to a call, of which there are none here.
func (c *conn) divert(_ *command, args string) string {
	switch {
	case c.controls() == "":
		return "-ERR not controlling a session."
	case args == "":
		return "-ERR missing value."
	case strings.EqualFold(args, "on"):
		return "+OK events diverted"
	}
	return "+OK events not diverted"
}

func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }
