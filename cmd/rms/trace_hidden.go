package main

import (
	"sync"
	"time"
)

// hiddenAfter is how long after the end of a hidden stretch a message of it may still be
// written.
const hiddenAfter = time.Minute

// hiddenCalls are the calls whose keys nobody may see for a while: a card number is
// being typed.
type hiddenCalls struct {
	mu    sync.Mutex
	until map[string]time.Time // by Call-ID; zero: it goes on
}

// hide begins or ends it for one call. It is call.Options.HideKeys.
func (h *hiddenCalls) hide(sipCallID string, on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until == nil {
		h.until = map[string]time.Time{}
	}
	if on {
		h.until[sipCallID] = time.Time{}
		return
	}
	now := time.Now()
	if _, ok := h.until[sipCallID]; ok {
		h.until[sipCallID] = now
	}
	for id, end := range h.until {
		if !end.IsZero() && now.Sub(end) > hiddenAfter {
			delete(h.until, id)
		}
	}
}

// covers tells whether the keys of a message that came at that time are hidden.
func (h *hiddenCalls) covers(sipCallID string, at time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	end, ok := h.until[sipCallID]
	return ok && (end.IsZero() || !at.After(end))
}
