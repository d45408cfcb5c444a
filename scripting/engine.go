package scripting

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting/sandbox"
)

var _ call.Router = (*Engine)(nil)

// Errors of Run: nothing was queued.
var (
	ErrBusy   = errors.New("too many events are waiting for the script")
	ErrClosed = errors.New("the script engine is closed")
)

// Options say which script to run and how.
type Options struct {
	File    string         // "": the embedded default script
	Budget  time.Duration  // of one run, without the waits in verbs; 0: 50 ms
	Memory  int64          // bytes that a run and the globals may hold; 0: 64 MiB
	Workers int            // goroutines with an interpreter each; 0: 2 to 4, as there are cores
	Queue   int            // runs that may wait for one worker; 0: 1024
	Log     zerolog.Logger // what concerns no call
	Masked  bool           // no digits in what scripts log
}

// Stats counts what an engine did.
type Stats struct {
	Runs     uint64 // runs that ended
	Failed   uint64 // of these, with a ScriptError
	Refused  uint64 // runs that Run refused because a queue was full
	Replaced uint64 // interpreters replaced after a cut-off run or for their size
	Waiting  int    // runs in queues
	Paused   int    // runs that wait for the event of a verb, as in rms.play_wait
}

// Engine runs the routes of one script. Its methods may be used from any
// goroutine.
type Engine struct {
	name    string
	program sandbox.Program
	routes  []string
	log     zerolog.Logger
	workers []*worker

	mu     sync.RWMutex // held for reading while a run is queued
	closed bool
	group  sync.WaitGroup

	runs, failed, refused, replaced atomic.Uint64
}

// Load reads, compiles and starts a script. Close ends what it started. Scripts is an
// Engine that can be reloaded.
func Load(o Options) (*Engine, error) {
	src, err := open(o.File)
	if err != nil {
		return nil, err
	}
	return load(src, o)
}

func load(src source, o Options) (*Engine, error) {
	program, err := src.compile(sandbox.Options{
		Limits: sandbox.Limits{Budget: o.Budget, Memory: o.Memory}, Log: o.Log, Masked: o.Masked,
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{name: src.name, program: program, log: o.Log}
	n := o.Workers
	if n <= 0 {
		n = min(4, max(2, runtime.GOMAXPROCS(0)))
	}
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	for range n {
		state, err := program.NewState()
		if err != nil {
			e.drop()
			return nil, fmt.Errorf("load script: %w", err)
		}
		e.workers = append(e.workers, newWorker(e, state, o.Queue))
	}
	e.routes = e.workers[0].state.Routes()
	for _, w := range e.workers {
		e.group.Go(w.loop)
	}
	return e, nil
}

// drop frees the interpreters of an engine that does not start.
func (e *Engine) drop() {
	for _, w := range e.workers {
		w.state.Close()
	}
}

// Name returns the name of the script file, "default.lua" for the embedded one.
func (e *Engine) Name() string { return e.name }

// Files lists the files that the script is made of besides its own.
func (e *Engine) Files() []string { return e.program.Files() }

// Routes lists the routes of the script by name.
func (e *Engine) Routes() []string { return slices.Clone(e.routes) }

// Has reports whether the script has a route of that name, or may wait for an event
// of that name.
func (e *Engine) Has(route string) bool {
	if call.IsWait(route) {
		return true
	}
	_, ok := slices.BinarySearch(e.routes, route)
	return ok
}

// Run queues one run of a route; see call.Router.
func (e *Engine) Run(x *call.Exec, route string, done func(error)) error {
	return e.Queue(sandbox.Adapt(x), route, done)
}

// Queue is Run for any Exec.
func (e *Engine) Queue(x sandbox.Exec, route string, done func(error)) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return ErrClosed
	}
	select {
	case e.workers[pick(x.Key(), len(e.workers))].queue <- job{x, route, done}:
		return nil
	default:
		e.refused.Add(1)
		return fmt.Errorf("route %s: %w", route, ErrBusy)
	}
}

// Forget gives up the runs of a key (Exec.Key) that still wait for an event: its call
// is over and none will come. It returns at once.
func (e *Engine) Forget(key string) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if w := e.workers[pick(key, len(e.workers))]; !e.closed && w.waiting.Load() > 0 {
		w.forget(key)
	}
}

// pick spreads keys over n workers (FNV-1a).
func pick(key string, n int) int {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return int(h % uint32(n)) //nolint:gosec // n is small
}

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	s := Stats{
		Runs: e.runs.Load(), Failed: e.failed.Load(), Refused: e.refused.Load(), Replaced: e.replaced.Load(),
	}
	for _, w := range e.workers {
		s.Waiting += len(w.queue)
		s.Paused += int(w.waiting.Load())
	}
	return s
}

// Close refuses new runs, lets those that are queued end, and returns when the
// workers are gone. Close the calls first: a run may wait for its call.
func (e *Engine) Close() {
	e.mu.Lock()
	if !e.closed {
		e.closed = true
		for _, w := range e.workers {
			close(w.queue)
		}
	}
	e.mu.Unlock()
	e.group.Wait()
}
