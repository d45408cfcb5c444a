package esl

import (
	"strconv"
	"strings"

	"rms/call"
)

// sendmsg tells a call to do something: the one named, or the one that the connection
// controls.
func (c *conn) sendmsg(cmd *command, args string) string {
	id := args
	if id == "" {
		id = cmd.get("session-id")
	}
	own := c.controls()
	if id == "" {
		id = own
	}
	if _, err := c.server.opts.Manager.Door(id, call.FromAPI); id == "" || err != nil {
		return invalidSession(id)
	}
	e := &execution{id: oneLine(cmd.get("Event-UUID")), loops: 1}
	if e.id == "" || len(e.id) > maxUUID {
		e.id = newUUID()
	}
	switch what := strings.ToLower(cmd.get("call-command")); what {
	case "execute":
		return c.executes(cmd, e, id)
	case "hangup":
		r := &run{server: c.server, id: id, data: cmd.get("hangup-cause")}
		if !c.server.bus.there(id) {
			return invalidSession(id)
		}
		c.answer("+OK") // before what it brings about
		if _, err := r.hangup(); err != nil {
			c.server.opts.Log.Warn().Str("call_id", id).Str("reason", oneLine(err.Error())).Msg("Event Socket hang-up refused")
		}
		return ""
	case "":
		return "-ERR not available: there is no call-command"
	default:
		return "-ERR not available: call-command " + oneLine(what[:min(len(what), 100)])
	}
}

// invalidSession is the reply about a call that is not there, or over.
func invalidSession(id string) string {
	return "-ERR invalid session id [" + oneLine(id[:min(len(id), 300)]) + "]"
}

// refusal is the reply to an application that was not taken.
func refusal(id string, err error) string {
	if call.ClassOf(err) == call.ClassGone {
		return invalidSession(id)
	}
	return "-ERR " + err.Error()
}

// executes queues an application. The reply comes before it begins, or at its end on a
// connection of an application without "async".
func (c *conn) executes(cmd *command, e *execution, id string) string {
	e.app, e.data = strings.ToLower(strings.TrimSpace(cmd.get("execute-app-name"))), cmd.get("execute-app-arg")
	if e.data == "" && cmd.hasBody {
		e.data = cmd.body
	}
	if loops := cmd.get("loops"); loops != "" {
		e.loops, _ = strconv.Atoi(loops)
	}
	e.lock = truth(cmd.get("event-lock"))
	p := c.server.performer(id)
	if why := unavailable(e.app); why != "" {
		c.server.opts.Log.Warn().Str("call_id", id).Str("reason", why).Msg("Event Socket application refused")
		c.answer("-ERR " + why)
		p.refuse(e, why)
		return ""
	}
	if c.outbound && !c.async && !truth(cmd.get("async")) {
		e.done = make(chan struct{})
		if err := p.submit(e, nil); err != nil {
			return refusal(id, err)
		}
		select {
		case <-e.done:
		case <-c.server.quit:
		}
		return "+OK"
	}
	// The reply stands before what the application tells.
	if err := p.submit(e, func() { c.answer("+OK") }); err != nil {
		return refusal(id, err)
	}
	return ""
}

// refuse tells the end of an application that is not here, for clients that wait for it.
func (p *performer) refuse(e *execution, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.complete(e, "-ERR "+why)
}

// truth reads a flag as the original does.
func truth(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "enable", "enabled", "active", "allow", "1", "t", "y":
		return true
	}
	return false
}

// sendevent sends an event to all who listen.
func (c *conn) sendevent(cmd *command, args string) string {
	name := args
	if name == "" {
		name = cmd.get("Event-Name")
	}
	k, known := kindOf(name)
	if !known || k == kindAll {
		k = kinds["COMMAND"]
	}
	o := occasion{name: eventNames[k], where: "sendevent"}
	if k == kindCustom {
		o.subclass = cmd.get("Event-Subclass")
	}
	id := newUUID()
	c.server.bus.post(o, cmd, id)
	return "+OK " + id
}

// post sends an event that a client made.
func (b *bus) post(o occasion, cmd *command, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	call := cmd.get("Unique-ID")
	b.sequence++
	to := b.readers(kinds[o.name], o.subclass, call)
	if len(to) == 0 {
		return
	}
	e := &event{kind: kinds[o.name], subclass: o.subclass, call: call, lists: true}
	b.begin(e, o)
	e.add("Command", cmd.line)
	for _, h := range cmd.headers {
		if !strings.EqualFold(h.name, "Event-Name") && !strings.EqualFold(h.name, "Event-Subclass") && !strings.EqualFold(h.name, "Content-Length") {
			e.headers = append(e.headers, h)
		}
	}
	e.add("Event-UUID", id)
	if cmd.hasBody {
		e.setBody(cmd.body)
	}
	b.publish(e, to)
}
