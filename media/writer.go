package media

import "sync"

// writer is the goroutine that writes for all links of a shard whose sinks are
// prompt: one that wakes up once a phase and finds all of them with something to do.
// A link whose sink would wait gets a goroutine of its own until it has caught up.
type writer struct {
	mu      sync.Mutex
	todo    []*Link
	spare   []*Link
	ready   chan struct{}
	running bool
	closed  bool
	done    sync.WaitGroup
}

// give has the links written, soon. It is called by the thread of a shard.
func (w *writer) give(links []*Link) {
	w.mu.Lock()
	w.todo = append(w.todo, links...)
	if w.ready == nil {
		w.ready = make(chan struct{}, 1)
	}
	if !w.running && !w.closed {
		w.running = true
		w.done.Go(w.run)
	}
	w.mu.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *writer) run() {
	for range w.ready {
		w.mu.Lock()
		list := w.todo
		w.todo, w.spare = w.spare[:0], nil
		closed := w.closed
		w.mu.Unlock()
		for i, l := range list {
			l.attend()
			list[i] = nil
		}
		if closed {
			return
		}
		w.mu.Lock()
		w.spare = list
		w.mu.Unlock()
	}
}

// close ends the goroutine when it has written what was given to it. Nothing may be
// given any more.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	running := w.running
	w.mu.Unlock()
	if !running {
		return
	}
	select {
	case w.ready <- struct{}{}:
	default:
	}
	w.done.Wait()
}
