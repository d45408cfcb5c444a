package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxQueued bounds what a connection may owe a peer that does not read, in bytes.
	maxQueued = 1 << 20
)

var errSlowReader = errors.New("peer does not read")

// tcpConn is one connection. One goroutine reads it; another lives only while
// there is something to write.
type tcpConn struct {
	u             *UA
	local, remote netip.AddrPort
	accepted      bool
	since         time.Time
	spoke         atomic.Bool  // a whole message has come
	uses          atomic.Int32 // calls that live on it
	unanswered    atomic.Int32 // requests that came on it and have no final answer

	lastWorker *worker       // of the reader: who got the last message
	lastDone   chan struct{} // and whether it is handled

	mu      sync.Mutex
	c       net.Conn // nil until connected
	out     []outgoing
	queued  int
	writing bool
	closed  bool

	halfClosed bool // the peer sends nothing more: good for answers only
}

type outgoing struct {
	b      []byte
	failed func(error)
}

// isClosed tells whether requests of ours need another connection.
func (c *tcpConn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed || c.halfClosed
}

// owes tells whether a request is not answered yet, or its answer not written.
// Only for the reader.
func (c *tcpConn) owes() bool {
	if c.lastDone != nil {
		select {
		case <-c.lastDone:
		default:
			return true
		}
	}
	unanswered := c.unanswered.Load() > 0
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && (c.writing || unanswered)
}

// write queues a message. It never blocks; a peer that lets maxQueued bytes pile
// up loses the connection.
func (c *tcpConn) write(b []byte, failed func(error)) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	if c.queued+len(b) > maxQueued {
		c.mu.Unlock()
		c.shut(errSlowReader)
		return errSlowReader
	}
	c.out = append(c.out, outgoing{b, failed})
	c.queued += len(b)
	start := !c.writing
	c.writing = true
	c.mu.Unlock()
	if start {
		c.u.wg.Go(c.drain)
	}
	return nil
}

// drain writes until nothing is left.
func (c *tcpConn) drain() {
	for {
		c.mu.Lock()
		if c.closed || len(c.out) == 0 {
			c.writing = false
			c.mu.Unlock()
			return
		}
		batch, conn := c.out, c.c
		c.out, c.queued = nil, 0
		c.mu.Unlock()
		buffers := make(net.Buffers, len(batch))
		for i, o := range batch {
			buffers[i] = o.b
		}
		_ = conn.SetWriteDeadline(time.Now().Add(c.u.o.HeaderTimeout))
		if _, err := buffers.WriteTo(conn); err != nil {
			c.shut(err)
			fail(batch, err)
			return
		}
	}
}

func fail(batch []outgoing, err error) {
	for _, o := range batch {
		if o.failed != nil {
			o.failed(err)
		}
	}
}

// shut closes the connection and fails what was never written.
func (c *tcpConn) shut(err error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	left, conn := c.out, c.c
	c.out, c.queued = nil, 0
	c.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
	c.u.tcp.remove(c)
	if len(left) > 0 { // not here: whoever writes may hold the lock that failed wants
		c.u.wg.Go(func() { fail(left, err) })
	}
}

// connect opens a connection of ours, then writes what waits and reads.
func (c *tcpConn) connect() {
	d := net.Dialer{Timeout: min(8*c.u.o.T1, 5*time.Second)}
	if from := c.local.Addr(); from.IsValid() && !from.IsUnspecified() {
		d.LocalAddr = &net.TCPAddr{IP: from.AsSlice(), Zone: from.Zone()}
	}
	conn, err := d.DialContext(c.u.ctx, "tcp", c.remote.String())
	if err != nil {
		c.shut(fmt.Errorf("connect to tcp %s: %w", c.remote, err))
		return
	}
	c.mu.Lock()
	closed := c.closed
	c.c = conn
	c.mu.Unlock()
	if closed {
		_ = conn.Close()
		return
	}
	c.u.wg.Go(c.read)
	c.drain()
}
