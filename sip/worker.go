package sip

import (
	"runtime/debug"
	"sync"
	"time"
)

// queueSize is how many messages may wait for one worker. A full queue drops
// datagrams, which are repeated, and holds streams back.
const queueSize = 2048

// worker has all state of the Call-IDs that hash to it: their transactions,
// dialogs and timers. It handles one message, timer or callback at a time. mu
// guards everything below it and is never held while an Owner or Handler runs.
type worker struct {
	u     *UA
	queue chan event
	wake  chan struct{}

	known knownIDs // Call-IDs of groups, for the sockets' readers

	mu     sync.Mutex
	groups map[string]*group
	server map[txKey]*serverTx
	done   []*serverTx // answered ones, oldest first, to forget some early
	timers timers
	after  []callback // to run without the lock, in this order
}

// event is a message on its way to a worker.
type event struct {
	text string
	flow flow
	done chan struct{} // closed when it is handled, for messages of a stream
}

// callback runs code that is not ours. When it panics, failed cleans up.
type callback struct {
	run    func()
	failed func()
}

func newWorker(u *UA) *worker {
	return &worker{
		u: u, queue: make(chan event, queueSize), wake: make(chan struct{}, 1),
		known:  knownIDs{ids: map[string]struct{}{}},
		groups: map[string]*group{}, server: map[txKey]*serverTx{},
	}
}

// poke makes the worker look at its timers and callbacks.
func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// later has a callback run on the worker, behind those that wait already.
func (w *worker) later(run, failed func()) {
	w.after = append(w.after, callback{run, failed})
	w.poke()
}

// do runs f with the lock, from any goroutine.
func (w *worker) do(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *worker) run() {
	clock := time.NewTimer(time.Hour)
	defer clock.Stop()
	for {
		w.expireAll()
		w.callbacks()
		w.arm(clock)
		select {
		case e := <-w.queue:
			w.guard(func() { w.u.handle(w, e) })
			if e.done != nil {
				w.callbacks()
				close(e.done)
			}
		case <-w.wake:
		case <-clock.C:
		case <-w.u.stopped:
			w.callbacks()
			return
		}
	}
}

func (w *worker) arm(clock *time.Timer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := time.Hour
	if len(w.timers) > 0 {
		wait = max(0, time.Until(w.timers[0].at))
	}
	if len(w.after) > 0 {
		wait = 0
	}
	clock.Reset(wait)
}

func (w *worker) expireAll() {
	now := time.Now()
	for more := true; more; {
		w.guard(func() { more = false; more = w.expire(now) })
	}
}

// guard runs our own code with the lock held. A panic costs what it was doing.
func (w *worker) guard(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.rescue(nil)
	f()
}

// callbacks runs what is to be run without the lock.
func (w *worker) callbacks() {
	for {
		w.mu.Lock()
		if len(w.after) == 0 {
			w.after = nil
			w.mu.Unlock()
			return
		}
		c := w.after[0]
		w.after = w.after[1:]
		w.mu.Unlock()
		w.call(c)
	}
}

func (w *worker) call(c callback) {
	defer w.rescue(c.failed)
	c.run()
}

// rescue is deferred: it logs a panic and cleans up behind it.
func (w *worker) rescue(failed func()) {
	p := recover()
	if p == nil {
		return
	}
	w.u.count.panics.Add(1)
	w.u.o.Log.Error().Interface("panic", p).Str("stack", oneLine(string(debug.Stack()))).Msg("recovered")
	if failed != nil {
		defer w.rescue(nil)
		failed()
	}
}
