package esl

import (
	"errors"
	"sync"

	"rms/call"
)

// Bounds of what applications do to one call.
const (
	maxQueued  = 256  // commands that wait for their turn
	maxRunning = 64   // applications that are not over
	maxTurns   = 1000 // of an application that is over at once
)

// performers run the applications of sendmsg, for each call on its own.
type performers struct {
	mu sync.Mutex
	by map[string]*performer
}

// performer runs the applications of one call in the order in which they came. One with
// event-lock has those behind it wait for its end; others only begin in order.
type performer struct {
	server *Server
	id     string

	mu      sync.Mutex
	queue   []*execution
	running []*execution // that have begun and are not over
	working bool
	over    bool          // the call has hung up
	gone    chan struct{} // closed then
}

// execution is one application that a client wants to be run.
type execution struct {
	app, data string
	id        string // Application-UUID
	loops     int    // below 0: for ever
	lock      bool
	done      chan struct{} // closed at its end; nil when nobody waits

	ended bool // CHANNEL_EXECUTE_COMPLETE was sent
}

var errQueue = errors.New("too many applications wait already")

func (s *Server) performer(id string) *performer {
	s.bus.adopt(id)
	s.acts.mu.Lock()
	defer s.acts.mu.Unlock()
	p := s.acts.by[id]
	if p == nil {
		p = &performer{server: s, id: id, gone: make(chan struct{})}
		s.acts.by[id] = p
	}
	return p
}

// hangUp ends what runs in a call: its events come in order, now.
func (a *performers) hangUp(id string) {
	a.mu.Lock()
	p := a.by[id]
	a.mu.Unlock()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	close(p.gone)
	for _, e := range p.queue {
		e.finished()
	}
	p.queue = nil
	for _, e := range p.running {
		p.complete(e, "")
	}
	p.running = nil
}

func (a *performers) forget(id string) {
	a.hangUp(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.by, id)
}

// dismiss forgets the performer of a call that the bus has forgotten already.
func (s *Server) dismiss(p *performer) {
	s.bus.mu.Lock()
	known := s.bus.channels[p.id] != nil
	s.bus.mu.Unlock()
	if known {
		return
	}
	s.acts.mu.Lock()
	defer s.acts.mu.Unlock()
	if s.acts.by[p.id] == p {
		delete(s.acts.by, p.id)
	}
}

// submit queues an application. taken, when it is given, runs before it begins.
func (p *performer) submit(e *execution, taken func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over:
		return call.ErrGone
	case len(p.queue) >= maxQueued || len(p.running) >= maxRunning:
		return errQueue
	}
	if !p.working && !p.server.spawn(p.work) {
		return call.ErrGone
	}
	p.working = true
	p.queue = append(p.queue, e)
	if taken != nil {
		taken()
	}
	return nil
}

// work begins what waits, one after the other, until nothing does.
func (p *performer) work() {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 || p.over {
			p.working = false
			idle := len(p.running) == 0
			p.mu.Unlock()
			if idle {
				p.server.dismiss(p)
			}
			return
		}
		e := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()
		p.perform(e)
	}
}

// perform begins an application and waits for its end when it is locked, or over at once.
func (p *performer) perform(e *execution) {
	app := applicationOf(e.app)
	if !p.begin(e) {
		e.finished()
		return
	}
	wait := p.turn(app, e)
	rest := func() { p.turns(app, e, wait) }
	if e.lock || !app.lasts || e.done != nil {
		rest()
		return
	}
	if !p.server.spawn(rest) {
		p.end(e, "", true)
	}
}

// turns waits for the end of a turn and takes the others that were asked for.
func (p *performer) turns(app *application, e *execution, wait func() (string, bool)) {
	for n := 1; ; n++ {
		response, well := wait()
		last := !well || n == max(e.loops, 1) && e.loops >= 0 || !app.lasts && n >= maxTurns
		if p.end(e, response, last) || last {
			return
		}
		if !p.begin(e) {
			e.finished()
			return
		}
		wait = p.turn(app, e)
	}
}

// begin tells that an application begins; false: the call has hung up.
func (p *performer) begin(e *execution) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	e.ended = false
	p.running = append(p.running, e)
	p.server.bus.emit(occasion{name: nameExecute, call: p.id, where: "sendmsg"}, func(ev *event) { applied(ev, e.app, e.data, e.id) })
	return true
}

// turn does the application once. What went wrong is in its response and in the log.
func (p *performer) turn(app *application, e *execution) func() (string, bool) {
	r := &run{server: p.server, id: p.id, gone: p.gone, data: p.server.expand(p.id, e.data)}
	wait, err := app.begin(r)
	if wait == nil {
		p.server.bus.sync() // what it brought about is told first
	}
	switch {
	case err != nil:
		p.server.opts.Log.Warn().Str("call_id", p.id).Str("application", e.app).Str("err", oneLine(err.Error())).Msg("Event Socket application failed")
		response := app.failed
		if response == "" {
			response = "-ERR " + oneLine(err.Error())
		}
		return func() (string, bool) { return response, false }
	case wait == nil:
		return func() (string, bool) { return "", true }
	}
	return func() (string, bool) { return wait(), true }
}

// end tells that a turn of an application is over; true: the call has hung up, which told
// it already.
func (p *performer) end(e *execution, response string, last bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	gone := e.ended
	p.complete(e, response)
	for i := range p.running {
		if p.running[i] == e {
			p.running = append(p.running[:i:i], p.running[i+1:]...)
			break
		}
	}
	if last || gone {
		e.finished()
	}
	return gone
}

// complete sends the event, once; the lock is held.
func (p *performer) complete(e *execution, response string) {
	if e.ended {
		return
	}
	e.ended = true
	if response == "" {
		response = "_none_"
		if app := applications[e.app]; app != nil && app.response != "" {
			response = app.response
		}
	}
	p.server.bus.emit(occasion{name: nameExecuteComplete, call: p.id, where: "sendmsg"}, func(ev *event) {
		applied(ev, e.app, e.data, e.id)
		ev.add("Application-Response", response)
	})
}

// finished frees who waits for the end, once.
func (e *execution) finished() {
	if e.done == nil {
		return
	}
	select {
	case <-e.done:
	default:
		close(e.done)
	}
}
