// Package scripting runs the routes of a script for the calls. It knows no
// language: the ending of the file name chooses the engine (.lua: package lua).
//
// A few workers have an interpreter each. A call hands over a run and goes on;
// all runs of one call are done by the same worker, in order. A run that takes
// more time or memory than allowed is cut off and costs nobody else anything
// but the wait of the calls of the same worker.
//
//	e, err := scripting.Load(scripting.Options{File: "ivr.lua", Log: log})
//	manager := call.NewManager(call.Options{Router: e, ...})
//	defer e.Close()
package scripting
