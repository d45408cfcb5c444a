package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

// Bounds of what waits for the disk: the calls never do.
const (
	recordsWait  = 1 << 14
	recordsBatch = 64 << 10 // bytes in one write
)

// complainEvery keeps a full disk from filling the log too.
const complainEvery = time.Minute

// callRecord is what is written of a call, in one line of JSON.
type callRecord struct {
	Call      string     `json:"call"`
	SIPCallID string     `json:"sip_call_id,omitempty"`
	From      string     `json:"from"`
	To        string     `json:"to"`
	RURI      string     `json:"ruri"`
	Source    string     `json:"source"`
	Codec     string     `json:"codec,omitempty"`
	Invited   time.Time  `json:"invited"`
	Answered  *time.Time `json:"answered,omitempty"`
	Ended     time.Time  `json:"ended"`
	Cause     any        `json:"cause"`
	By        any        `json:"by"`
	Code      any        `json:"code"`
	Reason    any        `json:"reason"`
	Setup     any        `json:"setup_ms"`
	Duration  any        `json:"duration_ms"`
	In        any        `json:"packets_in"`
	Out       any        `json:"packets_out"`
	Lost      any        `json:"lost"`
	Jitter    any        `json:"jitter_ms"`
}

// records writes a line for each call that has ended.
type records struct {
	name   string
	log    zerolog.Logger
	ended  chan *callRecord
	again  chan struct{} // open the file anew
	done   chan struct{}
	lost   atomic.Uint64 // there was no room for
	wailed time.Time     // when the disk was last complained of

	mu     sync.Mutex
	live   map[string]*callRecord
	closed bool
}

// openRecords opens the file and starts to write. close ends it.
func openRecords(name string, log zerolog.Logger) (*records, error) {
	f, err := openRecordFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w (log.records)", err)
	}
	r := &records{
		name: name, log: log, ended: make(chan *callRecord, recordsWait), again: make(chan struct{}, 1), done: make(chan struct{}),
		live: map[string]*callRecord{},
	}
	go r.write(f)
	return r, nil
}

func openRecordFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the call records: %w", err)
	}
	return f, nil
}

// watcher is call.Options.Watch, nil without records.
func (r *records) watcher() func(*call.Event) {
	if r == nil {
		return nil
	}
	return r.watch
}

// watch gathers what the events of a call tell of it. It never waits.
func (r *records) watch(ev *call.Event) {
	if ev.Call == "" {
		return
	}
	switch ev.Kind {
	case call.EventInvite:
		c := &callRecord{
			Call: ev.Call, From: text(ev, "from"), To: text(ev, "to"), RURI: text(ev, "ruri"), Source: text(ev, "source"),
			SIPCallID: header(ev, "Call-ID"), Invited: ev.Time,
		}
		r.mu.Lock()
		r.live[ev.Call] = c
		r.mu.Unlock()
	case call.EventStart:
		at := ev.Time
		r.mu.Lock()
		if c := r.live[ev.Call]; c != nil && c.Answered == nil {
			c.Answered, c.Codec = &at, text(ev, "codec")
		}
		r.mu.Unlock()
	case call.EventEnd:
		r.end(ev)
	}
}

func (r *records) end(ev *call.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.live[ev.Call]
	delete(r.live, ev.Call)
	if c == nil {
		c = &callRecord{Call: ev.Call, Invited: ev.Time}
	}
	c.Ended = ev.Time
	c.Cause, c.By, c.Code, c.Reason = ev.Get("cause"), ev.Get("by"), ev.Get("code"), ev.Get("reason")
	c.Setup, c.Duration = ev.Get("setup_ms"), ev.Get("duration_ms")
	c.In, c.Out, c.Lost, c.Jitter = ev.Get("packets_in"), ev.Get("packets_out"), ev.Get("lost"), ev.Get("jitter_ms")
	if r.closed {
		return
	}
	select {
	case r.ended <- c:
	default:
		r.lost.Add(1)
	}
}

func text(ev *call.Event, field string) string {
	s, _ := ev.Get(field).(string)
	return s
}

// header is the first value of a header field of the INVITE.
func header(ev *call.Event, name string) string {
	all, _ := ev.Get("headers").(map[string]any)
	for other, values := range all {
		if list, _ := values.([]any); strings.EqualFold(other, name) && len(list) > 0 {
			s, _ := list[0].(string)
			return s
		}
	}
	return ""
}

// reopen has the file opened anew, by its name.
func (r *records) reopen() {
	if r == nil {
		return
	}
	select {
	case r.again <- struct{}{}:
	default:
	}
}

// close writes what waits. No call may live any more.
func (r *records) close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.ended)
	}
	r.mu.Unlock()
	<-r.done
}

// write writes what comes until close.
func (r *records) write(f *os.File) {
	defer close(r.done)
	defer func() { _ = f.Close() }()
	var b bytes.Buffer
	for {
		select {
		case <-r.again:
			f = r.rotate(f)
		case c, ok := <-r.ended:
			if !ok {
				return
			}
			b.Reset()
			r.gather(&b, c)
			r.put(f, b.Bytes())
		}
	}
}

// gather encodes a record and those that wait behind it.
func (r *records) gather(b *bytes.Buffer, c *callRecord) {
	enc := json.NewEncoder(b)
	for {
		if err := enc.Encode(c); err != nil {
			r.log.Error().Err(err).Str("call_id", c.Call).Msg("call record not written")
		}
		if b.Len() > recordsBatch {
			return
		}
		select {
		case next, ok := <-r.ended:
			if !ok {
				return
			}
			c = next
		default:
			return
		}
	}
}

func (r *records) put(f *os.File, lines []byte) {
	_, err := (cleanWriter{f}).Write(lines)
	lost := r.lost.Load()
	if err == nil && lost == 0 || time.Since(r.wailed) < complainEvery {
		return
	}
	r.wailed = time.Now()
	r.lost.Add(-lost)
	r.log.Error().Err(err).Str("file", r.name).Uint64("dropped", lost).Msg("call records not written")
}

// rotate opens the file anew, and goes on with the one before when that fails.
func (r *records) rotate(f *os.File) *os.File {
	next, err := openRecordFile(r.name)
	if err != nil {
		r.log.Error().Err(err).Msg("call records not opened anew: the file before is used on")
		return f
	}
	_ = f.Close()
	return next
}
