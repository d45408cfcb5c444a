package main

import (
	"slices"
	"sync"
	"sync/atomic"

	"rms/sip"
)

// traceWaits is how many messages may wait for whoever watches a trace.
const traceWaits = 256

// traceWatcher gets the messages of one call, or of all.
type traceWatcher struct {
	callID string // Call-ID; "" for all
	lines  chan sip.TraceLine
	lost   atomic.Uint64 // there was no room for
}

// watchers are those who watch now.
type watchers struct {
	mu   sync.Mutex // of changes
	list atomic.Pointer[[]*traceWatcher]
}

func (ws *watchers) any() bool {
	list := ws.list.Load()
	return list != nil && len(*list) > 0
}

// change replaces the list: the threads that read it take no lock.
func (ws *watchers) change(f func([]*traceWatcher) []*traceWatcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var list []*traceWatcher
	if old := ws.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = f(list)
	ws.list.Store(&list)
}

// offer hands a message to those who want it and have room.
func (ws *watchers) offer(l *sip.TraceLine) {
	for _, w := range *ws.list.Load() {
		if w.callID != "" && w.callID != l.CallID {
			continue
		}
		select {
		case w.lines <- *l:
		default:
			w.lost.Add(1)
		}
	}
}

// watch begins to bring the messages of a call by its Call-ID, of all calls when that
// is "". lost tells how many there was no room for; stop ends it, lines stays open.
func (t *tracer) watch(callID string) (lines <-chan sip.TraceLine, lost func() uint64, stop func()) {
	w := &traceWatcher{callID: callID, lines: make(chan sip.TraceLine, traceWaits)}
	t.watchers.change(func(list []*traceWatcher) []*traceWatcher { return append(list, w) })
	t.hook()
	return w.lines, w.lost.Load, func() {
		t.watchers.change(func(list []*traceWatcher) []*traceWatcher {
			return slices.DeleteFunc(list, func(other *traceWatcher) bool { return other == w })
		})
		t.hook()
	}
}
