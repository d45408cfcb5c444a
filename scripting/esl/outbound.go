package esl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"rms/call"
)

// firstCommand is how long an application may take to say connect.
const firstCommand = 25 * time.Second

// Outbound hands a call to an application: it is what call.Options.Socket wants.
func (s *Server) Outbound(ctx context.Context, sock call.Socket) (resume bool, err error) {
	nc, err := dialAny(ctx, &sock)
	if err != nil {
		return false, err
	}
	s.start()
	c := newConn(s, nc)
	c.outbound, c.async, c.full, c.authed = true, sock.Async, sock.Full, true
	if err := s.enter(c); err != nil {
		_ = nc.Close()
		return false, err
	}
	s.outbound.Add(1)
	return c.application(sock.CallID), nil
}

// dialAny tries the places in turn.
func dialAny(ctx context.Context, sock *call.Socket) (net.Conn, error) {
	var failed error
	for _, place := range sock.Places {
		nc, err := sock.Dial(ctx, "tcp", place)
		if err == nil {
			return nc, nil
		}
		failed = errors.Join(failed, fmt.Errorf("connect to %s: %w", place, err))
	}
	return nil, failed
}

// application serves the application that has a call, and tells whether the script goes
// on.
func (c *conn) application(id string) (resume bool) {
	b := c.server.bus
	p := c.server.performer(id)
	e := &execution{app: "socket", data: c.remote, id: newUUID()}
	b.mu.Lock()
	c.control(id)
	b.place(c)
	gone := b.channels[id] != nil && b.channels[id].hung
	b.mu.Unlock()
	if gone || !p.begin(e) {
		c.out.close()
		c.close()
		return false
	}
	_ = c.net.SetReadDeadline(time.Now().Add(firstCommand)) // on a connection that just came about
	c.read()
	b.unpark(id)
	p.end(e, "", true)
	c.close()
	return c.resume
}

// connected is what follows the first connect of an application.
func (c *conn) connected() {
	if !c.outbound {
		return
	}
	_ = c.net.SetReadDeadline(time.Time{}) // it is known now
	if c.async {
		c.server.bus.park(c.controls())
	}
}

// unpark tells that a call waits no longer.
func (b *bus) unpark(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ch := b.channels[id]; ch != nil && ch.parked && !ch.hung {
		ch.parked = false
		b.emitLocked(occasion{name: nameUnpark, call: id, where: "park"}, nil)
	}
}
