package call

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

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
