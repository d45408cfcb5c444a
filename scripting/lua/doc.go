// Package lua runs routes written in Lua 5.1. The interpreter sees only the
// base, table, string, math and coroutine libraries, without anything that
// reaches files, processes, other code or the collector, and each run is cut off
// by a sandbox.Meter.
//
//	p, err := lua.Compile("ivr.lua", source, lua.Options{Log: log})
//	s, err := p.NewState()
//	err = s.Run(exec, "rms:start")
//
// The verbs of call.Verbs are there under three names: rms_play(...),
// rms.play(...) and KSR.rtp_media_server.rms_play(...). Nothing in this package
// knows a verb.
//
// Globals of a script belong to one worker: another call may see them and the
// same call may miss them when a state is replaced. What a call must remember
// lives in call.var.
package lua
