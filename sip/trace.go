package sip

import (
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tracedCalls = 1024 // Call-IDs that are kept at most
	tracedLines = 128  // messages of each
)

// TraceLine is one message as it was on the wire.
type TraceLine struct {
	Time      time.Time
	Sent      bool   // false: received
	Transport string // "udp" or "tcp"
	Local     netip.AddrPort
	Remote    netip.AddrPort
	CallID    string // safe to log, as First is
	First     string // the start line
	Text      string // the whole message, byte for byte: not safe to log
}

// tracer keeps the recent messages of calls, for all of them or for those asked
// for.
type tracer struct {
	mu    sync.Mutex
	all   bool
	calls map[string][]TraceLine
	order []string // Call-IDs, oldest first

	hook atomic.Pointer[func(TraceLine)] // of OnTrace
}

// OnTrace hands every message that is sent or received from now on to f, in place of
// Options.OnTrace; nil: to nobody. f must not block.
func (u *UA) OnTrace(f func(TraceLine)) {
	u.traces.mu.Lock()
	defer u.traces.mu.Unlock()
	if f == nil {
		u.traces.hook.Store(nil)
	} else {
		u.traces.hook.Store(&f)
	}
	u.retrace()
}

// SetTrace switches the keeping of all calls' messages on or off; off forgets
// them.
func (u *UA) SetTrace(on bool) {
	u.traces.mu.Lock()
	defer u.traces.mu.Unlock()
	u.traces.all = on
	if !on {
		u.traces.calls, u.traces.order = nil, nil
	}
	u.retrace()
}

// TraceOn keeps the messages of one call from now on.
func (u *UA) TraceOn(callID string) {
	u.traces.mu.Lock()
	defer u.traces.mu.Unlock()
	u.traces.open(callID)
	u.retrace()
}

// Trace returns the last messages of a call, oldest first.
func (u *UA) Trace(callID string) []TraceLine {
	u.traces.mu.Lock()
	defer u.traces.mu.Unlock()
	return append([]TraceLine(nil), u.traces.calls[callID]...)
}

// retrace keeps the flag that costs a call nothing when nobody looks.
func (u *UA) retrace() {
	u.tracing.Store(u.traces.hook.Load() != nil || u.traces.all || len(u.traces.calls) > 0)
}

func (t *tracer) open(callID string) {
	if _, ok := t.calls[callID]; ok {
		return
	}
	if t.calls == nil {
		t.calls = map[string][]TraceLine{}
	}
	if len(t.order) >= tracedCalls {
		delete(t.calls, t.order[0])
		t.order = t.order[1:]
	}
	t.calls[callID] = nil
	t.order = append(t.order, callID)
}

func (t *tracer) add(l TraceLine, callID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all {
		t.open(callID)
	}
	lines, ok := t.calls[callID]
	if !ok {
		return
	}
	if len(lines) >= tracedLines {
		lines = append(lines[:0:0], lines[1:]...)
	}
	t.calls[callID] = append(lines, l)
}

// trace records one message.
func (u *UA) trace(sent bool, f flow, remote netip.AddrPort, callID, text string) {
	first, _, _ := strings.Cut(text, "\n")
	callID = strings.Clone(callID)
	l := TraceLine{
		Time: time.Now(), Sent: sent, Transport: f.transport(), Local: f.local, Remote: remote,
		CallID: oneLine(callID), First: oneLine(strings.TrimSuffix(first, "\r")), Text: text,
	}
	if hook := u.traces.hook.Load(); hook != nil {
		(*hook)(l)
	}
	u.traces.add(l, callID)
}
