// Package scripting runs the routes of a script for the calls. It knows no
// language: the ending of the file name chooses the engine (.lua: package lua).
//
// A few workers have an interpreter each. A call hands over a run and goes on;
// all runs of one call are done by the same worker, in order. A run that takes
// more time or memory than allowed is cut off and costs nobody else anything
// but the wait of the calls of the same worker.
//
// A run may wait for the event of a verb (rms.play_wait): it is over for the call then,
// and stays in the interpreter of its worker until the event comes as another run.
//
// Scripts is an Engine that is loaded again while calls run: each call keeps the version
// that it began with, and a version is closed with its last call.
//
//	s, err := scripting.Open(scripting.Options{File: "ivr.lua", Log: log})
//	manager := call.NewManager(call.Options{Router: s, ...})
//	err = s.Reload() // a mistake in the file changes nothing
//	defer s.Close()
package scripting
