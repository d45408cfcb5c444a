package call

import (
	"errors"
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
	ev.Call = c.id
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	if w := c.manager.opts.Watch; w != nil {
		w(ev)
	}
	done := func(err error) {
		_ = c.box.must(func() {
			if err != nil {
				c.scriptFailed(err)
			}
			if then != nil {
				then(err)
			}
		})
	}
	if !c.router.Has(ev.Name) {
		if then != nil {
			then(nil)
		}
		return
	}
	x := &Exec{manager: c.manager, call: c, request: r, key: c.id, Event: ev}
	if err := c.router.Run(x, ev.Name, done); err != nil {
		c.log.Warn().Err(err).Str("event", ev.Name).Msg("event dropped")
		if then != nil {
			then(err)
		}
	}
}

// scriptFailed reports a route that failed. It ends the call unless the script
// takes care of it in rms:script_error.
func (c *Call) scriptFailed(err error) {
	where, what, route := "", err.Error(), ""
	var se *ScriptError
	if errors.As(err, &se) {
		where, what, route = se.Where, se.Text, se.Route
	}
	c.log.Error().Str("event", EventScriptError).Str("route", route).Str("where", where).Str("err", what).Msg("script failed")
	if c.state == over || c.state == leaving || route == EventScriptError {
		c.giveUp()
		return
	}
	if !c.router.Has(EventScriptError) {
		c.emit(&Event{Name: EventScriptError, Fields: []Field{{"where", where}, {"error", what}, {"route", route}}})
		c.giveUp()
		return
	}
	c.emit(&Event{Name: EventScriptError, Fields: []Field{{"where", where}, {"error", what}, {"route", route}}})
}

// giveUp ends an answered call whose script failed.
func (c *Call) giveUp() {
	if c.state == answered {
		c.hangup(sip.Cause{By: sip.ByError, Code: 500, Text: "script error"})
	}
}
