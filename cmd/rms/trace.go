package main

import (
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
)

// How the messages of traced calls are fetched from the user agent: a call that is
// not traced costs nothing this way.
const (
	traceEvery = 100 * time.Millisecond
	traceAfter = 32 * time.Second // a call is over for so long: 64*T1, when nothing is repeated any more
)

// tracer writes SIP messages to the log, one line each: those of all calls at
// log.level=trace, else those of the calls whose script asked for it.
type tracer struct {
	log  zerolog.Logger
	loud zerolog.Logger // writes what a script asked for at any log.level
	mask bool           // no keys

	watchers watchers
	hidden   hiddenCalls

	live func(callID string) bool
	wait sync.WaitGroup
	stop chan struct{}

	mu    sync.Mutex
	ua    *sip.UA
	calls map[string]*traced // by Call-ID
}

// traced is a call whose messages are written.
type traced struct {
	id    string    // of the call
	last  time.Time // of the last message that was written
	ended time.Time // when the call was first seen to be over
}

func newTracer(log zerolog.Logger, mask bool) *tracer {
	return &tracer{log: log, loud: log.Level(zerolog.TraceLevel).Sample(nil), mask: mask, stop: make(chan struct{}), calls: map[string]*traced{}}
}

// all tells whether the messages of every call go to the log.
func (t *tracer) all() bool { return t.log.Trace().Enabled() }

// hook has all messages brought while somebody wants them.
func (t *tracer) hook() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ua == nil:
	case t.all() || t.watchers.any():
		t.ua.OnTrace(t.message)
	default:
		t.ua.OnTrace(nil)
	}
}

// attach tells the tracer whose messages it writes, and how to find out that a call
// is over.
func (t *tracer) attach(ua *sip.UA, live func(callID string) bool) {
	t.mu.Lock()
	t.ua, t.live = ua, live
	t.mu.Unlock()
	t.hook()
}

// call begins or ends the trace of one call. It is call.Options.Trace.
func (t *tracer) call(sipCallID, callID string, on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.all() || t.ua == nil:
	case !on:
		delete(t.calls, sipCallID)
	case t.calls[sipCallID] == nil:
		t.ua.TraceOn(sipCallID)
		t.calls[sipCallID] = &traced{id: callID, last: time.Now()}
		if len(t.calls) == 1 {
			t.wait.Go(t.follow)
		}
	}
}

// follow writes what comes until no call is traced any more.
func (t *tracer) follow() {
	tick := time.NewTicker(traceEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-t.stop:
			t.fetch()
			return
		}
		if !t.fetch() {
			return
		}
	}
}

// fetch writes what is new, and is false when no call is left.
func (t *tracer) fetch() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, c := range t.calls {
		for _, l := range t.ua.Trace(id) {
			if l.Time.After(c.last) {
				c.last = l.Time
				t.write(t.loud.Info().Str("call_id", c.id), &l)
			}
		}
		switch {
		case t.live(c.id):
		case c.ended.IsZero():
			c.ended = time.Now()
		case time.Since(c.ended) > traceAfter:
			delete(t.calls, id)
		}
	}
	if len(t.calls) == 0 {
		t.ua.SetTrace(false)
	}
	return len(t.calls) > 0
}

// message takes each message while hook wants them.
func (t *tracer) message(l sip.TraceLine) {
	t.write(t.log.Trace(), &l)
	if t.watchers.any() {
		if t.masks(&l) {
			l.Text = maskKeys(l.Text)
		}
		t.watchers.offer(&l)
	}
}

// write writes one message on one line: the log escapes what could break it.
func (t *tracer) write(e *zerolog.Event, l *sip.TraceLine) {
	if e == nil {
		return
	}
	direction := "received"
	if l.Sent {
		direction = "sent"
	}
	text := l.Text
	if t.masks(l) {
		text = maskKeys(text)
	}
	e.Time("at", l.Time).Str("transport", l.Transport).Str("local", l.Local.String()).Str("remote", l.Remote.String()).
		Str("sip_call_id", l.CallID).Str("first", l.First).Str("text", text).Msg("sip message " + direction)
}

func (t *tracer) masks(l *sip.TraceLine) bool { return t.mask || t.hidden.covers(l.CallID, l.Time) }

// maskKeys takes the body out of a message that carries a key.
func maskKeys(text string) string {
	head, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok || body == "" || !strings.Contains(strings.ToLower(head), "dtmf") {
		return text
	}
	return head + "\r\n\r\n*"
}

// close ends the tracer, with what came last.
func (t *tracer) close() {
	close(t.stop)
	t.wait.Wait()
}
