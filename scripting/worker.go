package scripting

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"rms/call"
	"rms/scripting/sandbox"
)

// maxOld is how many replaced interpreters one worker keeps for the runs that wait in
// them: each may hold script.memory.
const maxOld = 3

// job is one run in a queue; one without an Exec only wakes the worker.
type job struct {
	x     sandbox.Exec
	route string
	done  func(error)
}

// worker is one goroutine with one interpreter, and those it replaced in which runs
// still wait.
type worker struct {
	engine *Engine
	state  sandbox.State // nil when the script could not be loaded again
	old    []sandbox.State
	queue  chan job

	waiting atomic.Int64 // runs that wait for an event

	mu    sync.Mutex
	ended []string // keys whose runs nobody will resume
	some  atomic.Bool
}

func newWorker(e *Engine, s sandbox.State, size int) *worker {
	return &worker{engine: e, state: s, queue: make(chan job, size)}
}

func (w *worker) loop() {
	for j := range w.queue {
		if w.some.Load() {
			w.forgetEnded()
		}
		if j.x != nil {
			w.run(j)
		}
	}
	for _, s := range append(w.old, w.state) {
		if s != nil {
			s.Close()
		}
	}
	w.waiting.Store(0)
}

func (w *worker) run(j job) {
	s, err := w.attempt(j)
	w.engine.runs.Add(1)
	if err != nil {
		w.engine.failed.Add(1)
	}
	w.count()
	w.report(j, err)
	switch {
	case s == nil:
	case s != w.state:
		w.sweep()
	case !s.Fit():
		w.replace()
	}
}

// attempt does a job, and says in which interpreter.
func (w *worker) attempt(j job) (sandbox.State, error) {
	if call.IsWait(j.route) {
		if s := w.holder(j.route); s != nil {
			return s, s.Run(j.x, j.route)
		}
		return nil, &call.ScriptError{Route: "(wait)", Text: "a run that waited for this event was given up"}
	}
	if w.state == nil {
		w.reload()
	}
	if w.state == nil {
		return nil, &call.ScriptError{Route: j.route, Text: "the script could not be loaded again"}
	}
	return w.state, w.state.Run(j.x, j.route)
}

// holder returns the interpreter in which a run waits for a token, nil when none does.
func (w *worker) holder(token string) sandbox.State {
	if w.state != nil && w.state.Holds(token) {
		return w.state
	}
	for _, s := range w.old {
		if s.Holds(token) {
			return s
		}
	}
	return nil
}

// count publishes how many runs wait, before the call hears that this one returned.
func (w *worker) count() {
	n := 0
	if w.state != nil {
		n = w.state.Waiting()
	}
	for _, s := range w.old {
		n += s.Waiting()
	}
	if w.waiting.Load() != int64(n) {
		w.waiting.Store(int64(n))
	}
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

// replace loads the script into a new interpreter. The one before stays as long as
// runs wait in it, but not too many of them: those in the oldest are given up.
func (w *worker) replace() {
	w.engine.replaced.Add(1)
	w.old = append(w.old, w.state)
	w.state = nil
	w.sweep()
	if len(w.old) > maxOld {
		s := w.old[0]
		w.engine.log.Error().Int("runs", s.Waiting()).Str("script", w.engine.name).
			Msg("runs that waited were given up: the script was cut off or outgrew script.memory too often")
		s.Close()
		w.old = slices.Delete(w.old, 0, 1)
	}
	w.count()
	w.reload()
}

// sweep frees replaced interpreters in which nothing waits.
func (w *worker) sweep() {
	w.old = slices.DeleteFunc(w.old, func(s sandbox.State) bool {
		if s.Waiting() > 0 {
			return false
		}
		s.Close()
		return true
	})
}

func (w *worker) reload() {
	s, err := w.engine.program.NewState()
	if err != nil {
		w.engine.log.Error().Err(err).Str("script", w.engine.name).Msg("script could not be loaded again")
		return
	}
	w.state = s
}

// forget notes that the call of a key is over. It never waits.
func (w *worker) forget(key string) {
	w.mu.Lock()
	w.ended = append(w.ended, key)
	w.some.Store(true)
	w.mu.Unlock()
	select {
	case w.queue <- job{}:
	default: // one of the jobs that fill the queue will see it
	}
}

func (w *worker) forgetEnded() {
	w.mu.Lock()
	ended := w.ended
	w.ended = nil
	w.some.Store(false)
	w.mu.Unlock()
	for _, key := range ended {
		if w.state != nil {
			w.state.Forget(key)
		}
		for _, s := range w.old {
			s.Forget(key)
		}
	}
	w.sweep()
	w.count()
}
