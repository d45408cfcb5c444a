package sip

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// Sizes of the buffer of a connection, in bytes: little until the peer has sent a
// whole message, so that half-sent ones cost little.
const (
	firstRead = 512
	nextRead  = 4096
)

// read cuts the stream into messages until the peer or a time limit ends it.
func (c *tcpConn) read() {
	f := flow{conn: c, local: addrPort(c.c.LocalAddr()), remote: c.remote}
	var fr framer
	buf := make([]byte, firstRead)
	began := time.Now() // when the message that fr holds began
	for {
		_ = c.c.SetReadDeadline(c.deadline(&fr, began))
		n, err := c.c.Read(buf)
		if n > 0 {
			fresh := len(fr.buf) == fr.used
			fr.add(buf[:n])
			whole, lost := c.take(&fr, f)
			if lost != nil {
				c.giveUp(&fr, f, lost)
				return
			}
			if whole || fresh {
				began = time.Now()
			}
			if whole && len(buf) == firstRead {
				buf = make([]byte, nextRead)
			}
		}
		if err != nil && !c.stays(&fr, err) {
			c.leave(&fr, f, err)
			return
		}
	}
}

// take hands over all whole messages and answers keep-alives. It tells whether
// there was at least one message.
func (c *tcpConn) take(fr *framer, f flow) (whole bool, err error) {
	for {
		if n := fr.pings(); n > 0 {
			_ = c.write(bytes.Repeat([]byte("\r\n"), n), nil)
		}
		b, err := fr.next()
		if err != nil || b == nil {
			return whole, err
		}
		whole = true
		c.spoke.Store(true)
		c.u.receive(b, f)
	}
}

// enqueue hands a message to its worker. The messages of one connection are
// handled in their order, also when they are of different Call-IDs.
func (c *tcpConn) enqueue(w *worker, e event) {
	if c.lastDone != nil && c.lastWorker != w {
		select {
		case <-c.lastDone:
		case <-c.u.stopped:
			return
		}
	}
	e.done = make(chan struct{})
	c.lastWorker, c.lastDone = w, e.done
	select {
	case w.queue <- e:
	case <-c.u.stopped:
	}
}

// deadline is for the rest of a message that has begun, or for the next one. What
// could be a whole header but for its empty line gets only a moment.
func (c *tcpConn) deadline(fr *framer, began time.Time) time.Time {
	if len(fr.buf) > fr.used || c.accepted && !c.spoke.Load() {
		at := began.Add(c.u.o.HeaderTimeout - c.lingering())
		if soon := time.Now().Add(c.lingering()); soon.Before(at) && fr.unended() {
			return soon
		}
		return at
	}
	return time.Now().Add(c.u.o.IdleTimeout)
}

// stays tells whether a time-out leaves the connection open: it does while calls
// use it and no message is half sent.
func (c *tcpConn) stays(fr *framer, err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && len(fr.buf) == fr.used && c.uses.Load() > 0
}

// lingering is how long a connection that is given up stays open for answers.
func (c *tcpConn) lingering() time.Duration { return c.u.o.HeaderTimeout / 10 }

// leave ends a connection that is at its end. Half a message that ran out of time,
// or that is all there will be, is answered when it says enough for that.
func (c *tcpConn) leave(fr *framer, f flow, err error) {
	if (errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF)) && len(fr.buf) > fr.used {
		c.giveUp(fr, f, Refuse(400, "Message incomplete"))
		return
	}
	if errors.Is(err, io.EOF) {
		c.finish(time.Now().Add(c.lingering()))
	}
	c.shut(err)
}

// finish lets a peer that has closed its half have the answers to what it asked
// before. Nothing else goes over the connection any more.
func (c *tcpConn) finish(until time.Time) {
	c.mu.Lock()
	c.halfClosed = true
	c.mu.Unlock()
	for c.owes() && time.Now().Before(until) {
		c.u.pause(time.Millisecond)
	}
}

// giveUp refuses what can never be framed. Requests before it still get their
// answers: the connection stays open for them for a moment, and what comes in is
// thrown away.
func (c *tcpConn) giveUp(fr *framer, f flow, err error) {
	fr.release()
	c.u.count.malformed.Add(1)
	var no *Refusal
	if errors.As(err, &no) {
		c.u.refuseText(string(fr.buf[:min(len(fr.buf), maxMessage)]), f, no)
	}
	fr.buf = nil
	until := time.Now().Add(c.lingering())
	_ = c.c.SetReadDeadline(until)
	junk := make([]byte, firstRead)
	for time.Now().Before(until) {
		if _, err := c.c.Read(junk); err != nil {
			break
		}
	}
	c.finish(until) // when the peer has closed its half
	if t, ok := c.c.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
	c.shut(err)
}
