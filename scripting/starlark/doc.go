// Package starlark runs routes written in Starlark, a small dialect of Python that
// has no way to files, processes or other code, no recursion and no endless loop.
// Each run is cut off by a sandbox.Meter.
//
//	p, err := starlark.Compile("ivr.star", source, starlark.Options{Log: log})
//	s, err := p.NewState()
//	err = s.Run(exec, "rms:start")
//
// A script fills event_route while it loads, and may define route:
//
//	def start(call):
//	    if not rms.play(file = "welcome.wav", route = "over"):
//	        xerr("cannot play: " + rms.error())
//
//	event_route["rms:start"] = start
//
// The verbs of call.Verbs are there under two names: rms_play(...) and rms.play(...),
// with positional or named arguments. Nothing in this package knows a verb. A verb
// returns True or its result; None when it did not work, and rms.error() then says
// why. A mistake (a wrong type, an unknown parameter) ends the run with
// file:line:column. A verb whose event comes exactly once has a form that waits for
// it: r = rms.play_wait("a.wav") goes on below, with r.reason.
//
// Globals are frozen once the script is loaded, so that no call can leave anything
// for another: what a call must remember lives in call.var.
//
// Limits that a script can meet, besides those of sandbox.Limits: 256 KiB of source
// in each of 64 files, 65536 values for a function that takes a whole collection,
// 16384 values in a tuple with the tuples in it, integers of 4096 bits, values of 16
// levels, 4096 parts and 256 KiB for a verb. load reads files beside the script only.
//
// The library makes and compares values of any size in one step. So operators and
// methods whose work depends on their operands are replaced in the syntax tree by
// functions of this package (rewrite.go), which count the work before they do it.
package starlark
