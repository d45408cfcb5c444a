package sip

import (
	"bytes"
	"hash/maphash"
	"time"
)

// receive takes a message from a socket's reader: admission, then the queue of
// its Call-ID. The bytes are only read until it returns.
func (u *UA) receive(b []byte, f flow) {
	u.count.received.Add(1)
	b = bytes.TrimLeft(b, "\r\n") // RFC 3261 section 7.5
	g, ok := peek(b)
	if !ok {
		if len(bytes.Trim(b, "\r\n\x00 ")) > 0 { // else a keep-alive
			u.malformed(f.remote.Addr())
		}
		return
	}
	w := u.workerOf(g.callID, f)
	if g.starts() && !w.known.has(g.callID) {
		if key := u.refusedBy(g, f); key != "" {
			u.overload(b, f, key)
			return
		}
	}
	e := event{text: string(b), flow: f}
	if f.conn != nil {
		f.conn.enqueue(w, e)
		return
	}
	select {
	case w.queue <- e:
	default:
		u.count.dropped.Add(1)
	}
}

// starts tells whether the request begins something of its own.
func (g glimpse) starts() bool {
	return g.request && !g.inside && string(g.method) != "ACK" && string(g.method) != "CANCEL"
}

func (u *UA) workerOf(callID []byte, f flow) *worker {
	h := maphash.Bytes(u.seeds[0], callID)
	if len(callID) == 0 {
		h = uint64(f.remote.Port())
	}
	return u.workers[h%uint64(len(u.workers))]
}

// pause waits, but not beyond the end of the UA.
func (u *UA) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-u.stopped:
	}
}
