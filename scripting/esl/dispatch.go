package esl

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"
)

// notFound is the reply to all that is no command, or not one now.
const notFound = "-ERR command not found"

// handler runs a command and returns the text of its reply; "" means that it has
// replied by itself.
type handler func(c *conn, cmd *command, args string) string

// commands are those that a client may give once it is known.
var commands map[string]handler

// partial are those that an application without "full" may give.
var partial = map[string]bool{
	"connect": true, "myevents": true, "getvar": true, "resume": true, "filter": true, "divert_events": true, "sendmsg": true,
}

func init() {
	commands = map[string]handler{
		"api": (*conn).api, "bgapi": (*conn).bgapi,
		"event": (*conn).event, "nixevent": (*conn).nixevent, "noevents": (*conn).noevents, "myevents": (*conn).myevents,
		"filter": (*conn).filter, "sendmsg": (*conn).sendmsg, "sendevent": (*conn).sendevent,
		"log": (*conn).log, "nolog": (*conn).nolog,
		"connect": (*conn).connect, "linger": (*conn).lingerOn, "nolinger": (*conn).lingerOff, "getvar": (*conn).getvar,
		"resume": (*conn).resumes, "divert_events": (*conn).divert,
	}
}

// run does one command.
func (c *conn) run(cmd *command) {
	name, args := cmd.word()
	reply := notFound
	switch run := commands[name]; {
	case name == "exit" || strings.HasPrefix(name, "..."):
		c.leaving = true
		reply = "+OK bye"
	case !c.authed:
		reply = c.introduce(cmd.line, name)
	case run != nil && (c.full || partial[name]):
		reply = run(c, cmd, args)
	}
	if reply != "" {
		c.answer(reply)
	}
}

// introduce takes the commands of a client that is not known yet.
func (c *conn) introduce(line, name string) string {
	_, args, given := strings.Cut(line, " ")
	switch {
	case name == "auth" && given:
		if !c.server.knows(args) {
			return c.wrong("auth")
		}
		c.welcome()
		return "+OK accepted"
	case name == "userauth" && given:
		if !c.server.knowsUser(args) {
			return c.wrong("userauth")
		}
		c.welcome()
		c.send("Content-Type: command/reply\nReply-Text: +OK accepted\nAllowed-Events: all\nAllowed-API: all\nAllowed-LOG: true\n\n")
		return ""
	}
	return notFound
}

func (c *conn) welcome() {
	c.authed = true
	c.server.known(c)
	_ = c.net.SetReadDeadline(time.Time{}) // on a connection that is gone it does not matter
	c.server.opts.Log.Info().Str("source", c.remote).Msg("Event Socket client came")
}

func (c *conn) wrong(how string) string {
	c.leaving = true
	c.server.badAuth.Add(1)
	if more, now := c.server.fold.tell(time.Now()); now {
		c.server.opts.Log.Warn().Str("source", c.remote).Str("how", how).Int("more", more).Msg("Event Socket password was wrong")
	}
	return "-ERR invalid"
}

// knows compares a password in a time that tells nothing about it.
func (s *Server) knows(password string) bool {
	a, b := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(s.opts.Password))
	return s.opts.Password != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// knowsUser takes any user of any domain who knows the password; there are no others.
// It is written user@domain:password or user:password@domain.
func (s *Server) knowsUser(text string) bool {
	user, rest, ok := strings.Cut(text, "@")
	if !ok {
		return false
	}
	domain, password, _ := strings.Cut(rest, ":")
	if u, p, within := strings.Cut(user, ":"); within {
		user, password = u, p
	}
	return user != "" && domain != "" && s.knows(password)
}
