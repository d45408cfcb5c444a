package esl

import (
	"sync"
	"time"

	"rms/call"
)

// marks let those who heard of the end of a verb wait until the bus has told of it too,
// so that the end of an application comes behind what it did.
type marks struct {
	mu     sync.Mutex
	by     map[string][]mark
	closed bool
}

type mark struct {
	at   time.Time
	done chan struct{}
}

// await returns a channel that is closed when the bus has translated the event of a call
// of that time. It is called before the event is published.
func (m *marks) await(id string, at time.Time) <-chan struct{} {
	done := make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		close(done)
		return done
	}
	m.by[id] = append(m.by[id], mark{at, done})
	return done
}

// release frees those who wait for an event, or for one before it that was lost.
func (m *marks) release(ev *call.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.by[ev.Call]
	if len(list) == 0 {
		return
	}
	var kept []mark
	for _, k := range list {
		if ev.Kind == call.EventEnd || !k.at.After(ev.Time) {
			close(k.done)
		} else {
			kept = append(kept, k)
		}
	}
	if m.by[ev.Call] = kept; len(kept) == 0 {
		delete(m.by, ev.Call)
	}
}

// releaseAll frees all who wait: events were lost, or the bus stops and nobody is to
// wait any more.
func (m *marks) releaseAll(stops bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = m.closed || stops
	for id, list := range m.by {
		for _, k := range list {
			close(k.done)
		}
		delete(m.by, id)
	}
}
