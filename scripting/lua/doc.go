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
// A verb whose event comes once has a waiting form: r = rms.play_wait("a.wav") goes on
// below when the file was played, with the fields of the event, or returns nil and the
// reason at once. The part of a route behind a wait is a run of its own, with all limits
// anew; request and reply are those before. A wait in a call that has ended ends the run,
// so that a loop of waits ends with its call. A script that names no such verb has no
// threads at all; in one that does, a route and the function of each pcall have a thread,
// and a wait may stand wherever no Go function is in the middle: not in a metamethod, a
// coroutine of the script's own, a function given to table.sort or string.gsub.
//
// require("lib.menu") runs lib/menu.lua of the script's folder, once in each interpreter.
// The files are read when the script is compiled; nothing outside the folder is opened.
//
// Limits that a script can meet, besides those of sandbox.Limits: 256 KiB of
// source, 200 nested calls (also in tail position), lists of 16383 values, 256
// coroutines made in a run and 16 inside one another, 64 runs of one call that wait,
// 64 pcalls inside one another, 100 files of 1 MiB together to require, values of 16 levels, 4096
// parts and 256 KiB for a verb. The top level runs once for each worker and again
// when an interpreter is replaced.
//
// Functions of KSR modules return 1 or -1, as in Kamailio, and both are true in
// Lua; KSR.is_method and the globals (has_totag, t_reply ...) return booleans.
//
// Globals of a script belong to one worker: another call may see them and the
// same call may miss them when a state is replaced. What a call must remember
// lives in call.var.
package lua
