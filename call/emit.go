package call

import (
	"errors"
	"strings"
	"time"

	"rms/sip"
)

// emit sends an event: to the watcher, and to the route of its name when the
// script has one.
func (c *Call) emit(ev *Event) { c.emitThen(ev, nil, nil) }

// emitThen is emit with something to do afterwards: then runs in the mailbox when
// the route has ended, or at once when there is none. r is the request that a verb
// in the route may answer.
func (c *Call) emitThen(ev *Event, r *sip.Request, then func(error)) {
	c.watch(ev)
	if !c.router.Has(ev.Name) {
		if then != nil {
			then(nil)
		}
		return
	}
	err := c.run(&Exec{Event: ev, request: r}, ev.Name, func(err error) {
		if err != nil {
			c.scriptFailed(err)
		}
		if then != nil {
			then(err)
		}
	})
	if err == nil {
		return
	}
	c.warn().Err(err).Str("event", ev.Name).Msg("event dropped")
	c.manager.dropped.Add(1)
	if then != nil {
		then(err)
	}
	if !bystander(ev.Name) {
		c.giveUp("the script is overloaded") // it would wait for ever
	}
}

// emitAll sends events one after the other, before any other of the call; then runs
// in the mailbox when the routes of all have ended.
func (c *Call) emitAll(list []*Event, then func()) {
	left := len(list) + 1
	done := func(error) {
		if left--; left == 0 && then != nil {
			then()
		}
	}
	for _, ev := range list {
		c.emitThen(ev, nil, done)
	}
	done(nil)
}

// bystander tells whether a call can go on without its script hearing of an event:
// keys, the end, recordings, and what far ends of streams say and do.
func bystander(event string) bool {
	return strings.HasPrefix(event, "rms:siprec_") ||
		event == EventDTMF || event == EventEnd || event == EventPlayEnd || strings.HasPrefix(event, "rms:stream_") || strings.HasPrefix(event, "rms:record_") ||
		strings.HasPrefix(event, audioStream)
}

// watch shows an event to the watcher.
func (c *Call) watch(ev *Event) {
	ev.Call = c.id
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	c.followed(ev)
	c.manager.show(ev)
}

// run queues one run of a route; done runs in the mailbox when it has ended. The
// end of the call waits for it. An error: nothing was queued.
func (c *Call) run(x *Exec, route string, done func(error)) error {
	x.manager, x.call, x.key = c.manager, c, c.id
	from := time.Now()
	err := c.router.Run(x, route, func(err error) {
		c.manager.meters.routes.observe(time.Since(from))
		_ = c.box.must(func() {
			c.runs--
			done(err)
			c.finish()
		})
	})
	if err == nil {
		c.runs++
	}
	return err
}

// scriptError is the event of a route that failed.
func scriptError(err error) *Event {
	where, what, route := "", err.Error(), ""
	var se *ScriptError
	if errors.As(err, &se) {
		where, what, route = se.Where, se.Text, se.Route
	}
	return &Event{Name: EventScriptError, Time: time.Now(), Fields: []Field{{"where", where}, {"error", what}, {"route", route}}}
}

// scriptFailed reports a route that failed. It ends the call unless the script
// takes care of it in rms:script_error.
func (c *Call) scriptFailed(err error) {
	ev := scriptError(err)
	c.failure().Str("event", ev.Name).Str("err", err.Error()).Msg("script failed")
	cares := false
	if c.state != over && ev.Get("route") != EventScriptError {
		cares = c.router.Has(EventScriptError)
		c.emit(ev)
	}
	if !cares {
		c.giveUp("script error")
	}
}

// giveUp ends an answered call whose script failed.
func (c *Call) giveUp(why string) {
	if c.state == answered {
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: why})
	}
}
