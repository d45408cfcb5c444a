package call

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
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

// Subscription is a bounded queue of events for one reader. When it is full the oldest
// events are dropped; the reader is told with an event of the name EventLost in their
// place, whose field "count" says how many. A call never waits for a reader.
type Subscription struct {
	hub    *hub
	calls  []string
	names  []string
	size   int
	bytes  int
	wake   chan struct{} // holds a token while something waits
	closed atomic.Bool

	mu     sync.Mutex
	queue  []waitingEvent // a ring once it has grown
	first  int
	n      int
	held   int // bytes of what waits
	lost   uint64
	untold uint64 // of lost, what no event told of yet
}

type waitingEvent struct {
	event *Event
	bytes int
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

// wants tells whether the reader asked for events of that name.
func (s *Subscription) wants(ev *Event) bool {
	if len(s.names) == 0 {
		return true
	}
	for _, name := range s.names {
		if begin, ok := strings.CutSuffix(name, "*"); ok {
			if strings.HasPrefix(ev.Name, begin) || ev.Kind != "" && strings.HasPrefix(ev.Kind, begin) {
				return true
			}
		} else if name == ev.Name || name == ev.Kind {
			return true
		}
	}
	return false
}

func (s *Subscription) put(ev *Event, bytes int) {
	if !s.wants(ev) {
		return
	}
	s.mu.Lock()
	for s.n > 0 && (s.n >= s.size || s.held+bytes > s.bytes) {
		s.drop()
	}
	if bytes > s.bytes {
		s.lost++
		s.untold++
	} else {
		s.push(waitingEvent{ev, bytes})
	}
	s.mu.Unlock()
	s.ring()
}

// ring wakes the reader.
func (s *Subscription) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Subscription) push(w waitingEvent) {
	if s.n == len(s.queue) {
		grown := make([]waitingEvent, min(max(16, 2*s.n), s.size))
		for i := range s.n {
			grown[i] = s.queue[(s.first+i)%len(s.queue)]
		}
		s.queue, s.first = grown, 0
	}
	s.queue[(s.first+s.n)%len(s.queue)] = w
	s.n++
	s.held += w.bytes
}

func (s *Subscription) pop() *Event {
	w := s.queue[s.first]
	s.queue[s.first] = waitingEvent{}
	s.first = (s.first + 1) % len(s.queue)
	s.n--
	s.held -= w.bytes
	if s.n == 0 {
		s.queue, s.first = nil, 0 // an idle reader holds nothing
	}
	return w.event
}

func (s *Subscription) drop() {
	s.pop()
	s.lost++
	s.untold++
}

// Poll returns the next event, nil when none waits.
func (s *Subscription) Poll() *Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.untold > 0:
		ev := &Event{Name: EventLost, Kind: EventLost, Time: time.Now(), Fields: []Field{{"count", int64(s.untold)}}} //nolint:gosec // never that many
		s.untold = 0
		return ev
	case s.n > 0:
		return s.pop()
	}
	return nil
}

// Ready has a token when Poll may have something, and after Close, for a reader that
// selects. Take the token, then Poll until it returns nil.
func (s *Subscription) Ready() <-chan struct{} { return s.wake }

// Closed reports whether nothing will be added any more.
func (s *Subscription) Closed() bool { return s.closed.Load() }

// Next returns the next event and waits for it. ErrUnsubscribed: there is none left
// and the subscription is closed. One goroutine may use it.
func (s *Subscription) Next(ctx context.Context) (*Event, error) {
	for {
		closed := s.closed.Load() // before Poll: what came before the end is read
		if ev := s.Poll(); ev != nil {
			return ev, nil
		}
		if closed {
			return nil, ErrUnsubscribed
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.wake:
		}
	}
}

// Lost returns how many events were dropped since Subscribe.
func (s *Subscription) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// Close ends the subscription. It may come more than once.
func (s *Subscription) Close() {
	if !s.closed.Swap(true) {
		s.hub.remove(s)
		s.ring()
	}
}

func (s *Subscription) end() {
	if !s.closed.Swap(true) {
		s.ring()
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
