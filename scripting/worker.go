package scripting

import (
	"fmt"

	"rms/call"
	"rms/scripting/sandbox"
)

// job is one run in a queue.
type job struct {
	x     sandbox.Exec
	route string
	done  func(error)
}

// worker is one goroutine with one interpreter.
type worker struct {
	engine *Engine
	state  sandbox.State // nil when the script could not be loaded again
	queue  chan job
}

func newWorker(e *Engine, s sandbox.State, size int) *worker {
	return &worker{engine: e, state: s, queue: make(chan job, size)}
}

func (w *worker) loop() {
	for j := range w.queue {
		w.run(j)
	}
	if w.state != nil {
		w.state.Close()
	}
}

func (w *worker) run(j job) {
	err := w.attempt(j)
	w.engine.runs.Add(1)
	if err != nil {
		w.engine.failed.Add(1)
	}
	w.report(j, err)
	if w.state != nil && !w.state.Fit() {
		w.replace()
	}
}

func (w *worker) attempt(j job) error {
	if w.state == nil {
		w.reload()
	}
	if w.state == nil {
		return &call.ScriptError{Route: j.route, Text: "the script could not be loaded again"}
	}
	return w.state.Run(j.x, j.route)
}

// report calls done; a panic there is a mistake of the caller and must not end
// the worker.
func (w *worker) report(j job, err error) {
	defer func() {
		if r := recover(); r != nil {
			w.engine.log.Error().Str("route", j.route).Str("err", fmt.Sprint(r)).Msg("end of a route failed")
		}
	}()
	if j.done != nil {
		j.done(err)
	}
}

// replace throws the interpreter away and loads the script into a new one.
func (w *worker) replace() {
	w.engine.replaced.Add(1)
	w.state.Close()
	w.state = nil
	w.reload()
}

func (w *worker) reload() {
	s, err := w.engine.program.NewState()
	if err != nil {
		w.engine.log.Error().Err(err).Str("script", w.engine.name).Msg("script could not be loaded again")
		return
	}
	w.state = s
}
