package call

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrUnsubscribed says that no event comes any more: Close was called, or the manager
// was closed.
var ErrUnsubscribed = errors.New("the subscription is closed")

// EventLost tells a subscriber how many events it was too slow for.
const EventLost = "rms:lost"

// Bounds of what waits for one subscriber.
const (
	defaultEvents     = 1024
	defaultEventBytes = 1 << 20
	maxEvents         = 1 << 16
	maxEventBytes     = 4 << 20
)

// SubscribeOptions say which events a subscriber wants and how many may wait for it.
type SubscribeOptions struct {
	// Calls are the ids of calls; none: all calls, and what happens outside any.
	Calls []string
	// Names are names of events, or their beginnings with "*" behind ("rms:stream_*");
	// none: all. An event with a name that a verb was given is also found by its Kind.
	Names []string
	// Size is how many events may wait; 0: 1024, at most 65536.
	Size int
	// Bytes is how big they may be together; 0: 1 MiB, at most 4 MiB.
	Bytes int
}

// hub hands events to subscribers.
type hub struct {
	count atomic.Int32 // of subscribers: no lock is taken while there is none

	mu     sync.RWMutex
	all    []*Subscription
	byCall map[string][]*Subscription
	closed bool
}

// Subscribe begins to collect events. Close it when nobody reads any more.
func (m *Manager) Subscribe(o SubscribeOptions) *Subscription {
	s := &Subscription{
		hub: &m.hub, calls: slices.Clone(o.Calls), names: slices.Clone(o.Names),
		size: bound(o.Size, defaultEvents, maxEvents), bytes: bound(o.Bytes, defaultEventBytes, maxEventBytes),
		wake: make(chan struct{}, 1),
	}
	if slices.Contains(s.names, "*") {
		s.names = nil
	}
	m.hub.add(s)
	return s
}

func bound(n, standard, most int) int {
	if n <= 0 {
		return standard
	}
	return min(n, most)
}

func (h *hub) add(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		s.end()
		return
	}
	h.count.Add(1)
	if len(s.calls) == 0 {
		h.all = append(h.all, s)
		return
	}
	if h.byCall == nil {
		h.byCall = make(map[string][]*Subscription)
	}
	for _, id := range s.calls {
		if !slices.Contains(h.byCall[id], s) {
			h.byCall[id] = append(h.byCall[id], s)
		}
	}
}

func (h *hub) remove(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.count.Add(-1)
	h.all = without(h.all, s)
	for _, id := range s.calls {
		if list := without(h.byCall[id], s); len(list) > 0 {
			h.byCall[id] = list
		} else {
			delete(h.byCall, id)
		}
	}
}

// close ends all subscriptions; what waits in them can still be read.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.count.Store(0)
	for _, s := range h.all {
		s.end()
	}
	for _, list := range h.byCall {
		for _, s := range list {
			s.end()
		}
	}
	h.all, h.byCall = nil, nil
}

// publish hands an event to those who want it. The event is theirs to read only.
func (h *hub) publish(ev *Event) {
	bytes := sizeOfEvent(ev)
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, s := range h.all {
		s.put(ev, bytes)
	}
	if ev.Call == "" {
		return
	}
	for _, s := range h.byCall[ev.Call] {
		s.put(ev, bytes)
	}
}

// watched tells whether anybody but the script sees events.
func (m *Manager) watched() bool { return m.opts.Watch != nil || m.hub.count.Load() > 0 }

// show hands an event to whoever watches.
func (m *Manager) show(ev *Event) {
	if ev.Kind == "" {
		ev.Kind = ev.Name
	}
	m.meters.events.Add(1)
	if !m.watched() {
		return
	}
	ev = shown(ev)
	if w := m.opts.Watch; w != nil {
		w(ev)
	}
	if m.hub.count.Load() > 0 {
		m.hub.publish(ev)
	}
}

// fieldBytes is what an event and each field cost beyond their text.
const (
	eventBytes = 128
	fieldBytes = 40
)

// sizeOfEvent estimates the memory of an event.
func sizeOfEvent(ev *Event) int {
	n := eventBytes + len(ev.Name) + len(ev.Call)
	for i := range ev.Fields {
		n += fieldBytes + sizeOf(ev.Fields[i].Value)
	}
	return n
}
